//! What stands out, by label: which plugin costs what, or how many tasks are in which state.

use std::collections::HashMap;

use pprof::protos::Sample;

use super::decode::Profile;

/// What samples are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// The label of this name.
    Label(&'static str),
    /// The innermost function, which is called so.
    Leaf(&'static str),
}

/// What the samples that are alike in all columns come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// A text for each column; empty where the samples have none.
    pub(super) cells: Vec<String>,
    pub(super) value: i64,
}

impl Column {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Label(title) | Self::Leaf(title) => title,
        }
    }

    fn cell(self, profile: &Profile, sample: &Sample) -> String {
        match self {
            Self::Label(key) => profile.label(sample, key),
            Self::Leaf(_) => {
                let leaf = profile.frames(sample).next();
                leaf.and_then(|leaf| leaf.function)
                    .unwrap_or_default()
                    .to_owned()
            }
        }
    }
}

/// The samples put together by columns, those with the most first. Nothing where all of them are empty.
pub(super) fn costs(profile: &Profile, value: usize, columns: &[Column]) -> Vec<Cost> {
    let mut sums: HashMap<Vec<String>, i64> = HashMap::new();
    for sample in profile.samples() {
        let cells = columns.iter().map(|column| column.cell(profile, sample));
        let value = sample.value.get(value).copied().unwrap_or(0);
        let sum = sums.entry(cells.collect()).or_default();
        *sum = sum.saturating_add(value);
    }
    if sums.keys().flatten().all(String::is_empty) {
        return Vec::new();
    }
    let costs = sums.into_iter().map(|(cells, value)| Cost { cells, value });
    let mut costs: Vec<Cost> = costs.collect();
    costs.sort_by(|a, b| {
        let by_value = b.value.saturating_abs().cmp(&a.value.saturating_abs());
        by_value.then_with(|| a.cells.cmp(&b.cells))
    });
    costs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::cli::client::profile::{decode::decode, testing::Made};

    const PLUGIN: Column = Column::Label("plugin");

    fn profile(samples: &[(&str, i64)]) -> Profile {
        let mut made = Made::new(&[("cpu", "nanoseconds")], "cpu");
        for (plugin, value) in samples {
            let labels: &[_] = if plugin.is_empty() {
                &[]
            } else {
                &[("plugin", *plugin)]
            };
            made.add(&["f"], &[*value], labels);
        }
        decode(&made.finish()).unwrap()
    }

    #[test]
    fn samples_without_the_label_are_of_nobody() {
        let profile = profile(&[("b", 1), ("", 5), ("a", 1), ("b", 3)]);
        let costs = costs(&profile, 0, &[PLUGIN]);
        let seen: Vec<_> = costs
            .iter()
            .map(|it| (it.cells[0].as_str(), it.value))
            .collect();
        assert_eq!(seen, [("", 5), ("b", 4), ("a", 1)]);
    }

    #[test]
    fn a_column_may_be_the_innermost_function() {
        let profile = profile(&[("a", 1), ("", 5)]);
        let costs = costs(&profile, 0, &[Column::Leaf("name")]);
        assert_eq!((costs.len(), costs[0].value), (1, 6));
        assert_eq!(costs[0].cells, ["f"]);
    }

    #[test]
    fn without_labels_there_is_nothing_to_tell() {
        let profile = profile(&[("", 5), ("a", 1)]);
        assert!(costs(&profile, 0, &[Column::Label("state")]).is_empty());
        assert!(costs(&profile, 0, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn costs_come_to_the_whole(samples in prop::collection::vec(("[ab]?", 0..1_i64 << 40), 1..30)) {
            let samples: Vec<_> = samples.iter().map(|(plugin, value)| (plugin.as_str(), *value)).collect();
            let costs = costs(&profile(&samples), 0, &[PLUGIN]);
            if samples.iter().any(|(plugin, _)| !plugin.is_empty()) {
                let all: i64 = samples.iter().map(|(_, value)| value).sum();
                prop_assert_eq!(costs.iter().map(|it| it.value).sum::<i64>(), all);
            }
        }
    }
}
