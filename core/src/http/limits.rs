//! What one listener grants its clients.

use std::{fmt, sync::Arc, time::Duration};

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
    /// Other body limits for single paths, such as those that plugins ask for.
    pub body_limits: BodyLimits,
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
            body_limits: BodyLimits::default(),
        }
    }
}

impl Limits {
    /// The body limit that holds for `path`, in bytes.
    pub fn max_body_at(&self, path: &str) -> u64 {
        self.body_limits.at(path).unwrap_or(self.max_body)
    }
}

/// Body limits that are looked up for each request, since what plugins ask for changes with them.
#[derive(Clone, Default)]
pub struct BodyLimits(Option<Arc<FindLimit>>);

type FindLimit = dyn Fn(&str) -> Option<u64> + Send + Sync;

impl BodyLimits {
    /// Limits that `find` gives, in bytes, for the path of a request; nothing for the usual one.
    pub fn by(find: impl Fn(&str) -> Option<u64> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(find)))
    }

    fn at(&self, path: &str) -> Option<u64> {
        self.0.as_ref().and_then(|find| find(path))
    }
}

impl fmt::Debug for BodyLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyLimits").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_have_a_limit_of_its_own() {
        let limits = Limits {
            max_body: 1,
            body_limits: BodyLimits::by(|path| (path == "/files").then_some(2)),
            ..Limits::default()
        };
        assert_eq!(
            (limits.max_body_at("/"), limits.max_body_at("/files")),
            (1, 2)
        );
        assert_eq!(
            Limits {
                max_body: 3,
                ..Limits::default()
            }
            .max_body_at("/files"),
            3
        );
    }
}
