//! Configuration: what the file, the environment and the command line say, checked and typed.
//!
//! A start goes through two stages, because the file says where the plugins are and the plugins
//! say what may be in the file:
//!
//! 1. [`Document::read`] reads everything and checks what is core's own.
//! 2. [`Document::settle`] is told what the loaded plugins know ([`KnownPlugins`]), checks their
//!    sections and gives the [`Config`] to run with.
//!
//! Both collect everything that is wrong before they fail. [`Draft`] is the same without failing,
//! for `check-config`.
//!
//! Inside, the text becomes a JSON value (`file`, `source`, `yaml`), overrides and claims change
//! it, the JSON Schema (`schema`, made from the types in `sections`) checks it (`validate`), and
//! only then it becomes types. Findings carry JSON pointers; `draft` turns them into places.

mod claims;
mod document;
mod draft;
mod explain;
mod file;
mod known;
mod locate;
mod overrides;
mod pointer;
mod problem;
mod reference;
mod required;
mod rules;
mod schema;
mod sections;
mod shown;
mod source;
mod spots;
mod suggest;
mod validate;
mod values;
mod walk;
mod yaml;

#[cfg(test)]
mod tests;

pub use document::{Argument, Document};
pub use draft::Draft;
pub use known::{
    CLAIMABLE_KEYS, Claim, EXPORTER_KEYS, ExporterSchema, KnownPlugins, PLUGIN_KEYS, PluginSchema,
    SettingsSchemaError, check_settings_schema,
};
pub use locate::{CONFIG_VARIABLE, NoStateFolder, config_file, environment};
pub use problem::{Origin, Position, Problem, Problems, Severity};
pub use reference::reference;
pub use schema::schema;
pub use sections::{
    Agent, Audit, Auth, CheckPlan, CheckSection, CheckSeverity, Client, ClientCertificate,
    CollectorThresholds, ComponentPlan, ComponentSection, Config, ExportThresholds,
    ExporterSection, Health, Isolation, Limits, Log, LogFormat, PluginSection, Plugins, Process,
    ProcessSection, Profiling, ScopeName, Scrape, Server, Silence, TaskThresholds, Telemetry, Tls,
    Token, Trust,
};
pub use values::{
    Duration, DurationError, Endpoint, LogFilter, LogFilterError, Secret, Settings, Size,
    SizeError, Threshold, ThresholdError, Timestamp, TrustedKey, TrustedKeyError, Version,
    VersionError,
};
