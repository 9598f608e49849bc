//! What the command line may say.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::{
    agent::Agent,
    audit::Audit,
    client::{exec::Exec, ping::Ping, profile::Profile, pull::Pull, push::Push},
};
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
    /// TLS, headers and users of the pages, in the form that Prometheus has
    #[arg(long = "web.config.file", value_name = "FILE", global = true)]
    pub(super) web_config_file: Option<PathBuf>,
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
    /// Send one batch by an exporter now, and say what became of it
    Export(Export),
    /// List the plugins; make, build, install and verify libraries
    Plugins(Plugins),
    /// Run as the agent of this node: monitoring, and commands and files as far as allowed
    Agent(Agent),
    /// Run a command on a node
    Exec(Exec),
    /// Send a file or a folder to a node
    Push(Push),
    /// Fetch a file or a folder from a node
    Pull(Pull),
    /// Ask a node's agent how it is
    Ping(Ping),
    /// Take a profile of a node's program, and say what stands out in it
    Profile(Profile),
    /// Look at the audit log of an agent
    Audit(Audit),
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
pub(super) struct Export {
    /// Collect and send once, past queue and spool; without it nothing is sent
    #[arg(long, required = true)]
    once: bool,
    /// The exporter: the name of its section below `exporters`
    #[arg(value_name = "NAME")]
    pub(super) name: String,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Checks; all if none are named
    pub(super) names: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: CheckFormat,
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
    /// Say what libraries are, as their files tell; none of their code runs
    Inspect {
        /// The libraries (*.so)
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Also say what they may be told: loads them in a process that is thrown away
        #[arg(long)]
        settings: bool,
    },
    /// Say what the checks before loading find in libraries; exit status 1 if one would be refused
    ///
    /// Who may write to the files is judged for the user who runs this: run it as gaxx-mon's user.
    Verify {
        /// The libraries (*.so)
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Verify libraries and put them, and their signatures, into a plugin folder
    Install {
        /// The libraries (*.so)
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// The folder [default: the first of plugins.folders and --plugins]
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Make a crate to begin a plugin with: it builds, is tested, and loads as it stands
    New(New),
    /// Build the library of a crate for release, and say what it is
    Build {
        /// The crate's folder
        #[arg(value_name = "FOLDER", default_value = ".")]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// What the plugin is to be
    pub(super) kind: PluginKind,
    /// Its name: lower-case words joined by dashes
    pub(super) name: String,
    /// Where gaxx-sdk is, which is not published yet: a checkout of gaxx-mon, or the address of a
    /// git repository
    #[arg(long, value_name = "PATH|URL")]
    pub(super) sdk: Option<String>,
    /// The folder to make it in
    #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
    pub(super) folder: PathBuf,
}

/// What a plugin can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PluginKind {
    /// It measures
    Collector,
    /// It judges
    Check,
    /// It sends what was measured somewhere
    Exporter,
    /// It answers HTTP requests
    Endpoint,
}

/// How checks are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// For Nagios and its kind, with performance data
    Nagios,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RowFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_two_arguments_are_in_each_others_way() {
        Arguments::command().debug_assert();
    }
}
