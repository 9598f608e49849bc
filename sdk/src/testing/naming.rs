//! How metrics are named: the rules of
//! <https://prometheus.io/docs/practices/naming/>, and what a help text is.

use gaxx_abi::{FamilySpec, metric::kind};

/// Endings that are not of base units, and what stands in their place.
const UNITS: [(&str, &str); 19] = [
    ("_milliseconds", "_seconds"),
    ("_microseconds", "_seconds"),
    ("_nanoseconds", "_seconds"),
    ("_ms", "_seconds"),
    ("_us", "_seconds"),
    ("_ns", "_seconds"),
    ("_minutes", "_seconds"),
    ("_hours", "_seconds"),
    ("_days", "_seconds"),
    ("_kilobytes", "_bytes"),
    ("_megabytes", "_bytes"),
    ("_gigabytes", "_bytes"),
    ("_kb", "_bytes"),
    ("_mb", "_bytes"),
    ("_gb", "_bytes"),
    ("_bits", "_bytes"),
    ("_percent", "_ratio"),
    ("_fahrenheit", "_celsius"),
    ("_kilometers", "_meters"),
];

/// What is wrong with the name, the unit, the labels or the help text of a metric.
pub(super) fn findings(family: &FamilySpec) -> Vec<String> {
    let name = family.name.as_str();
    let mut found = Vec::new();
    let mut find = |text: &str| found.push(format!("{name}: {text}"));
    if !is_name(name) {
        find("a name is made of lower-case words joined by underscores");
    }
    if !is_sentence(&family.help) {
        find("the help text is no sentence: a capital or a digit first, a full stop last");
    }
    match (family.kind, name.ends_with("_total")) {
        (kind::COUNTER, false) => find("a counter's name should end in _total"),
        (kind::GAUGE | kind::HISTOGRAM, true) => find("only a counter's name may end in _total"),
        _ => {}
    }
    for reserved in ["_count", "_sum", "_bucket"] {
        if name.ends_with(reserved) {
            find(&format!("{reserved} is for the parts of a histogram"));
        }
    }
    let measured = name.strip_suffix("_total").unwrap_or(name);
    for (wrong, right) in UNITS {
        if measured.ends_with(wrong) {
            find(&format!("use the base unit: {right}"));
        }
    }
    for label in &family.labels {
        if !is_name(label) {
            find(&format!("label {label} is not made of lower-case words"));
        }
    }
    found
}

/// Lower-case words and digits, joined by single underscores, a letter first.
fn is_name(name: &str) -> bool {
    let word = |word: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        !word.is_empty() && word.bytes().all(plain)
    };
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('_').all(word)
}

/// Whether a text reads as a sentence: one line, a capital or a digit first, a full stop last.
pub(super) fn is_sentence(text: &str) -> bool {
    text.starts_with(|c: char| c.is_uppercase() || c.is_numeric())
        && text.ends_with('.')
        && !text.contains(char::is_control)
}
