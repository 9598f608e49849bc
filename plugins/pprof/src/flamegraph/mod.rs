//! The flame graph: a page for the browser, and the tree of stacks that it draws.
//!
//! The page comes at once; its script then asks for the tree, shows how long that takes, and draws it.

mod functions;
mod graph;
mod groups;
mod lines;
mod parts;
mod stacks;
#[cfg(test)]
mod tests;
mod tree;
mod values;

pub(crate) use graph::data;
pub(crate) use parts::{FOLDER, PAGE, POLICY, Part, part};

/// What a flame graph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Time on a processor.
    Cpu,
    /// What is allocated now.
    Heap,
    /// What has been allocated since the start.
    Allocs,
}

impl Kind {
    /// The kind by its name in the parameter `type`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "cpu" => Some(Self::Cpu),
            "heap" => Some(Self::Heap),
            "allocs" => Some(Self::Allocs),
            _ => None,
        }
    }

    /// Its name in the parameter `type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Heap => "heap",
            Self::Allocs => "allocs",
        }
    }

    /// The type of the values that boxes are as wide as.
    fn values(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Heap => "inuse_space",
            Self::Allocs => "alloc_space",
        }
    }
}
