//! Whether a TCP port takes connections, and how long that takes.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Instant;

use gaxx_sdk::prelude::*;

/// Settings under `plugins.tcp-port` in config.yaml.
#[settings]
struct Settings {
    /// Host and port to connect to.
    #[default("127.0.0.1:9090".to_owned())]
    target: String,
    /// A connection that took at least this long is degraded.
    #[default(Duration::from_millis(100))]
    slow_after: Duration,
    /// The port counts as closed if it did not answer within this time.
    #[default(Duration::from_secs(3))]
    timeout: Duration,
}

struct TcpPort {
    settings: Settings,
    connect_time: Gauge,
}

impl Component for TcpPort {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let help = "How long it last took to connect; absent while it fails.";
        let family = context.gauges("tcp_port_connect_seconds", help, ["target"])?;
        let connect_time = family.try_with([&settings.target])?;
        Ok(Self {
            settings,
            connect_time,
        })
    }
}

impl HealthCheck for TcpPort {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        let settings = &self.settings;
        let (target, begin) = (&settings.target, Instant::now());
        self.connect_time.clear();
        if let Err(error) = connect(target, settings.timeout.min(deadline.remaining())) {
            return Ok(Verdict::unhealthy(format!("{target}: {error}")));
        }
        let took = begin.elapsed();
        self.connect_time.set(took.as_secs_f64());
        Ok(if took < settings.slow_after {
            Verdict::healthy(format!("{target} answered within {took:.1?}"))
        } else {
            Verdict::degraded(format!("{target} took {took:.1?} to answer"))
        })
    }
}

fn connect(target: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut result = Err(io::Error::other("the name has no address"));
    for address in target.to_socket_addrs()? {
        result = TcpStream::connect_timeout(&address, timeout);
        if result.is_ok() {
            break;
        }
    }
    result
}

gaxx_sdk::plugin! {
    name = "tcp-port";
    description = "Whether a TCP port takes connections, and how long that takes.";
    check "tcp-port" => TcpPort;
}

#[cfg(test)]
mod tests;
