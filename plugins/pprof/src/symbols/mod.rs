//! Names for addresses: the helper `symbols`, a process that is given profiles of addresses and
//! answers what is to be sent of them.
//!
//! ```text
//! page ─▶ ask ── job, profiles ─▶ work ─▶ profile::decode, difference
//!      ◀── answer ───────────────        ─▶ symboliser ─▶ object   the file of a mapping
//!                                        │             └▶ names    what people call a function
//!                                        └▶ text, flamegraph, profile::encode
//! ```
//!
//! Debug information of tens of megabytes is read for it. In a process of its own that memory goes
//! back with the answer, and what a damaged file does there costs an error and nothing more.

mod ask;
mod maps;
mod names;
mod object;
mod symboliser;
#[cfg(test)]
mod tests;
mod wire;
mod work;

use gaxx_sdk::serde::{Deserialize, Serialize};

pub(crate) use ask::{NoAnswer, Symbols};

gaxx_sdk::helper!("symbols" => work::main);

/// What the helper is to do; the profiles that it needs follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
pub(crate) enum Job {
    /// Name the functions of a profile.
    Profile {
        /// There are two of it, and wanted is by how much the second one has more.
        difference: bool,
        /// The type of values that is looked at; the profile's own without one.
        looked_at: Option<String>,
        form: Form,
    },
    /// Name the functions at these addresses of a process, a line for each.
    Addresses { process: u32, addresses: Vec<u64> },
}

/// What a profile is to become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
pub(crate) enum Form {
    /// pprof's own, compressed.
    Pprof,
    /// Lines for people.
    Text,
    /// The data of a flame graph of this type.
    FlameGraph { kind: String },
}

impl Job {
    /// How many profiles follow it.
    fn profiles(&self) -> usize {
        match self {
            Self::Profile { difference, .. } => 1 + usize::from(*difference),
            Self::Addresses { .. } => 0,
        }
    }
}

/// How a job has ended; where it is done, the answer follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
enum Outcome {
    Done,
    /// The profile has no values of the type that was asked for.
    NoSuchType,
    Failed {
        error: String,
        remedy: String,
    },
}
