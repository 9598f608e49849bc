//! A profile, of whatever: stacks, and values for each.
//!
//! It is what pprof's format holds (`profile.proto` of github.com/google/pprof), with places in
//! lists instead of numbers, so that nothing in it can point to nowhere.

mod build;
mod decode;
mod difference;
mod encode;
mod error;
mod prune;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

pub(crate) use build::{Builder, Place};
pub(crate) use decode::decode;
pub(crate) use difference::difference;
pub(crate) use encode::{coded, compressed, encode};
pub(crate) use error::ProfileError;
pub(crate) use prune::prune;

/// Text of a profile, which often comes again.
pub(crate) type Text = Arc<str>;

/// Stacks, and values for each.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Profile {
    /// What the values of a sample are, in their order.
    pub(crate) types: Vec<ValueType>,
    /// Which of them is looked at unless one says so.
    pub(crate) default_type: usize,
    pub(crate) samples: Vec<Sample>,
    pub(crate) locations: Vec<Location>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) functions: Vec<Function>,
    /// An expression for functions that say nothing at the end of a stack; may be empty.
    pub(crate) drop_frames: Text,
    /// Lines for people.
    pub(crate) comments: Vec<Text>,
    /// When it was taken, in nanoseconds since 1970.
    pub(crate) time_nanos: i64,
    /// How long that took; nothing where it is a state of one moment.
    pub(crate) duration: Duration,
    /// What lies between samples, and how much of it.
    pub(crate) period: Option<(ValueType, i64)>,
}

/// What a value counts, and in what: `cpu` in `nanoseconds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueType {
    pub(crate) name: Text,
    pub(crate) unit: Text,
}

/// A stack and its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sample {
    /// Places in [`Profile::locations`], the innermost call first.
    pub(crate) locations: Vec<usize>,
    /// One for each of [`Profile::types`].
    pub(crate) values: Vec<i64>,
    pub(crate) labels: Vec<(Text, Label)>,
}

/// The value of a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    Text(Text),
    /// A number and its unit, which may be empty.
    Number(i64, Text),
}

/// A place in code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Location {
    pub(crate) address: u64,
    /// The place of the mapping it lies in.
    pub(crate) mapping: Option<usize>,
    /// What stands there, once that is known: the innermost inlined function first, and last the
    /// one that they were inlined into.
    pub(crate) lines: Vec<Line>,
}

/// A line of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// The place of the function in [`Profile::functions`].
    pub(crate) function: usize,
    /// 0 where it is not known.
    pub(crate) line: i64,
}

/// A function of the source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Function {
    /// As people write it.
    pub(crate) name: Text,
    /// As the linker knows it.
    pub(crate) system_name: Text,
    /// The file it stands in; empty where it is not known.
    pub(crate) file: Text,
    /// The line it begins at; 0 where it is not known.
    pub(crate) start_line: i64,
}

/// A file, or a part of it, in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Mapping {
    pub(crate) start: u64,
    /// The first address behind it.
    pub(crate) end: u64,
    /// Where in the file it begins.
    pub(crate) offset: u64,
    pub(crate) file: Text,
    /// In hexadecimal digits; empty where it is not known.
    pub(crate) build_id: Text,
    /// Whether functions, files and lines of its locations have been looked for.
    pub(crate) is_symbolised: bool,
}

impl Mapping {
    /// What stands for a function in it that has no name: `[libc.so.6]`.
    pub(crate) fn bracketed_name(&self) -> Text {
        match self.file.rsplit('/').next().unwrap_or_default() {
            "" => "[unknown]".into(),
            name if name.starts_with('[') => name.into(),
            name => format!("[{name}]").into(),
        }
    }
}

impl Profile {
    /// The place of a type of value.
    pub(crate) fn type_named(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|kind| &*kind.name == name)
    }

    /// The sum of all values of a type.
    pub(crate) fn total(&self, kind: usize) -> i64 {
        let values = self.samples.iter().filter_map(|it| it.values.get(kind));
        values.fold(0, |sum, value| sum.saturating_add(*value))
    }
}

impl ValueType {
    pub(crate) fn new(name: &str, unit: &str) -> Self {
        Self {
            name: name.into(),
            unit: unit.into(),
        }
    }
}

impl Label {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(value, unit) if unit.is_empty() => write!(f, "{value}"),
            Self::Number(value, unit) => write!(f, "{value} {unit}"),
        }
    }
}
