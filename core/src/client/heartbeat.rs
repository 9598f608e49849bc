//! The heartbeat of an agent.

use std::time::{Duration, Instant};

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{body::Body, error::ClientError, pool::Client};

/// What an agent says of itself. Fields that this version does not know are kept in `rest`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The agent's version.
    pub version: String,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Heartbeats are short.
const LONGEST: usize = 1 << 20;

impl Client {
    /// Asks for a heartbeat.
    pub async fn heartbeat(&self) -> Result<Heartbeat, ClientError> {
        let request = self.request(Method::GET, "/v0/heartbeat");
        let patience = self.limits().heartbeat;
        let mut reply = self.send(request, Body::Empty, patience).await?;
        reply.json(LONGEST).await
    }

    /// Asks for a heartbeat, and tells how long the answer took.
    pub async fn ping(&self) -> Result<(Heartbeat, Duration), ClientError> {
        let begin = Instant::now();
        let heartbeat = self.heartbeat().await?;
        Ok((heartbeat, begin.elapsed()))
    }
}
