//! From the command line to a prepared monitor.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    arguments::{Common, LogFormat},
    logging,
};
use crate::{
    config::{self, Argument, Config, Document},
    instruments::Instruments,
    loader::{self, Loader},
    monitor::{Monitor, Source},
    plugin::Launcher,
    role::Role,
    task,
};

/// How long a command that runs once waits for plugins: longer than making them may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Common {
    /// Where the configuration comes from.
    pub(super) fn source(&self) -> Source {
        self.source_of(Role::Main)
    }

    /// Where the configuration of a program that is run as `role` comes from.
    pub(super) fn source_of(&self, role: Role) -> Source {
        let monitoring_port = match role {
            Role::Main => "telemetry.monitoring_port",
            Role::Agent => "agent.monitoring_port",
        };
        let mut arguments = Vec::new();
        let mut set = |flag: &str, key: &str, value| {
            arguments.push(Argument {
                flag: flag.to_owned(),
                key: key.to_owned(),
                value,
            });
        };
        if let Some(listen) = self.listen {
            set("--listen", "server.listen", json!(listen.ip().to_string()));
            set("--listen", monitoring_port, json!(listen.port()));
        }
        if let Some(file) = &self.web_config_file {
            let file = json!(file.to_string_lossy());
            set("--web.config.file", "server.web_config_file", file);
        }
        if let Some(level) = &self.log_level {
            set("--log-level", "log.level", json!(level));
        }
        if let Some(format) = self.log_format {
            let name = if format == LogFormat::Json {
                "json"
            } else {
                "text"
            };
            set("--log-format", "log.format", json!(name));
        }
        Source {
            file: config::config_file(self.config.as_deref(), |name| std::env::var_os(name)),
            arguments,
            plugin_folders: self.plugin_folders.clone(),
        }
    }
}

/// What looks at libraries, and loads them, as a start with this configuration would.
pub(super) fn launcher(source: &Source, config: &Config) -> Result<Launcher, ExitCode> {
    let state_folder = source.state_folder(config);
    let state_folder = state_folder.map_err(|error| refuse(&error))?;
    let settings = loader::Settings::of(config, state_folder);
    Ok(Launcher::new(Arc::new(Loader::new(settings))))
}

/// Reads the configuration and starts the log; says on standard error what is wrong.
pub(super) fn document(
    source: &Source,
    instruments: &Instruments,
    quiet: bool,
) -> Result<Document, ExitCode> {
    let document = source.read().map_err(|problems| refuse(&problems))?;
    let log = &document.config().log;
    // A command that prints a result logs only what is wrong with it.
    let level = if quiet { "warn" } else { log.level.as_str() };
    logging::start(level, log.format.into(), instruments);
    Ok(document)
}

/// A monitor whose plugins are loaded and made, and that does nothing of itself: for commands that
/// run once.
pub(super) fn once(common: &Common) -> Result<Arc<Monitor>, ExitCode> {
    let instruments = Instruments::new(Role::Main);
    let source = common.source();
    let document = document(&source, &instruments, common.log_level.is_none())?;
    let prepared = Monitor::prepare(source, &document, instruments, PATIENCE);
    prepared
        .map(|(monitor, _)| monitor)
        .map_err(|error| refuse(&error))
}

/// A runtime for commands that run once.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => Ok(runtime.block_on(task::record("main", future))),
        Err(error) => Err(refuse(&format!("cannot start: {error}"))),
    }
}

/// Ends what a command that ran once had going.
pub(super) async fn end(monitor: &Monitor) {
    let limit = monitor.config().limits.shutdown_timeout.get();
    monitor.stop(Instant::now() + limit).await;
}

/// Says why it does not go on.
pub(super) fn refuse(reason: &impl ToString) -> ExitCode {
    eprintln!("{}", reason.to_string());
    ExitCode::FAILURE
}
