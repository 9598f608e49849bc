//! What an exporter sends of what is measured, and under which names.
//!
//! Rules work on descriptions, which change seldom. What they make of them is kept, so that a batch
//! is a matter of numbers.

mod rewrite;
mod rule;

use std::{collections::BTreeMap, sync::Arc};

pub use rule::{Action, Rule, RuleError, is_label};

use self::{rewrite::Rewritten, rule::Compiled};
use crate::registry::Exported;

/// What an exporter sends of what is measured, and under which names.
#[derive(Debug, Default)]
pub struct Relabel {
    rules: Vec<Compiled>,
    /// Labels of every series that has none of this name.
    labels: BTreeMap<String, String>,
    kept: Option<(u64, Rewritten)>,
}

/// How many series are not sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// That the rules drop.
    pub dropped: u64,
    /// That bear the name of another series, or of a family that is something else.
    pub clashing: u64,
}

impl Relabel {
    /// These rules, in their order, and then these labels.
    ///
    /// # Errors
    ///
    /// Where a rule cannot be used: which one, counted from 0, and why.
    pub fn new(
        rules: &[Rule],
        labels: BTreeMap<String, String>,
    ) -> Result<Self, (usize, RuleError)> {
        let compiled = rules.iter().enumerate();
        let compiled = compiled.map(|(at, rule)| rule.compile().map_err(|error| (at, error)));
        Ok(Self {
            rules: compiled.collect::<Result<_, _>>()?,
            labels: labels
                .into_iter()
                .filter(|(name, _)| is_label(name))
                .collect(),
            kept: None,
        })
    }

    /// What is sent of a batch.
    pub fn apply(&mut self, batch: Arc<Exported>) -> (Arc<Exported>, LeftOut) {
        if self.rules.is_empty() && self.labels.is_empty() {
            return (batch, LeftOut::default());
        }
        let generation = batch.descriptors.generation;
        if self
            .kept
            .as_ref()
            .is_none_or(|(kept, _)| *kept != generation)
        {
            self.kept = None;
        }
        let (_, rewritten) = self.kept.get_or_insert_with(|| {
            (
                generation,
                Rewritten::new(&batch.descriptors, &self.rules, &self.labels),
            )
        });
        let exported = Exported {
            time: batch.time,
            descriptors: Arc::clone(&rewritten.descriptors),
            points: rewritten.points(&batch.points),
        };
        (Arc::new(exported), rewritten.left_out)
    }
}
