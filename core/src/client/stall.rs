//! Noticing that nothing moves any more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::request::Builder;
use tokio::time::sleep;

use super::{
    body::Body,
    error::{ClientError, Trouble},
    pool::Client,
    reply::Reply,
    transfer::{Progress, Step},
};

/// How much longer than for the next byte is waited for an answer once all was sent: the node makes
/// it durable, and reads again for its digest what it had before.
const TO_THE_END: u32 = 10;

/// For how many silences in a row nothing may move until then.
const ON_THE_WAY: u32 = 1;

/// A request whose body is watched: as long as it moves, it may take as long as it does.
pub(super) struct Watched {
    moved: Arc<Counter>,
    total: Option<u64>,
}

struct Counter {
    bytes: AtomicU64,
    progress: Arc<dyn Progress>,
}

impl Progress for Counter {
    fn step(&self, step: Step<'_>) {
        self.progress.step(step);
    }

    fn done(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.progress.done(bytes);
    }
}

impl Watched {
    /// One with a body of so many bytes, where that is known.
    pub(super) fn new(progress: Arc<dyn Progress>, total: Option<u64>) -> Self {
        let bytes = AtomicU64::new(0);
        Self {
            moved: Arc::new(Counter { bytes, progress }),
            total,
        }
    }

    /// What is to be told of each piece.
    pub(super) fn counter(&self) -> Arc<dyn Progress> {
        Arc::clone(&self.moved) as Arc<dyn Progress>
    }

    /// Sends the request; an error once nothing has moved for too long.
    pub(super) async fn send(
        &self,
        client: &Client,
        request: Builder,
        body: Body,
    ) -> Result<Reply, ClientError> {
        tokio::select! {
            reply = client.send(request, body, Duration::MAX) => reply,
            after = self.still(client.limits().silence) => {
                let what = "the next part of the transfer";
                Err(client.trouble(None, Trouble::Silent { what, after }))
            }
        }
    }

    /// Ends when nothing has moved for too long; answers for how long.
    async fn still(&self, silence: Duration) -> Duration {
        let (mut seen, mut quiet) = (0, 0);
        loop {
            sleep(silence).await;
            let now = self.moved.bytes.load(Ordering::Relaxed);
            quiet = if now == seen { quiet + 1 } else { 0 };
            seen = now;
            let sent = self.total.is_none_or(|total| now >= total);
            if quiet >= if sent { TO_THE_END } else { ON_THE_WAY } {
                return silence * quiet;
            }
        }
    }
}
