//! Samples by their labels, so that the page can show those of one plugin or thread.

use std::collections::HashMap;

use pprof::protos::Profile;

use super::{
    stacks::{Labels, Stacks},
    values::Values,
};

/// Stands for the labels of sets that are not told apart.
const OTHERS: Labels<'static> = Labels {
    plugin: "(others)",
    component: "(others)",
    thread: "(others)",
};

/// The sets of labels in a profile.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    /// Heaviest first.
    pub(super) listed: Vec<Labels<'a>>,
    numbers: HashMap<Labels<'a>, usize>,
}

impl<'a> Groups<'a> {
    /// The heaviest sets of labels, `most` of them; the rest is one more.
    pub(super) fn of(
        profile: &'a Profile,
        stacks: &Stacks<'a>,
        values: &Values<'_>,
        most: usize,
    ) -> Self {
        let mut weights: HashMap<Labels<'a>, u64> = HashMap::new();
        for sample in &profile.sample {
            let (amount, _) = values.amount(sample);
            let weight = weights.entry(stacks.labels(sample)).or_default();
            *weight = weight.saturating_add(amount.weight);
        }
        let mut sets: Vec<_> = weights
            .into_iter()
            .filter(|(_, weight)| *weight > 0)
            .collect();
        sets.sort_unstable_by(|(left, light), (right, heavy)| {
            heavy.cmp(light).then_with(|| left.cmp(right))
        });
        let more = sets.len() > most;
        sets.truncate(most);
        let mut listed: Vec<_> = sets.into_iter().map(|(labels, _)| labels).collect();
        let numbers = listed
            .iter()
            .enumerate()
            .map(|(number, labels)| (*labels, number))
            .collect();
        if more {
            listed.push(OTHERS);
        }
        Self { listed, numbers }
    }

    /// The number of a set in [`Groups::listed`].
    pub(super) fn number(&self, labels: Labels<'_>) -> usize {
        let last = self.listed.len().saturating_sub(1);
        self.numbers.get(&labels).copied().unwrap_or(last)
    }
}
