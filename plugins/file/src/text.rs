//! All series in Prometheus' text format, version 0.0.4, without timestamps.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use gaxx_sdk::{Batch, exposition};

/// The families that have a sample, each with its HELP and TYPE once.
pub(crate) fn encode(batch: &Batch<'_>) -> String {
    let mut out = String::new();
    let mut labels = String::new();
    for family in batch.families() {
        let mut series = family.series().peekable();
        if series.peek().is_none() {
            continue;
        }
        let name = family.name();
        out.push_str("# HELP ");
        out.push_str(name);
        out.push(' ');
        escape(family.help(), &['\\', '\n'], &mut out);
        out.push_str("\n# TYPE ");
        out.push_str(name);
        out.push(' ');
        out.push_str(family.kind());
        out.push('\n');
        for series in series {
            labels.clear();
            for (name, value) in series.labels() {
                label(name, &mut labels);
                escape(value, &['\\', '\n', '"'], &mut labels);
                labels.push('"');
            }
            for sample in exposition::samples(series.value) {
                let own = labels.len();
                if let Some(bound) = sample.bound {
                    label("le", &mut labels);
                    exposition::write_number(bound, &mut labels);
                    labels.push('"');
                }
                out.push_str(name);
                out.push_str(sample.suffix);
                if !labels.is_empty() {
                    out.push('{');
                    out.push_str(&labels);
                    out.push('}');
                }
                labels.truncate(own);
                out.push(' ');
                exposition::write_number(sample.value, &mut out);
                out.push('\n');
            }
        }
    }
    out
}

/// Appends the name of a label and all up to its value.
fn label(name: &str, labels: &mut String) {
    if !labels.is_empty() {
        labels.push(',');
    }
    labels.push_str(name);
    labels.push_str("=\"");
}

fn escape(text: &str, special: &[char], out: &mut String) {
    for letter in text.chars() {
        if special.contains(&letter) {
            out.push('\\');
        }
        out.push(match letter {
            '\n' => 'n',
            letter => letter,
        });
    }
}
