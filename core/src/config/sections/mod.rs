//! The configuration as types: one struct for each section of the file.
//!
//! The doc comment of a field is its reference documentation: it becomes the description in the
//! JSON Schema and the text in `docs/configuration.md`.

mod agent;
mod exporters;
mod health;
mod isolation;
mod limits;
mod log;
mod plugins;
mod security;
mod server;
mod telemetry;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use agent::Agent;
pub use exporters::ExporterSection;
pub use health::{
    CheckPlan, CheckSection, CheckSeverity, CollectorThresholds, ExportThresholds, Health, Silence,
    TaskThresholds,
};
pub use isolation::{Isolation, Process, ProcessSection, Trust};
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use plugins::{ComponentPlan, ComponentSection, PluginSection, Plugins};
use security::set;
pub use security::{Audit, Auth, Client, ClientCertificate, ScopeName, Tls, Token};
pub use server::{Profiling, Scrape, Server};
pub use telemetry::Telemetry;

/// The configuration of gaxx-mon. Every key has a default; an empty file is valid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether, where and how often this machine is monitored.
    pub telemetry: Telemetry,
    /// The listener of the monitoring pages.
    pub server: Server,
    /// The listener of the profiling pages.
    pub profiling: Profiling,
    /// What `gaxx-mon agent` serves beside what every gaxx-mon does.
    pub agent: Agent,
    /// Who may come in, beside those with certificates, and how often one may fail to.
    pub auth: Auth,
    /// The log of what an agent ran and moved, and for whom.
    pub audit: Audit,
    /// Who the commands `exec`, `push`, `pull` and `ping` say they are.
    pub client: Client,
    /// What a scrape of `/metrics` waits for.
    pub scrape: Scrape,
    /// Where plugins come from, and a section for each of them.
    pub plugins: Plugins,
    /// When checks run, and what makes this program itself unhealthy.
    pub health: Health,
    /// The exporters that run, each under a name of its own.
    pub exporters: BTreeMap<String, ExporterSection>,
    /// Upper bounds on what clients and plugins may use.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
    /// The folder for what must outlive the program, such as the plugins' own state. A relative
    /// path counts from the folder of the configuration file. If it is not set:
    /// `/var/lib/gaxx-mon` for root, else `gaxx-mon` in `$XDG_STATE_HOME` or `~/.local/state`.
    #[schemars(length(min = 1))]
    pub state_folder: Option<PathBuf>,
}

impl Config {
    /// The paths in it that are set, by the pointers to them. Relative ones count from the folder
    /// of the file.
    pub(super) fn paths(&mut self) -> Vec<(String, &mut PathBuf)> {
        let folders = self.plugins.folders.iter_mut();
        let mut paths: Vec<(String, &mut PathBuf)> = folders
            .map(|folder| ("/plugins/folders".to_owned(), folder))
            .collect();
        let single = [
            ("/state_folder", &mut self.state_folder),
            ("/server/web_config_file", &mut self.server.web_config_file),
        ];
        paths.extend(set(single).map(|(pointer, path)| (pointer.to_owned(), path)));
        for (section, tls) in [
            ("/server/tls", &mut self.server.tls),
            ("/profiling/tls", &mut self.profiling.tls),
            ("/agent/tls", &mut self.agent.tls),
        ] {
            paths.extend(
                tls.paths()
                    .map(|(key, path)| (format!("{section}/{key}"), path)),
            );
        }
        let client = self.client.paths();
        paths.extend(client.map(|(key, path)| (format!("/client/{key}"), path)));
        paths
    }
}
