//! Profiles as lines for people, in the form that Go gives them with `debug=1`.

use std::fmt::Write;

use crate::profile::{Profile, Sample};

/// The longest text, in bytes: what is more is left out, and the last line says so.
const LONGEST: usize = 16 << 20;

/// A heap profile: first the sums, then each stack with what it holds and, in brackets, what it has
/// allocated; the largest first. Go's tools take it for sums that need no scaling (`heapprofile`).
pub(crate) fn heap(profile: &Profile) -> String {
    let place = |name| profile.type_named(name);
    let columns = [
        "inuse_objects",
        "inuse_space",
        "alloc_objects",
        "alloc_space",
    ]
    .map(place);
    // Without accumulation there is nothing but what is in use.
    let columns = match columns {
        [objects, space, None, _] | [objects, space, _, None] => [objects, space, objects, space],
        all => all,
    };
    let value = |sample: &Sample, column: Option<usize>| {
        column
            .and_then(|at| sample.values.get(at).copied())
            .unwrap_or(0)
    };
    let [objects, bytes, all_objects, all_bytes] =
        columns.map(|column| column.map_or(0, |at| profile.total(at)));
    let mut text =
        format!("heap profile: {objects}: {bytes} [{all_objects}: {all_bytes}] @ heapprofile\n");
    let looked_at = |sample: &&Sample| value(sample, Some(profile.default_type));
    let mut samples: Vec<&Sample> = profile.samples.iter().collect();
    samples.sort_by_key(|sample| std::cmp::Reverse(looked_at(sample)));
    for (shown, sample) in samples.iter().enumerate() {
        if text.len() > LONGEST {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(
                text,
                "# {} smaller stacks are left out",
                samples.len() - shown
            );
            break;
        }
        let [objects, bytes, all_objects, all_bytes] = columns.map(|at| value(sample, at));
        let _ = write!(text, "{objects}: {bytes} [{all_objects}: {all_bytes}] @");
        stack(&mut text, profile, sample);
    }
    text
}

/// Groups of the same stack, each with a count, as Go shows goroutines and threads.
pub(crate) fn counts(title: &str, remarks: &[&str], profile: &Profile) -> String {
    let count = |sample: &&Sample| sample.values.first().copied().unwrap_or(0);
    let mut text = format!("{title}: total {}\n", profile.total(0));
    for remark in remarks {
        let _ = writeln!(text, "# {remark}");
    }
    let mut samples: Vec<&Sample> = profile.samples.iter().collect();
    samples.sort_by_key(|sample| std::cmp::Reverse(count(sample)));
    for sample in samples {
        let _ = write!(text, "{} @", count(&sample));
        stack(&mut text, profile, sample);
    }
    text
}

/// The rest of a line with the addresses of a stack, and a line for each of its frames.
fn stack(text: &mut String, profile: &Profile, sample: &Sample) {
    let known = sample
        .locations
        .iter()
        .filter_map(|at| profile.locations.get(*at));
    for location in known.clone() {
        let _ = write!(text, " {:#x}", location.address);
    }
    text.push('\n');
    for (label, value) in &sample.labels {
        let _ = writeln!(text, "#\t{label}: {value}");
    }
    for location in known {
        for line in &location.lines {
            if let Some(function) = profile.functions.get(line.function) {
                let (address, name, file) = (location.address, &function.name, &function.file);
                let _ = write!(text, "#\t{address:#x}\t{name}");
                let _ = match &**file {
                    "" => writeln!(text),
                    file => writeln!(text, "\t{file}:{}", line.line),
                };
            }
        }
    }
    text.push('\n');
}

/// Names of addresses, as Go's `/debug/pprof/symbol` gives them: one a line, the innermost function
/// where several are inlined.
pub(crate) fn symbols(profile: &Profile) -> String {
    let mut text = "num_symbols: 1\n".to_owned();
    for location in &profile.locations {
        let function = location
            .lines
            .first()
            .and_then(|line| profile.functions.get(line.function));
        if let Some(function) = function {
            let _ = writeln!(text, "{:#x} {}", location.address, function.name);
        }
    }
    text
}
