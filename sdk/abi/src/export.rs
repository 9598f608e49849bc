//! What an exporter is given: everything the registry holds, at one instant.
//!
//! Descriptions are shared between batches of one `generation`, so an exporter may keep what it
//! made of them (rendered labels, encoded attributes) until the generation changes.

use abi_stable::{
    StableAbi,
    std_types::{RSlice, RString, RVec},
};

use crate::{Attribute, Point};

/// A family as exporters see it.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExportFamily {
    pub name: RString,
    pub help: RString,
    pub unit: RString,
    /// One of the constants of [`crate::metric::kind`].
    pub kind: u32,
    pub labels: RVec<RString>,
    pub bounds: RVec<f64>,
    pub attributes: RVec<Attribute>,
}

/// A series as exporters see it.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExportSeries {
    /// Index into [`Batch::families`].
    pub family: u32,
    /// The first of the slots that its points name.
    pub slot: u32,
    /// When it began to count, in nanoseconds since the Unix epoch.
    pub started: u64,
    /// Label values, in the order of the family's label names.
    pub labels: RVec<RString>,
    pub attributes: RVec<Attribute>,
}

/// All series at one instant.
#[repr(C)]
#[derive(Debug, Clone, Copy, StableAbi)]
pub struct Batch<'a> {
    /// When the snapshot was taken, in nanoseconds since the Unix epoch.
    pub time: u64,
    /// Changes whenever `families` or `series` differ from those of the batch before.
    pub generation: u64,
    /// What is true of every sample: host name, version, and what the configuration adds.
    pub resource: RSlice<'a, Attribute>,
    pub families: RSlice<'a, ExportFamily>,
    /// Ascending by slot.
    pub series: RSlice<'a, ExportSeries>,
    /// Ascending by slot. Series without a value have no point here.
    pub points: RSlice<'a, Point>,
}
