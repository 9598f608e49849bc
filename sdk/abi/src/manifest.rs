//! What a plugin says of itself once it is loaded.

use abi_stable::{
    StableAbi,
    std_types::{RString, RVec},
};

use crate::Attribute;

/// What a component does.
pub mod kind {
    /// It measures.
    pub const COLLECTOR: u32 = 0;
    /// It judges.
    pub const HEALTH_CHECK: u32 = 1;
    /// It sends batches somewhere.
    pub const EXPORTER: u32 = 2;
    /// It answers HTTP requests.
    pub const ENDPOINT: u32 = 3;
}

/// What a plugin says of itself.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Manifest {
    /// Lower-case words joined by dashes; the name of its section in the configuration.
    pub name: RString,
    pub version: RString,
    /// One line for people.
    pub description: RString,
    pub components: RVec<Component>,
    /// `claim` (several may stand here): `telemetry.otlp_endpoint=otlp.endpoint` says that this
    /// key of the configuration turns the exporter `otlp` on and is its setting `endpoint`. `helper`
    /// (the same): the name of one that it has; see [`crate::host::Host::helper`].
    pub attributes: RVec<Attribute>,
}

/// One component of a plugin.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Component {
    /// One of the constants of [`kind`].
    pub kind: u32,
    /// Lower-case words joined by dashes. Unique in its plugin, whatever the kind: with the
    /// plugin's name it is the owner of series, settings and log lines.
    pub name: RString,
    /// One line for people.
    pub description: RString,
    /// JSON Schema of its settings: an object schema.
    pub settings: RString,
    /// How often it wants to run, in nanoseconds; 0: as often as the configuration says.
    pub interval: u64,
    /// The paths of an endpoint; empty for all else.
    pub routes: RVec<Route>,
    /// `role` (several may stand here): it is made only where the program is run as one of these.
    /// `takes`: `health` says that an exporter is given changes of health in place of batches; see
    /// [`crate::component::Exporter::notify`].
    pub attributes: RVec<Attribute>,
}

/// A path that an endpoint answers.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Route {
    /// `GET` (which answers `HEAD` too), `POST`, `PUT`, `DELETE`.
    pub method: RString,
    /// An absolute path; `*` as its last segment stands for any rest.
    pub path: RString,
    /// What a caller must be allowed to do: `open` (nothing: everyone may call it), `read`, `exec`, `files`, `tasks`, `admin`, `profile`.
    pub scope: RString,
    /// Where it is served: `monitoring`, `api` or `profiling`.
    pub listener: RString,
    /// The largest body it takes, in bytes; 0: the listener's limit.
    pub max_body: u64,
    pub attributes: RVec<Attribute>,
}
