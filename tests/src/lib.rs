//! The rig of the outside tests: it builds `gaxx-mon`, starts it as a user would, and sets real
//! programs beside it: Prometheus, `node_exporter`, Chromium.
//!
//! Nothing here links the product. Every child gets a folder of its own and a free port of
//! 127.0.0.1, and ends with the value that owns it. A step that fails panics with what the child
//! had said until then, since that is what one needs to see in a failed test.

mod agent;
mod browser;
mod build;
mod child;
mod copies;
mod exposition;
mod faulty_proxy;
mod go_pprof;
mod http_client;
mod meanwhile;
mod monitor;
mod network;
mod node_exporter;
mod plugin_folder;
mod poll;
mod process;
mod prometheus;
mod promtool;
mod random;
mod rotel;
mod served;
mod tool;
mod webdriver;

pub use agent::{Agent, AgentBuilder};
pub use browser::{Browser, ConsoleEntry};
pub use build::{
    Artifacts, bare_binary, binary, cdylib, standalone, standalone_cdylib, target_folder,
};
pub use child::Child;
pub use copies::rewritten;
pub use exposition::{Exposition, Family, Sample};
pub use faulty_proxy::{Fault, FaultyProxy};
pub use go_pprof::{GoPprof, Row};
pub use http_client::{Request, Response};
pub use meanwhile::meanwhile;
pub use monitor::{Monitor, MonitorBuilder, Outcome};
pub use network::PrivateNetwork;
pub use node_exporter::NodeExporter;
pub use plugin_folder::PluginFolder;
pub use poll::{BOUND, wait_for, wait_until};
pub use process::{Memory, Offspring, Process};
pub use prometheus::{Prometheus, PrometheusBuilder, QueryValue, Target};
pub use promtool::{MetricsCheck, check_config, check_metrics, check_rules};
pub use random::Random;
pub use rotel::{Rotel, RotelMetric};
pub use served::{Alertmanager, VictoriaMetrics};
pub use tool::{Tool, require};

use std::path::{Path, PathBuf};

/// Configuration by which the machine that tests run on is not judged: its load, disks and memory.
pub const QUIET: &str = "health: {checks: {system/load: {enabled: false}, \
    system/disk: {enabled: false}, system/memory: {enabled: false}}}\n";

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .expect("the tests' package is a folder of the repository")
}
