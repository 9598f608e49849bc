//! Upper bounds on what clients and plugins may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Duration, Size};

/// Upper bounds on what clients and plugins may use. What each of them refuses is counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// How many connections a listener holds at once; further ones are answered 503 and closed.
    #[schemars(range(min = 1, max = 65536))]
    pub max_connections: u32,
    /// How long a client may take to send the head of a request.
    pub header_timeout: Duration,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// The largest body of a request.
    pub max_body: Size,
    /// How long requests that are under way may take to end when the program stops.
    pub shutdown_timeout: Duration,
    /// The largest plugin library that is loaded.
    pub max_library_size: Size,
    /// The most that the private copies of all loaded plugin libraries may take together.
    pub max_loaded_size: Size,
    /// How many threads may hang in plugin calls that do not return. When it is reached,
    /// components that have never returned are not called, and that is counted.
    #[schemars(range(min = 1, max = 4096))]
    pub max_stuck_threads: u32,
    /// The longest value of a label, in bytes; a longer one is refused and counted.
    #[schemars(range(min = 1, max = 65536))]
    pub max_label_length: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 512,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            max_body: Size::mib(1),
            shutdown_timeout: Duration::from_secs(5),
            max_library_size: Size::mib(256),
            max_loaded_size: Size::mib(1024),
            max_stuck_threads: 64,
            max_label_length: 1024,
        }
    }
}
