//! Escapes of the text format, version 0.0.4.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>

/// Appends the value of a label: `\`, `"` and line feed are escaped.
pub(super) fn label_value(value: &str, out: &mut String) {
    escape(value, &['\\', '\n', '"'], out);
}

/// Appends a help text: `\` and line feed are escaped.
pub(super) fn help(text: &str, out: &mut String) {
    escape(text, &['\\', '\n'], out);
}

fn escape(text: &str, special: &[char], out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(special) {
        out.push_str(&rest[..at]);
        let (found, after) = rest[at..].split_at(1);
        out.push('\\');
        out.push_str(if found == "\n" { "n" } else { found });
        rest = after;
    }
    out.push_str(rest);
}
