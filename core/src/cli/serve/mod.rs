//! Runs until it is stopped: monitors, and serves what the role has.

mod envelope;
mod listeners;

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use self::{envelope::Envelope, listeners::Bound};
use super::{
    load::{document, refuse},
    signals::{Asked, Signals},
};
use crate::{
    build,
    config::Document,
    http::Serving,
    instruments::Instruments,
    monitor::{Monitor, Source},
    role::Role,
    task,
};

/// Threads of the runtime: it moves bytes and numbers; plugins run on threads of their own.
const RUNTIME_THREADS: usize = 2;

/// How long the pages wait for plugins to make their components; later ones come when they are made.
const PATIENCE: Duration = Duration::from_millis(700);

/// Runs as this role until a signal ends it.
pub(super) fn run(source: Source, role: Role) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(task::record("main", serve(source, role)));
            // A plugin's call that hangs must not keep the program from ending.
            runtime.shutdown_background();
            code.unwrap_or_else(|code| code)
        }
        Err(error) => refuse(&format!("cannot start: {error}")),
    }
}

async fn serve(source: Source, role: Role) -> Result<ExitCode, ExitCode> {
    let mut signals =
        Signals::new().map_err(|error| refuse(&format!("cannot follow signals: {error}")))?;
    let instruments = Instruments::new(role);
    let document = document(&source, &instruments, false)?;
    tracing::info!(
        version = build::VERSION,
        commit = build::COMMIT,
        role = role.label(),
        "gaxx-mon starts"
    );
    if let Some(file) = &source.file {
        tracing::info!(file = %file.display(), "configuration");
    }
    instruments.seed.starts.inc();
    if !document.config().telemetry.enabled {
        match role {
            Role::Main => {
                tracing::warn!(
                    "telemetry.enabled is false: nothing is collected and nothing is served"
                );
                signals.stop().await;
                return Ok(ExitCode::SUCCESS);
            }
            Role::Agent => {
                tracing::warn!("telemetry.enabled is false: only the API is served");
            }
        }
    }
    // Bound first, so that a port in use is told at once, and early callers wait instead of failing.
    let bound = Bound::bind(document.config(), role)
        .await
        .map_err(|error| refuse(&error))?;
    let envelope = Envelope::open(role, &source, document.config());
    let envelope = Arc::new(envelope.map_err(|error| refuse(&error))?);
    // Plugins' code runs here, and may hang: a signal ends the program all the same.
    let monitor = tokio::select! {
        prepared = prepare(source, document, instruments) => prepared?,
        () = signals.stop() => return Ok(ExitCode::SUCCESS),
    };
    let serving = bound.serve(&envelope, &monitor);
    monitor.on_reload(move |config| envelope.renew(config));
    let schedule = task::spawn("schedule", Arc::clone(&monitor).run());
    until_stopped(&monitor, &mut signals).await;
    tracing::info!("stopping; a second signal ends at once");
    if let Some(agent) = monitor.instruments.seed.agent() {
        agent.shutdowns.inc();
    }
    tokio::select! {
        () = stop(&monitor, serving) => {}
        () = signals.stop() => tracing::warn!("ended at once by a second signal"),
    }
    schedule.abort();
    Ok(ExitCode::SUCCESS)
}

async fn prepare(
    source: Source,
    document: Document,
    instruments: Instruments,
) -> Result<Arc<Monitor>, ExitCode> {
    let prepare = move || Monitor::prepare(source, &document, instruments, PATIENCE);
    match task::spawn_blocking("start", prepare).await {
        Ok(Ok((monitor, warnings))) => {
            for warning in &warnings {
                tracing::warn!("{warning}");
            }
            Ok(monitor)
        }
        Ok(Err(error)) => Err(refuse(&error)),
        Err(error) => Err(refuse(&format!("the start was cut off: {error}"))),
    }
}

async fn until_stopped(monitor: &Arc<Monitor>, signals: &mut Signals) {
    while signals.next().await == Asked::Reload {
        // Beside this task: plugins' code runs there, and may hang.
        let monitor = Arc::clone(monitor);
        task::spawn("reload", async move { monitor.reload_and_tell().await });
    }
}

/// Answers what is in flight, sends what waits, stops the plugins.
async fn stop(monitor: &Monitor, serving: Vec<Serving>) {
    let limit = monitor.config().limits.shutdown_timeout.get();
    // Something is left for ending the process itself.
    let deadline = Instant::now() + limit.mul_f64(0.9);
    // What requests do not need is left to exporters and plugins.
    let for_requests = limit.mul_f64(0.8).max(Duration::from_millis(100));
    let drained = futures_util::future::join_all(
        serving
            .into_iter()
            .map(|listener| listener.shutdown(for_requests)),
    );
    let (cut, ()) = tokio::join!(drained, monitor.stop(deadline));
    let cut: usize = cut.into_iter().sum();
    if cut > 0 {
        tracing::warn!(cut, "connections were cut at the end of the shutdown");
    }
    tracing::info!("stopped");
}
