//! Metrics: families and series are described once, then only numbers cross.
//!
//! A family has a number, the order of its registration within its component. A series has a
//! range of slots: one for a counter or a gauge; for a histogram with `n` bounds `n + 2`, first
//! the cumulative count at each bound, then the count of all, then the sum.

use abi_stable::{
    StableAbi,
    std_types::{RString, RVec},
};

use crate::Attribute;

/// What samples of a family are.
pub mod kind {
    /// Only grows, from zero.
    pub const COUNTER: u32 = 0;
    /// Goes up and down.
    pub const GAUGE: u32 = 1;
    /// Counts of observations at or below each bound.
    pub const HISTOGRAM: u32 = 2;
}

/// A family of series: one name, one kind, one set of label names.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FamilySpec {
    pub name: RString,
    pub help: RString,
    /// The unit, where the name's suffix does not tell it; may be empty.
    pub unit: RString,
    /// One of the constants of [`kind`].
    pub kind: u32,
    /// Label names, in the order in which label values will be given.
    pub labels: RVec<RString>,
    /// Upper bounds of a histogram's buckets, ascending, without the infinite one.
    pub bounds: RVec<f64>,
    pub attributes: RVec<Attribute>,
}

/// The value of one slot at the time of a collection.
///
/// A collection hands over all slots that have a value: a slot that is not named has none.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Point {
    pub slot: u32,
    /// Zero. Kept so that the layout has no padding.
    pub reserved: u32,
    pub value: f64,
}

impl Point {
    /// A point of `slot`.
    #[inline]
    pub const fn new(slot: u32, value: f64) -> Self {
        Self {
            slot,
            reserved: 0,
            value,
        }
    }
}
