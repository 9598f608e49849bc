//! All that the dashboard shows, as one message.

use std::time::{Instant, SystemTime};

use serde::Serialize;

use super::{Listening, Monitor, history, tiles::Tile};
use crate::{build, health::Report, plugin::PluginRow, time::rfc3339};

/// All that the dashboard shows.
#[derive(Debug, Serialize)]
struct State {
    now: String,
    role: &'static str,
    listeners: Vec<Listening>,
    host: String,
    version: &'static str,
    uptime_seconds: f64,
    health: Report,
    tiles: Vec<Tile>,
    plugins: Vec<PluginRow>,
}

impl Monitor {
    /// All that the dashboard shows, as JSON.
    pub fn state(&self) -> String {
        let state = State {
            now: rfc3339(SystemTime::now()),
            role: self.instruments.role.label(),
            listeners: self.listening(),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            version: build::VERSION,
            uptime_seconds: self.uptime().as_secs_f64(),
            health: self.health.report(),
            tiles: history::lock(&self.history).tiles(Instant::now()),
            plugins: self.rows(),
        };
        serde_json::to_string(&state).unwrap_or_default()
    }
}
