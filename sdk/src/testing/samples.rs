//! What a component measured, with names.

use std::fmt;

use gaxx_abi::{FamilySpec, metric::kind};

/// One number with its name and labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its name; for a histogram with `_bucket`, `_count` or `_sum`.
    pub name: String,
    /// Its labels, in the order of their registration.
    pub labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
}

/// What a component measured.
#[derive(Debug, Clone)]
pub struct Samples {
    families: Vec<FamilySpec>,
    samples: Vec<Sample>,
}

impl Samples {
    pub(super) fn new(families: Vec<FamilySpec>) -> Self {
        Self {
            families,
            samples: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// The value of the sample with this name that has at least these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &Sample, label: &(&str, &str)| {
            sample
                .labels
                .iter()
                .any(|(name, value)| (name.as_str(), value.as_str()) == *label)
        };
        self.iter()
            .find(|sample| sample.name == name && labels.iter().all(|label| has(sample, label)))
            .map(|sample| sample.value)
    }

    /// All samples, in the order of their registration.
    pub fn iter(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter()
    }

    /// The names of all samples, sorted, each once.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.iter().map(|sample| sample.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What breaks the Prometheus naming rules: nothing, if all is well.
    ///
    /// See <https://prometheus.io/docs/practices/naming/>.
    pub fn findings(&self) -> Vec<String> {
        self.families.iter().flat_map(findings).collect()
    }
}

fn findings(family: &FamilySpec) -> Vec<String> {
    let name = family.name.as_str();
    let mut found = Vec::new();
    let mut find = |text: &str| found.push(format!("{name}: {text}"));
    if family.help.trim().is_empty() {
        find("has no help text");
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
    for (wrong, right) in [
        ("_milliseconds", "_seconds"),
        ("_ms", "_seconds"),
        ("_kilobytes", "_bytes"),
        ("_percent", "_ratio"),
    ] {
        if name.trim_end_matches("_total").ends_with(wrong) {
            find(&format!("use the base unit: {right}"));
        }
    }
    found
}

impl fmt::Display for Samples {
    /// One sample a line, as in the Prometheus text format, sorted: for comparing with a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.iter().map(line).collect();
        lines.sort();
        lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn line(sample: &Sample) -> String {
    let labels: Vec<String> = sample
        .labels
        .iter()
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    if labels.is_empty() {
        format!("{} {}", sample.name, sample.value)
    } else {
        format!("{}{{{}}} {}", sample.name, labels.join(","), sample.value)
    }
}
