//! The sign that the server is ending, for answers that would otherwise go on for ever.

use futures_util::{Stream, StreamExt};
use tokio::{sync::watch, time::Instant};

/// Tells when the listener began to shut down. It is in the extensions of every request; a route
/// reads it with `warp::ext::get::<Stopping>()`.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<Option<Instant>>);

impl Stopping {
    pub(super) fn new(deadline: watch::Receiver<Option<Instant>>) -> Self {
        Self(deadline)
    }

    /// Whether the shutdown has begun.
    pub fn has_begun(&self) -> bool {
        self.0.borrow().is_some() || self.0.has_changed().is_err()
    }

    /// Waits for the shutdown.
    pub async fn begun(&mut self) {
        self.deadline().await;
    }

    /// `stream`, ended when the shutdown begins. Every event stream goes through here.
    pub fn end<S: Stream>(mut self, stream: S) -> impl Stream<Item = S::Item> {
        stream.take_until(async move { self.begun().await })
    }

    /// Waits for the shutdown and tells when what is still open will be cut. A listener that was
    /// dropped instead of shut down cuts at once.
    pub(super) async fn deadline(&mut self) -> Instant {
        match self.0.wait_for(Option::is_some).await {
            Ok(deadline) => deadline.unwrap_or_else(Instant::now),
            Err(_) => Instant::now(),
        }
    }
}
