//! What a component measured, with names.

use std::fmt;

use gaxx_abi::FamilySpec;

use super::naming;

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

    /// What is wrong with names, units and help texts: nothing, if all is well. Each finding begins
    /// with the metric's name and a colon.
    ///
    /// See <https://prometheus.io/docs/practices/naming/>.
    pub fn findings(&self) -> Vec<String> {
        self.families.iter().flat_map(naming::findings).collect()
    }
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
