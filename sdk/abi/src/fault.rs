//! Why a call failed.

use abi_stable::{
    StableAbi,
    std_types::{RString, RVec},
};

use crate::Attribute;

/// Why a call failed, in a form that any side can show, count and act on.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fault {
    /// One of the constants of [`kind`].
    pub kind: u32,
    /// What went wrong, naming the thing.
    pub message: RString,
    /// What to do about it; empty where nothing better than the message is known.
    pub remedy: RString,
    /// How long a receiver asked to be left alone, in nanoseconds; 0: it did not say.
    pub retry_after: u64,
    pub attributes: RVec<Attribute>,
}

impl Fault {
    /// What a default body answers.
    pub(crate) fn absent(kind: u32, message: &str) -> Self {
        Self {
            kind,
            message: message.into(),
            remedy: RString::new(),
            retry_after: 0,
            attributes: RVec::new(),
        }
    }
}

/// The kinds of fault. A kind that the reader does not know counts as [`kind::FAILED`].
pub mod kind {
    /// It failed; the next try may do better.
    pub const FAILED: u32 = 0;
    /// It failed, and the same input will fail again: do not send it once more.
    pub const PERMANENT: u32 = 1;
    /// The settings are wrong.
    pub const SETTINGS: u32 = 2;
    /// The code panicked.
    pub const PANIC: u32 = 3;
    /// It ran out of the time it was given.
    pub const DEADLINE: u32 = 4;
    /// The host does not offer this, or does not allow it here.
    pub const REFUSED: u32 = 5;
    /// A limit is spent: series, queue, memory.
    pub const LIMIT: u32 = 6;
    /// The call was cancelled.
    pub const CANCELLED: u32 = 7;
    /// No such component, family or series.
    pub const UNKNOWN: u32 = 8;
}
