//! Reading the configuration again, by request or because plugin folders have changed.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{Found, Monitor, StartError, schedule, tell};
use crate::{
    config::{Config, Document, Limits, Problems},
    loader::Trust,
    plugin::{self, discover},
    task,
};

/// After a change of a plugin folder nothing happens for so long, since more may follow.
const QUIET: Duration = Duration::from_millis(300);
/// And for no longer than this, however much follows.
const RESTLESS: Duration = Duration::from_secs(5);

/// Why the configuration that was read again is not in force; the one before still is.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReloadError {
    /// It is wrong.
    #[error(transparent)]
    Refused(#[from] StartError),
    /// The work was cut off, as it is when the program ends.
    #[error("the program is ending")]
    Ending,
}

type Outcome = Result<Problems, ReloadError>;

/// Who waits for a reload. All that ask before one begins share it.
#[derive(Default)]
pub(super) struct Reloads {
    /// One at a time.
    running: tokio::sync::Mutex<()>,
    waiting: Mutex<Vec<oneshot::Sender<Outcome>>>,
}

impl Reloads {
    fn waiting(&self) -> MutexGuard<'_, Vec<oneshot::Sender<Outcome>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitor {
    /// Reads the configuration again, looks into the plugin folders again, and makes it so. Answers
    /// warnings. A configuration that is wrong changes nothing.
    ///
    /// Where one is under way another one follows, for all that have asked meanwhile together.
    pub async fn reload(self: &Arc<Self>) -> Outcome {
        let (sender, outcome) = oneshot::channel();
        let is_first = {
            let mut waiting = self.reloads.waiting();
            waiting.push(sender);
            waiting.len() == 1
        };
        if is_first {
            let monitor = Arc::clone(self);
            // A task of its own: a caller that goes away must not leave it half done.
            task::spawn("reload", async move { monitor.reload_for_all().await });
        }
        outcome.await.map_err(|_| ReloadError::Ending)?
    }

    /// Has `follower` take on each configuration that is read again.
    pub fn on_reload(&self, follower: impl Fn(&Config) + Send + Sync + 'static) {
        self.followers.lock().push(Box::new(follower));
    }

    fn tell_followers(&self) {
        let config = self.config();
        for follower in self.followers.lock().iter() {
            follower(&config);
        }
    }

    /// As [`Self::reload`]; says in the log how it went.
    pub async fn reload_and_tell(self: &Arc<Self>) {
        match self.reload().await {
            Ok(warnings) => warnings
                .iter()
                .for_each(|warning| tracing::warn!("{warning}")),
            Err(error) => tracing::error!(
                "the configuration was refused, the one before stays in force: {error}"
            ),
        }
    }

    /// Reloads whenever plugin folders have changed and are quiet again; ends where they cannot be
    /// watched.
    pub(super) async fn watch(self: &Arc<Self>) {
        let mut changes = match self.watch.changes() {
            Ok(changes) => changes,
            Err(error) => {
                let remedy = "raise fs.inotify.max_user_instances, or send SIGHUP after a change";
                return tracing::warn!(%error, remedy, "plugin folders are not watched");
            }
        };
        loop {
            changes.next().await;
            let limit = Instant::now() + RESTLESS;
            let mut quiet = Instant::now() + QUIET;
            while quiet < limit && timeout_at(quiet, changes.next()).await.is_ok() {
                quiet = Instant::now() + QUIET;
            }
            tracing::info!("plugin folders have changed");
            self.reload_and_tell().await;
        }
    }

    async fn reload_for_all(self: &Arc<Self>) {
        let _one_at_a_time = self.reloads.running.lock().await;
        let waiting = mem::take(&mut *self.reloads.waiting());
        let outcome = self.reload_whole().await;
        for sender in waiting {
            // Some do not wait.
            let _ = sender.send(outcome.clone());
        }
    }

    async fn reload_whole(self: &Arc<Self>) -> Outcome {
        let monitor = Arc::clone(self);
        let reloaded = task::spawn_blocking("reload", move || {
            let (found, config, warnings) = monitor.read_again()?;
            for key in needs_restart(&monitor.config(), &config) {
                tracing::warn!("{key} has changed; it takes effect at the next start");
            }
            monitor.config.store(Arc::new(config));
            monitor.tell_followers();
            Ok::<_, StartError>((monitor.apply(found), warnings))
        });
        let (gone, warnings) = reloaded.await.map_err(|_| ReloadError::Ending)??;
        let deadline = Instant::now() + self.config().limits.shutdown_timeout.get();
        schedule::stop(&gone, deadline.into_std()).await;
        tracing::info!("the configuration was read again and is in force");
        Ok(warnings)
    }

    fn read_again(&self) -> Result<(Found, Config, Problems), StartError> {
        let document = self.source.read()?;
        let trust = self
            .launcher
            .loader()
            .set_trust(Trust::of(document.config()));
        // Before it is looked into them, so that no change comes in between.
        self.follow_folders(document.config());
        let read = self.look_again(&document);
        if read.is_err() {
            self.launcher
                .loader()
                .set_trust(Arc::unwrap_or_clone(trust));
            self.follow_folders(&self.config());
        }
        read
    }

    fn look_again(&self, document: &Document) -> Result<(Found, Config, Problems), StartError> {
        let folders = self.source.folders(document.config());
        let mut found = discover(&folders, &document.config().plugins, &self.launcher);
        let standing = self.catalog.stand_by(&mut found);
        let (config, warnings) = document.settle(&plugin::known(&found, document.config()))?;
        tell(&found, &standing);
        Ok((Found { found, standing }, config, warnings))
    }

    /// Watches the plugin folders of a configuration, if that wants it.
    fn follow_folders(&self, config: &Config) {
        self.watch.follow(&self.source.watched_folders(config));
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
    let monitoring = |config: &Config| {
        let server = config.server.clone();
        (server.listen, server.web_config_file, server.tls)
    };
    let logins = |config: &Config| (config.auth.failures, config.auth.window);
    let changed = [
        (port, "telemetry.monitoring_port or telemetry.enabled"),
        (
            monitoring(old) != monitoring(new),
            "server.listen, server.web_config_file or server.tls",
        ),
        (old.profiling != new.profiling, "profiling"),
        (old.agent != new.agent, "agent"),
        (logins(old) != logins(new), "auth.failures or auth.window"),
        (old.audit != new.audit, "audit"),
        (limits, "limits"),
        (old.log != new.log, "log"),
        (old.state_folder != new.state_folder, "state_folder"),
    ];
    changed
        .into_iter()
        .filter_map(|(changed, key)| changed.then_some(key))
        .collect()
}
