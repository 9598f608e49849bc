//! The heartbeat of an agent.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    body::Body,
    error::ClientError,
    pool::{Client, request},
};

/// What an agent says of itself. Fields that this version does not know are kept in `rest`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The agent's version.
    pub version: String,
    /// The node's name for itself, which stays over restarts.
    #[serde(default)]
    pub node_id: String,
    /// What everybody who uses the node should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// What it serves, as it says it.
    #[serde(default)]
    capabilities: Value,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Heartbeat {
    /// The plugins that serve the agent's API, from
    /// `{"listeners": {"api": [{"plugin": "…"}…]}}`. What else may stand there says nothing of it.
    pub fn capabilities(&self) -> BTreeSet<&str> {
        let served = self.capabilities.pointer("/listeners/api");
        let served = served.and_then(Value::as_array).into_iter().flatten();
        served
            .filter_map(|one| one.get("plugin").and_then(Value::as_str))
            .collect()
    }
}

/// Heartbeats are short.
const LONGEST: usize = 1 << 20;

impl Client {
    /// Asks for a heartbeat.
    pub async fn heartbeat(&self) -> Result<Heartbeat, ClientError> {
        let request = request(Method::GET, "/v0/heartbeat");
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_serves_the_api_is_read_as_the_agent_says_it() {
        let read = |capabilities: &str| {
            let text = format!(r#"{{"version": "1", "capabilities": {capabilities}}}"#);
            let beat: Heartbeat = serde_json::from_str(&text).unwrap();
            beat.capabilities()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let served = r#"{"listeners": {"monitoring": [{"plugin": "q"}], "api": [
            {"plugin": "p", "path": "/v0/x"}, {"plugin": "p", "path": "/v0/y"}, {}]}}"#;
        assert_eq!(read(served), ["p"]);
        assert!(read("null").is_empty() && read("[\"exec\"]").is_empty());
    }
}
