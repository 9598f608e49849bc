//! What each function has in all stacks together: the table below the graph.

use std::collections::{BTreeSet, HashMap};

use super::{lines::Lines, stacks::Place, tree::Amount};

/// Functions by number of their frame. Nothing is left out of these sums, whatever the tree loses.
#[derive(Debug, Default)]
pub(super) struct Functions {
    all: HashMap<usize, Function>,
}

/// A function in all stacks.
#[derive(Debug, Default)]
pub(super) struct Function {
    pub(super) lines: Lines,
    /// By group of samples.
    pub(super) sums: HashMap<usize, Sums>,
}

/// What a function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    /// In the function itself.
    pub(super) own: Amount,
    /// With all that it calls; a sample counts once, however often the function is in its stack.
    pub(super) total: Amount,
}

impl Functions {
    /// Adds samples of one stack, outermost place first.
    pub(super) fn add(&mut self, stack: &[Place], group: usize, amount: Amount) {
        let mut met = BTreeSet::new();
        // From the inside, so that of a function that calls itself the innermost line counts.
        for (depth, Place { frame, line }) in stack.iter().rev().enumerate() {
            if !met.insert(*frame) {
                continue;
            }
            let function = self.all.entry(*frame).or_default();
            function.lines.add(*line, amount.weight);
            let sums = function.sums.entry(group).or_default();
            sums.total += amount;
            if depth == 0 {
                sums.own += amount;
            }
        }
    }

    /// Those with the most of their own, and those with the most in total, `most` of each.
    pub(super) fn heaviest(&self, most: usize) -> Vec<(usize, &Function)> {
        let mut chosen = BTreeSet::new();
        for weight in [Function::own as fn(&Function) -> u64, Function::total] {
            let mut sorted: Vec<_> = self
                .all
                .iter()
                .map(|(frame, function)| (weight(function), *frame))
                .collect();
            sorted.sort_unstable_by(|left, right| right.cmp(left));
            chosen.extend(sorted.into_iter().take(most).map(|(_, frame)| frame));
        }
        let found = |frame| Some((frame, self.all.get(&frame)?));
        chosen.into_iter().filter_map(found).collect()
    }
}

impl Function {
    fn own(&self) -> u64 {
        self.sums
            .values()
            .fold(0, |sum, sums| sum.saturating_add(sums.own.weight))
    }

    fn total(&self) -> u64 {
        self.sums
            .values()
            .fold(0, |sum, sums| sum.saturating_add(sums.total.weight))
    }
}
