//! The tree of all stacks, and what of it is drawn.

use std::{collections::HashMap, ops::AddAssign};

use super::{lines::Lines, stacks::Place};

/// What a sample counts: in the profile's unit (nanoseconds, bytes), and in number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amount {
    pub(super) weight: u64,
    pub(super) count: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.weight = self.weight.saturating_add(other.weight);
        self.count = self.count.saturating_add(other.count);
    }
}

/// The number of the node from which all stacks begin.
pub(super) const ROOT: usize = 0;

/// A function as called by those above it.
#[derive(Debug)]
pub(super) struct Node {
    /// The number of the caller's node, smaller than its own; the root's is itself.
    pub(super) parent: usize,
    /// The number of its frame; `None` for the root, and for what was too small to be drawn.
    pub(super) frame: Option<usize>,
    /// The weight of its samples and of all below it.
    total: u64,
    lines: Lines,
}

/// All stacks, equal beginnings shared.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    children: HashMap<(usize, usize), usize>,
    /// The samples that ended at a node, by node and group.
    own: HashMap<(usize, usize), Amount>,
}

/// What was left out of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pruned {
    /// Nodes that weigh less than this were; 0 if none was.
    pub(super) below: u64,
    /// How many they were.
    pub(super) nodes: usize,
}

impl Tree {
    pub(super) fn new() -> Self {
        let root = Node {
            parent: ROOT,
            frame: None,
            total: 0,
            lines: Lines::default(),
        };
        Self {
            nodes: vec![root],
            children: HashMap::new(),
            own: HashMap::new(),
        }
    }

    /// Adds samples of one stack, outermost place first, in a group of samples.
    pub(super) fn add(&mut self, stack: &[Place], group: usize, amount: Amount) {
        let mut node = ROOT;
        self.weigh(node, 0, amount.weight);
        for &Place { frame, line } in stack {
            let next = self.nodes.len();
            let found = *self.children.entry((node, frame)).or_insert(next);
            if found == next {
                self.nodes.push(Node {
                    parent: node,
                    frame: Some(frame),
                    total: 0,
                    lines: Lines::default(),
                });
            }
            node = found;
            self.weigh(node, line, amount.weight);
        }
        *self.own.entry((node, group)).or_default() += amount;
    }

    /// The weight of all samples.
    pub(super) fn total(&self) -> u64 {
        self.nodes.first().map_or(0, |root| root.total)
    }

    /// The samples that ended at a node: node, group and how much, in the order of the nodes.
    pub(super) fn own(&self) -> Vec<(usize, usize, Amount)> {
        let mut own: Vec<_> = self
            .own
            .iter()
            .map(|(&(node, group), &amount)| (node, group, amount))
            .collect();
        own.sort_unstable_by_key(|&(node, group, _)| (node, group));
        own
    }

    /// Keeps the heaviest nodes, `most` of them or fewer. What a node loses comes together in one
    /// node below it that has no frame, so that all sums stay.
    pub(super) fn prune(self, most: usize) -> (Self, Pruned) {
        let mut totals: Vec<u64> = self.nodes.iter().map(|node| node.total).collect();
        totals.sort_unstable_by(|left, right| right.cmp(left));
        let Some(first_out) = totals.get(most.max(1)) else {
            return (self, Pruned::default());
        };
        let below = first_out.saturating_add(1);
        let mut kept = Self::new();
        kept.nodes.clear();
        let mut nodes = 0;
        // Where each node has gone. A parent comes before its children, and weighs no less.
        let mut places: Vec<usize> = Vec::with_capacity(self.nodes.len());
        let mut rests: HashMap<usize, usize> = HashMap::new();
        for (number, node) in self.nodes.into_iter().enumerate() {
            let parent = places.get(node.parent).copied().unwrap_or(ROOT);
            let next = kept.nodes.len();
            let place = if number == ROOT || node.total >= below {
                kept.nodes.push(Node { parent, ..node });
                next
            } else {
                nodes += 1;
                let inside = parent != ROOT && kept.nodes.get(parent).is_some_and(Node::is_rest);
                let rest = if inside {
                    parent
                } else {
                    *rests.entry(parent).or_insert(next)
                };
                if rest == next {
                    kept.nodes.push(Node {
                        parent,
                        frame: None,
                        total: 0,
                        lines: Lines::default(),
                    });
                }
                rest
            };
            places.push(place);
        }
        for ((node, group), amount) in self.own {
            let place = places.get(node).copied().unwrap_or(ROOT);
            *kept.own.entry((place, group)).or_default() += amount;
        }
        (kept, Pruned { below, nodes })
    }

    fn weigh(&mut self, node: usize, line: i64, weight: u64) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.total = node.total.saturating_add(weight);
            node.lines.add(line, weight);
        }
    }
}

impl Node {
    /// The line where most of it was; 0 where none is known.
    pub(super) fn line(&self) -> i64 {
        self.lines.heaviest()
    }

    fn is_rest(&self) -> bool {
        self.frame.is_none()
    }
}
