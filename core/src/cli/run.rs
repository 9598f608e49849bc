//! No command: monitor until stopped.

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    arguments::Common,
    load::{document, refuse},
    signals::{Asked, Signals},
};
use crate::{
    build,
    config::{Config, Document},
    http::{HostGuard, Limits, Listener, Serving, routes},
    instruments::Instruments,
    monitor::{Monitor, Source},
    role::Role,
};

/// Threads of the runtime: it moves bytes and numbers; plugins run on threads of their own.
const RUNTIME_THREADS: usize = 2;

/// How long the pages wait for plugins to make their components; later ones come when they are made.
const PATIENCE: Duration = Duration::from_millis(700);

pub(super) fn run(common: &Common) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(serve(common));
            // A plugin's call that hangs must not keep the program from ending.
            runtime.shutdown_background();
            code
        }
        Err(error) => refuse(&format!("cannot start: {error}")),
    }
}

async fn serve(common: &Common) -> ExitCode {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return refuse(&format!("cannot follow signals: {error}")),
    };
    let instruments = Instruments::new(Role::Main);
    let source = common.source();
    let document = match document(&source, &instruments, false) {
        Ok(document) => document,
        Err(code) => return code,
    };
    tracing::info!(
        version = build::VERSION,
        commit = build::COMMIT,
        "gaxx-mon starts"
    );
    if let Some(file) = &source.file {
        tracing::info!(file = %file.display(), "configuration");
    }
    instruments.seed.app_starts.inc();
    if !document.config().telemetry.enabled {
        tracing::warn!("telemetry.enabled is false: nothing is collected and nothing is served");
        signals.stop().await;
        return ExitCode::SUCCESS;
    }
    // Bound first, so that a port in use is told at once, and early callers wait instead of failing.
    let listener = match bind(document.config()).await {
        Ok(listener) => listener,
        Err(error) => return refuse(&error),
    };
    // Plugins' code runs here, and may hang: a signal ends the program all the same.
    let prepared = tokio::select! {
        prepared = prepare(source, document, instruments) => prepared,
        () = signals.stop() => return ExitCode::SUCCESS,
    };
    let monitor = match prepared {
        Ok(monitor) => monitor,
        Err(code) => return code,
    };
    let serving = listen(listener, &monitor);
    let schedule = tokio::spawn(Arc::clone(&monitor).run());
    until_stopped(&monitor, &mut signals).await;
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        () = stop(&monitor, serving) => {}
        () = signals.stop() => tracing::warn!("ended at once by a second signal"),
    }
    schedule.abort();
    ExitCode::SUCCESS
}

async fn bind(config: &Config) -> Result<Listener, crate::http::BindError> {
    let address = SocketAddr::new(config.server.listen, config.telemetry.monitoring_port);
    if !config.server.listen.is_loopback() {
        tracing::warn!(%address, "the pages are served to other machines, plainly and to everyone");
    }
    Listener::bind(
        address,
        "telemetry.monitoring_port and server.listen, or --listen",
    )
    .await
}

async fn prepare(
    source: Source,
    document: Document,
    instruments: Instruments,
) -> Result<Arc<Monitor>, ExitCode> {
    let prepare = move || Monitor::prepare(source, &document, instruments, PATIENCE);
    match tokio::task::spawn_blocking(prepare).await {
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

fn listen(listener: Listener, monitor: &Arc<Monitor>) -> Serving {
    let address = listener.address();
    let limits = &monitor.config().limits;
    let limits = Limits {
        connections: limits.max_connections as usize,
        header_time: limits.header_timeout.get(),
        idle_time: limits.idle_timeout.get(),
        max_body: limits.max_body.bytes(),
        body_limits: routes::monitoring_body_limits(monitor),
        ..Limits::default()
    };
    let observer = monitor.instruments.listeners.of("monitoring");
    let guard = HostGuard::for_listener(address);
    let serving = listener.serve(routes::monitoring(monitor), limits, guard, observer);
    tracing::info!(%address, "listening on http://{address}, dashboard at http://{address}/dashboard");
    serving
}

async fn until_stopped(monitor: &Arc<Monitor>, signals: &mut Signals) {
    while signals.next().await == Asked::Reload {
        // Beside this task: plugins' code runs there, and may hang.
        let monitor = Arc::clone(monitor);
        tokio::spawn(async move { monitor.reload_and_tell().await });
    }
}

/// Answers what is in flight, sends what waits, stops the plugins.
async fn stop(monitor: &Monitor, serving: Serving) {
    let limit = monitor.config().limits.shutdown_timeout.get();
    // Something is left for ending the process itself.
    let deadline = Instant::now() + limit.mul_f64(0.9);
    // What requests do not need is left to exporters and plugins.
    let for_requests = limit.mul_f64(0.8).max(Duration::from_millis(100));
    let (cut, ()) = tokio::join!(serving.shutdown(for_requests), monitor.stop(deadline));
    if cut > 0 {
        tracing::warn!(cut, "connections were cut at the end of the shutdown");
    }
    tracing::info!("stopped");
}
