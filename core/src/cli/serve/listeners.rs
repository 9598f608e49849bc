//! The listeners of a role: bound, then served.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use super::envelope::{Envelope, Secured};
use crate::{
    config::{self, Config},
    health::OwnApi,
    http::{BindError, BodyLimits, HostGuard, Limits, Listener, Serving, Setup, routes},
    monitor::{Listening, Monitor},
    role::Role,
};

/// Where profiling is served unless the configuration says so.
const USUAL_PROFILING_PORT: u16 = 6060;

/// The listeners of a role, bound and not yet served.
#[derive(Debug)]
pub(super) struct Bound {
    monitoring: Option<Listener>,
    profiling: Option<Listener>,
    api: Option<Listener>,
}

impl Bound {
    /// Binds what this role serves under this configuration.
    pub(super) async fn bind(config: &Config, role: Role) -> Result<Self, BindError> {
        let mut bound = Self {
            monitoring: None,
            profiling: None,
            api: None,
        };
        if config.telemetry.enabled {
            let (port, setting) = match role {
                Role::Main => (
                    config.telemetry.monitoring_port,
                    "telemetry.monitoring_port and server.listen, or --listen",
                ),
                Role::Agent => (
                    config.agent.monitoring_port,
                    "agent.monitoring_port and server.listen, or --listen",
                ),
            };
            bound.monitoring = Some(listener(config.server.listen, port, setting).await?);
            bound.profiling = profiling(&config.profiling).await?;
        }
        if role == Role::Agent {
            let setting = "agent.api_port and agent.listen, or --api-listen";
            let api = listener(config.agent.listen, config.agent.api_port, setting).await?;
            bound.api = Some(api);
        }
        Ok(bound)
    }
}

async fn listener(address: IpAddr, port: u16, setting: &str) -> Result<Listener, BindError> {
    Listener::bind(SocketAddr::new(address, port), setting).await
}

/// The usual port may be another gaxx-mon's: then there is no such listener.
async fn profiling(section: &config::Profiling) -> Result<Option<Listener>, BindError> {
    let port = section.port.unwrap_or(USUAL_PROFILING_PORT);
    match listener(section.listen, port, "profiling.port and profiling.listen").await {
        Err(BindError::InUse { address, .. }) if section.port.is_none() => {
            tracing::warn!(
                "{address} is in use, so profiling is only served on the monitoring port; \
                 profiling.port chooses another one"
            );
            Ok(None)
        }
        bound => bound.map(Some),
    }
}

impl Bound {
    /// Serves each of them, and has the check of the API ask there.
    pub(super) fn serve(self, envelope: &Envelope, monitor: &Arc<Monitor>) -> Vec<Serving> {
        let of = |name| envelope.of(name);
        let mut serving = Vec::new();
        if let Some((listener, secured)) = self.monitoring.zip(of(routes::MONITORING)) {
            let (address, url) = (
                listener.address(),
                note(&listener, &secured, monitor, routes::MONITORING),
            );
            let limits = routes::body_limits(monitor, &[routes::MONITORING, routes::PROFILING]);
            let setup = setup(&listener, secured, monitor, routes::MONITORING, limits);
            serving.push(listener.serve(routes::monitoring(monitor), setup));
            tracing::info!(%address, "listening on {url}, dashboard at {url}/dashboard");
        }
        if let Some((listener, secured)) = self.profiling.zip(of(routes::PROFILING)) {
            let url = note(&listener, &secured, monitor, routes::PROFILING);
            let limits = routes::body_limits(monitor, &[routes::PROFILING]);
            let setup = setup(&listener, secured, monitor, routes::PROFILING, limits);
            serving.push(listener.serve(routes::profiling(monitor), setup));
            tracing::info!("profiling is at {url}");
        }
        if let Some((listener, secured)) = self.api.zip(of(routes::API)) {
            let url = note(&listener, &secured, monitor, routes::API);
            monitor.note_api(OwnApi::new(listener.address(), secured.tls.is_some()));
            let limits = routes::body_limits(monitor, &[routes::API]);
            let setup = setup(&listener, secured, monitor, routes::API, limits);
            serving.push(listener.serve(routes::api(monitor), setup));
            tracing::info!("the API is at {url}");
        }
        serving
    }
}

/// Has the monitor know of a listener; gives its URL.
fn note(listener: &Listener, secured: &Secured, monitor: &Monitor, name: &'static str) -> String {
    let address = listener.address();
    let scheme = if secured.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let url = format!("{scheme}://{address}");
    monitor.note_listening(Listening {
        name,
        url: url.clone(),
        port: address.port(),
    });
    url
}

fn setup(
    listener: &Listener,
    secured: Secured,
    monitor: &Monitor,
    name: &'static str,
    body_limits: BodyLimits,
) -> Setup {
    let limits = &monitor.config().limits;
    let agent = monitor.instruments.seed.agent();
    let all = agent.filter(|_| name == routes::API);
    let all = all.map(|agent| agent.request_duration.clone());
    Setup {
        limits: Limits {
            connections: limits.max_connections as usize,
            header_time: limits.header_timeout.get(),
            idle_time: limits.idle_timeout.get(),
            max_body: limits.max_body.bytes(),
            body_limits,
            ..Limits::default()
        },
        guard: HostGuard::for_listener(listener.address()),
        observer: monitor.instruments.listeners.of(name, all),
        access: secured.access,
        tls: secured.tls,
    }
}
