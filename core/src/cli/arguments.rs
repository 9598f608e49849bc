//! What the command line may say.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{build, config};

/// Monitors this machine: collectors, health checks, exporters and endpoints, loaded as plugins.
///
/// Without a command it runs until it is stopped, and serves its pages on 127.0.0.1:9090.
#[derive(Debug, Parser)]
#[command(name = "gaxx-mon", version = build::VERSION, long_version = build::LONG_VERSION)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(super) struct Common {
    /// Load the plugin libraries (*.so) of this folder; may be given several times
    #[arg(long = "plugins", value_name = "FOLDER", global = true)]
    pub(super) plugin_folders: Vec<PathBuf>,
    /// Read this configuration [default: `$GAXX_CONFIG`, ./config.yaml, /etc/gaxx-mon/config.yaml]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// Serve the pages on this address; port 0 takes a free one [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDRESS:PORT", global = true)]
    pub(super) listen: Option<SocketAddr>,
    /// Log what is at least this important: off, error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", global = true)]
    pub(super) log_level: Option<String>,
    /// How the log is written
    #[arg(long, value_name = "FORMAT", global = true)]
    pub(super) log_format: Option<LogFormat>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

impl From<config::LogFormat> for LogFormat {
    fn from(format: config::LogFormat) -> Self {
        match format {
            config::LogFormat::Text => Self::Text,
            config::LogFormat::Json => Self::Json,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Collect once and print what was measured
    Collect(Collect),
    /// Run health checks once; the exit status tells: 0 healthy, 1 degraded, 2 unhealthy, 3 unknown
    Check(Check),
    /// List the plugins; make, build, install and verify libraries
    Plugins(Plugins),
    /// Say all that is wrong with the configuration
    CheckConfig,
    /// Print the JSON Schema of the configuration, plugins included, for editors
    ConfigSchema,
    /// Print a script that completes commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct Collect {
    /// Collectors or plugins; all if none are named
    pub(super) names: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: CollectFormat,
}

/// How measurements are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CollectFormat {
    /// For people
    Text,
    /// As /metrics has it
    Prometheus,
    /// As /api/metrics has it
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Checks; all if none are named
    pub(super) names: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: RowFormat,
}

#[derive(Debug, Args)]
pub(super) struct Plugins {
    /// How to print it
    #[arg(long, value_enum, default_value = "text", global = true)]
    pub(super) format: RowFormat,
    #[command(subcommand)]
    pub(super) command: Option<PluginsCommand>,
}

#[derive(Debug, Subcommand)]
pub(super) enum PluginsCommand {
    /// List the plugins and their components; also without a command
    List,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RowFormat {
    /// For people
    Text,
    /// For programs
    Json,
}
