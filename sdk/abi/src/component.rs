//! What a plugin implements. Every deadline is in nanoseconds from the start of the call.

use abi_stable::{
    StableAbi, sabi_trait,
    std_types::{RBox, ROption, RResult, RStr, RString, RVec},
};

use crate::{Attribute, Batch, BodyBox, Fault, Point, ReplyBox, Request, fault};

/// How a health check sees its subject.
pub mod status {
    /// All is well.
    pub const HEALTHY: u32 = 0;
    /// It works, and somebody should look at it.
    pub const DEGRADED: u32 = 1;
    /// It does not work.
    pub const UNHEALTHY: u32 = 2;
    /// The check could not find out.
    pub const UNKNOWN: u32 = 3;
}

/// The result of a health check.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Verdict {
    /// One of the constants of [`status`].
    pub status: u32,
    pub message: RString,
    /// Facts behind the verdict, for people who look closer.
    pub details: RVec<Attribute>,
}

/// Measures something at intervals.
///
/// The host has at most one call of a component in flight, from any thread.
#[sabi_trait]
pub trait Collector: Send {
    /// Called once, before all else. Background work begins here.
    fn start(&mut self, deadline: u64) -> RResult<(), Fault>;
    /// Measures, and appends every slot that has a value to `points`.
    fn collect(&mut self, deadline: u64, points: &mut RVec<Point>) -> RResult<(), Fault>;
    /// State for a newer version of this component; see [`crate::host::Host::inherited`].
    fn save(&mut self, deadline: u64) -> ROption<RVec<u8>>;
    /// Called once, last of all. Background work ends here.
    #[sabi(last_prefix_field)]
    fn stop(&mut self, deadline: u64);
}

/// A collector that a plugin made.
pub type CollectorBox = Collector_TO<'static, RBox<()>>;

/// Judges something at intervals.
///
/// The host has at most one call of a component in flight, from any thread.
#[sabi_trait]
pub trait HealthCheck: Send {
    /// Called once, before all else.
    fn start(&mut self, deadline: u64) -> RResult<(), Fault>;
    /// Judges. A fault means that the check itself failed, which counts as unknown.
    fn check(&mut self, deadline: u64) -> RResult<Verdict, Fault>;
    /// The component's own metrics; called after a check.
    fn points(&self, points: &mut RVec<Point>);
    /// State for a newer version of this component.
    fn save(&mut self, deadline: u64) -> ROption<RVec<u8>>;
    /// Called once, last of all.
    #[sabi(last_prefix_field)]
    fn stop(&mut self, deadline: u64);
}

/// A health check that a plugin made.
pub type HealthCheckBox = HealthCheck_TO<'static, RBox<()>>;

/// Sends batches somewhere.
///
/// The host has at most one call of a component in flight, from any thread.
#[sabi_trait]
pub trait Exporter: Send {
    /// Called once, before all else.
    fn start(&mut self, deadline: u64) -> RResult<(), Fault>;
    /// Delivers a batch. A fault of kind `PERMANENT` drops it; any other is tried again.
    fn export(&mut self, batch: Batch<'_>, deadline: u64) -> RResult<(), Fault>;
    /// Makes what was delivered durable, before a stop or at leisure.
    fn flush(&mut self, deadline: u64) -> RResult<(), Fault>;
    /// The component's own metrics; called after an export.
    fn points(&self, points: &mut RVec<Point>);
    /// State for a newer version of this component.
    fn save(&mut self, deadline: u64) -> ROption<RVec<u8>>;
    /// Called once, last of all.
    #[sabi(last_prefix_field)]
    fn stop(&mut self, deadline: u64);
    /// Delivers changes of health, as JSON: `{"time", "labels", "transitions": [{"check", "from", "to",
    /// "message", "time", "severity", "tags", "silenced", "details"}], "checks": [{"check", "status",
    /// "since", "message", "severity", "tags", "silenced"}]}`. Called in place of `export`, where
    /// the component's attribute `takes` says `health`. Faults as there. Since 1.4.
    fn notify(&mut self, _news: RStr<'_>, _deadline: u64) -> RResult<(), Fault> {
        RResult::RErr(Fault::absent(
            fault::kind::PERMANENT,
            "this exporter takes no changes of health",
        ))
    }
}

/// An exporter that a plugin made.
pub type ExporterBox = Exporter_TO<'static, RBox<()>>;

/// Answers HTTP requests on the routes of its manifest.
///
/// The host calls `handle` from several threads at once, up to a limit. A call should hand its
/// work on or finish within the deadline; the reply may be completed later, from any thread.
#[sabi_trait]
pub trait Endpoint: Send + Sync {
    /// Called once, before all else.
    fn start(&self, deadline: u64) -> RResult<(), Fault>;
    /// Answers a request. A fault before the head was sent becomes an error answer.
    fn handle(
        &self,
        request: Request,
        body: BodyBox,
        reply: ReplyBox,
        deadline: u64,
    ) -> RResult<(), Fault>;
    /// The component's own metrics; called at the collection interval.
    fn points(&self, points: &mut RVec<Point>);
    /// State for a newer version of this component.
    fn save(&self, deadline: u64) -> ROption<RVec<u8>>;
    /// Called once, last of all.
    #[sabi(last_prefix_field)]
    fn stop(&self, deadline: u64);
}

/// An endpoint that a plugin made.
pub type EndpointBox = Endpoint_TO<'static, RBox<()>>;
