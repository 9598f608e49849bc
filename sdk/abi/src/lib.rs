//! The binary interface between gaxx-mon and its plugins: layout, and nothing else.
//!
//! Both sides link this crate, each its own copy. `docs/abi.md` states what may change in it and
//! when; a test compares the hash of its layout with that page.
//!
//! Rules that hold for every item here:
//!
//! * Nothing asynchronous, no runtime handle and no thread-local value crosses. A call carries the
//!   time it may take, in nanoseconds from its start; whoever is called should return by then.
//! * A method added after 1.0 stands behind the last prefix field and has a default body.
//! * A struct that is passed by value cannot grow. Those that describe something have `attributes`
//!   for what comes later; for all else a method is added.
//! * A closed set of names is a number with constants, since a Rust enum cannot grow either.
#![allow(
    // What abi_stable's derive macros expand to.
    non_camel_case_types,
    non_local_definitions,
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::undocumented_unsafe_blocks
)]

pub mod component;
pub mod export;
pub mod fault;
pub mod host;
pub mod http;
pub mod manifest;
pub mod metric;
pub mod note;
pub mod root;

pub use component::{
    Collector_TO, CollectorBox, Endpoint_TO, EndpointBox, Exporter_TO, ExporterBox, HealthCheck_TO,
    HealthCheckBox, Verdict,
};
pub use export::{Batch, ExportFamily, ExportSeries};
pub use fault::Fault;
pub use host::{Host_TO, HostRef};
pub use http::{Body_TO, BodyBox, Header, Reply_TO, ReplyBox, Request};
pub use manifest::{Component, Manifest, Route};
pub use metric::{FamilySpec, Point};
pub use root::{Plugin_TO, PluginBox, PluginLibrary, PluginLibraryRef};

use abi_stable::{StableAbi, std_types::RString};

/// The standard types that cross.
pub use abi_stable::std_types as abi_std;

/// The major version: libraries of another major do not load.
pub const MAJOR: u16 = 1;

/// The minor version: it grows with every addition; older and newer minors load.
pub const MINOR: u16 = 4;

/// A name and a value, for what a struct could not foresee. Unknown names are ignored.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Attribute {
    pub name: RString,
    pub value: RString,
}
