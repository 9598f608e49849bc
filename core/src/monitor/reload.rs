//! Reading the configuration again.

use std::{sync::Arc, time::Instant};

use super::{Monitor, StartError, schedule, tell};
use crate::{
    config::{Config, Limits, Problems},
    plugin::{self, Discovery, discover},
};

/// Why the configuration that was read again is not in force; the one before still is.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It is wrong.
    #[error(transparent)]
    Refused(#[from] StartError),
    /// The work was cut off, as it is when the program ends.
    #[error("the program is ending")]
    Ending,
}

impl Monitor {
    /// Reads the configuration again, looks into the plugin folders again, and makes it so. Answers
    /// warnings. A configuration that is wrong changes nothing.
    pub async fn reload(self: &Arc<Self>) -> Result<Problems, ReloadError> {
        let monitor = Arc::clone(self);
        // A task of its own: a caller that goes away must not leave it half done.
        let whole = tokio::spawn(async move { monitor.reload_whole().await });
        whole.await.map_err(|_| ReloadError::Ending)?
    }

    async fn reload_whole(self: &Arc<Self>) -> Result<Problems, ReloadError> {
        let _one_at_a_time = self.reloading.lock().await;
        let monitor = Arc::clone(self);
        let reloaded = tokio::task::spawn_blocking(move || {
            let (found, config, warnings) = monitor.read_again()?;
            for key in needs_restart(&monitor.config(), &config) {
                tracing::warn!("{key} has changed; it takes effect at the next start");
            }
            monitor.config.store(Arc::new(config));
            Ok::<_, StartError>((monitor.apply(&found), warnings))
        });
        let (gone, warnings) = reloaded.await.map_err(|_| ReloadError::Ending)??;
        let deadline = Instant::now() + self.config().limits.shutdown_timeout.get();
        schedule::stop(&gone, deadline).await;
        tracing::info!("the configuration was read again and is in force");
        Ok(warnings)
    }

    fn read_again(&self) -> Result<(Discovery, Config, Problems), StartError> {
        let document = self.source.read()?;
        let found = discover(&self.source.folders(document.config()), &self.loader);
        let (config, warnings) = document.settle(&plugin::known(&found, document.config()))?;
        tell(&found);
        Ok((found, config, warnings))
    }
}

/// Keys that have changed and that a running program cannot follow.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let port = (old.telemetry.monitoring_port, old.telemetry.enabled)
        != (new.telemetry.monitoring_port, new.telemetry.enabled);
    // This is read anew whenever it matters.
    let shutdown_timeout = new.limits.shutdown_timeout;
    let limits = Limits {
        shutdown_timeout,
        ..old.limits.clone()
    } != new.limits;
    let changed = [
        (port, "telemetry.monitoring_port or telemetry.enabled"),
        (old.server.listen != new.server.listen, "server.listen"),
        (limits, "limits"),
        (old.log != new.log, "log"),
        (old.state_folder != new.state_folder, "state_folder"),
    ];
    changed
        .into_iter()
        .filter_map(|(changed, key)| changed.then_some(key))
        .collect()
}
