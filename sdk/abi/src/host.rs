//! What a component may ask of its host.

use abi_stable::{
    sabi_trait,
    std_types::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
};

use crate::{FamilySpec, Fault, fault};

/// How grave a log line is.
pub mod level {
    /// Something failed.
    pub const ERROR: u32 = 1;
    /// Something is odd.
    pub const WARN: u32 = 2;
    /// Something happened.
    pub const INFO: u32 = 3;
    /// For who looks for a fault.
    pub const DEBUG: u32 = 4;
    /// For who looks very closely.
    pub const TRACE: u32 = 5;
}

/// What [`Host::process`] can be asked for. The host refuses what it does not know.
pub mod process {
    /// Gives unused memory back to the system; answers JSON `{"released_bytes": n}`.
    pub const PURGE: u32 = 1;
    /// The live asynchronous tasks, as JSON.
    pub const TASKS: u32 = 2;
    /// The threads, as JSON.
    pub const THREADS: u32 = 3;
    /// Live allocations by stack, as a gzip-compressed pprof profile.
    pub const HEAP: u32 = 4;
    /// Allocator and runtime figures, as JSON.
    pub const STATISTICS: u32 = 5;
    /// What is served and to whom, as JSON: `{"listeners": {"api": [{"plugin", "component",
    /// "method", "path", "scope"}]}}`. Since 1.2.
    pub const CAPABILITIES: u32 = 6;
    /// What the program was built from and started with, as JSON. Since 1.3.
    pub const BUILD: u32 = 7;
}

/// What [`Host::profile`] is ordered to do: a JSON object with one of these members.
///
/// Profiles are gzip-compressed and in pprof's format. Their locations are addresses within
/// mappings that name a file: symbols are for who asked to find.
///
/// Where `plugin` is not empty, it is the process of that plugin, which must have one of its own.
pub mod profile {
    /// `{"cpu": {"hertz": 99, "seconds": 30, "plugin": ""}}` begins to sample who uses the CPU, 1
    /// to 250 times in a second of CPU time, for at most 1 to 300 s; answers `{"session": n}`. Of
    /// all that a process runs there is one such profile at a time: another is refused with
    /// [`fault::kind::LIMIT`](crate::fault::kind::LIMIT). It is given up 30 s after so many
    /// seconds, and when the component stops; only that component can end it.
    pub const CPU: &str = "cpu";
    /// `{"finish": n}` ends a session; answers its profile.
    pub const FINISH: &str = "finish";
    /// `{"cancel": n}` ends a session without a profile; answers `{}`.
    pub const CANCEL: &str = "cancel";
    /// `{"heap": {"plugin": ""}}` answers what is allocated, and what has been, by stack.
    pub const HEAP: &str = "heap";
}

/// What a component may ask of its host, from any thread, from its creation on.
///
/// One belongs to each component. What cannot be given (in a child process, in this build, by this
/// configuration) is refused with a reason.
#[sabi_trait]
pub trait Host: Send + Sync {
    /// The minor version of the ABI that the host speaks.
    fn minor(&self) -> u32;
    /// The name of the instance this component belongs to; empty for the only one.
    fn instance(&self) -> RString;
    /// Registers a family; answers its number.
    fn family(&self, spec: FamilySpec) -> RResult<u32, Fault>;
    /// Registers a series; answers the first of its slots.
    fn series(&self, family: u32, labels: RSlice<'_, RString>) -> RResult<u32, Fault>;
    /// Forgets the series that begins at this slot. Its slots are not used again.
    fn retire(&self, slot: u32);
    /// The most talkative [`level`] that the host's log takes; 0: none.
    fn log_level(&self) -> u32;
    /// Writes a line to the host's log.
    fn log(&self, level: u32, target: RStr<'_>, message: RStr<'_>);
    /// A folder of the plugin's own, that only this user can read, kept across restarts.
    fn state_folder(&self) -> RResult<RString, Fault>;
    /// What the older version of this component left by `save`.
    fn inherited(&self) -> ROption<RVec<u8>>;
    /// All metrics, as the JSON of `/api/metrics`.
    fn metrics(&self) -> RResult<RString, Fault>;
    /// The health report, as the JSON of `/api/health`.
    fn health(&self) -> RResult<RString, Fault>;
    /// Asks for something of the process: one of the constants of [`process`].
    fn process(&self, what: u32, deadline: u64) -> RResult<RVec<u8>, Fault>;
    /// Whether the component is being stopped.
    #[sabi(last_prefix_field)]
    fn is_cancelled(&self) -> bool;
    /// What the program is run as: `main`, and more in later versions. Since 1.1; empty from an
    /// older host.
    fn role(&self) -> RString {
        RString::new()
    }
    /// Writes `record`, a JSON object, to the audit log. Returns once it is durable; with a
    /// deadline of 0 it is written in its order, and nobody waits for it. Since 1.2; an older host
    /// keeps no such log.
    fn audit(&self, _record: RStr<'_>, _deadline: u64) -> RResult<(), Fault> {
        RResult::RErr(Fault::absent(
            fault::kind::REFUSED,
            "this host keeps no audit log",
        ))
    }
    /// Starts a process of the plugin's own, in which [`Plugin::helper`](crate::root::Plugin)
    /// runs with the other end of the socket that is answered: a file descriptor that is the
    /// caller's from then on. Since 1.2; an older host starts none.
    fn helper(&self, _name: RStr<'_>) -> RResult<i32, Fault> {
        RResult::RErr(Fault::absent(
            fault::kind::REFUSED,
            "this host starts no helpers",
        ))
    }
    /// Profiles the process, or that of a plugin, as the order says: see [`profile`]. Since 1.3; an
    /// older host has no profiler.
    fn profile(&self, _order: RStr<'_>, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        RResult::RErr(Fault::absent(
            fault::kind::REFUSED,
            "this host has no profiler",
        ))
    }
    /// The series that a selector takes, as they were measured last, in the manner of Prometheus:
    /// `name{label="value",other!="value",third=~"regex",fourth!~"regex"}`; a histogram has `_bucket`,
    /// `_count` and `_sum` behind its name. As JSON: `[{"name", "labels", "value", "kind"}]`, where a
    /// value that JSON does not have is the text `NaN`, `+Inf` or `-Inf`. Since 1.4; an older host
    /// selects nothing.
    fn select(&self, _selector: RStr<'_>, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        RResult::RErr(Fault::absent(
            fault::kind::REFUSED,
            "this host selects no series",
        ))
    }
}

/// A host, shared between a component and its handles.
pub type HostRef = Host_TO<'static, RArc<()>>;
