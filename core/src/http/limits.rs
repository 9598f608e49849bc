//! What one listener grants its clients.

use std::time::Duration;

/// Limits of one listener. Each refusal they cause is counted (see [`Refusal`](super::Refusal)).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at one time; one more is answered 503 and closed.
    pub connections: usize,
    /// Streams open at one time on an HTTP/2 connection.
    pub streams: u32,
    /// Time for a whole request head: from the accept for the first one, from its first byte for
    /// those that follow on the same connection.
    pub header_time: Duration,
    /// Time a connection may stay open with no request on it.
    pub idle_time: Duration,
    /// Time without any progress after which a client that neither reads its answer nor sends its
    /// announced body is cut off. An event stream survives as long as its reader takes the events.
    pub stall_time: Duration,
    /// Bytes of a request's head, at least 8 KiB; more is answered 431. An HTTP/1.1 connection
    /// reads and writes with buffers up to this size.
    pub max_header: u32,
    /// Bytes of a request's body; more is answered 413.
    pub max_body: u64,
    /// Other body limits, by path prefix: `("/v0/files", 1 << 32)` holds for that path and all
    /// below it. The longest matching prefix wins.
    pub max_body_below: Vec<(String, u64)>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            streams: 32,
            header_time: Duration::from_secs(10),
            // Longer than the usual scrape interval of a minute, so that a scraper keeps its connection.
            idle_time: Duration::from_mins(2),
            stall_time: Duration::from_secs(30),
            max_header: 64 * 1024,
            max_body: 1024 * 1024,
            max_body_below: Vec::new(),
        }
    }
}

impl Limits {
    /// The body limit that holds for `path`, in bytes.
    pub fn max_body_at(&self, path: &str) -> u64 {
        self.max_body_below
            .iter()
            .filter(|(prefix, _)| is_below(path, prefix))
            .max_by_key(|(prefix, _)| prefix.len())
            .map_or(self.max_body, |(_, bytes)| *bytes)
    }
}

/// Whether `path` is `prefix` or a path beneath it, by whole segments.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_of_whole_segments_sets_the_body_limit() {
        let limits = Limits {
            max_body: 1,
            max_body_below: vec![("/files".into(), 2), ("/files/big/".into(), 3)],
            ..Limits::default()
        };
        for (path, bytes) in [
            ("/", 1),
            ("/filesystem", 1),
            ("/files", 2),
            ("/files/", 2),
            ("/files/a", 2),
            ("/files/big", 3),
            ("/files/big/one", 3),
            ("/files/bigger", 2),
        ] {
            assert_eq!(limits.max_body_at(path), bytes, "{path}");
        }
    }
}
