//! One connection: HTTP/1.1 or HTTP/2 on any stream, until it ends by itself, by the shutdown or
//! by the clock.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, ready},
};

use hyper::rt::Executor;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    time::{Instant, Sleep, sleep},
};

use super::{
    Limits, Peer, Refusal, Stopping,
    activity::{Activity, Overdue},
    exchange::{Context, Exchanges},
    stream::Watched,
};
use crate::{security::Certificate, task};

/// Smallest buffer that hyper takes, in bytes.
const MIN_BUFFER: usize = 8 * 1024;

/// Most of an answer that may wait for its reader's window on HTTP/2, in bytes.
const MAX_UNSENT: usize = 128 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve<S>(
    stream: S,
    peer: Peer,
    certificate: Certificate,
    context: Arc<Context>,
    mut stopping: Stopping,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::new());
    let mut watchdog = Watchdog::new(&activity, &context.limits);
    let exchanges = Exchanges {
        context: Arc::clone(&context),
        activity: Arc::clone(&activity),
        peer,
        certificate: Arc::new(certificate),
        stopping: stopping.clone(),
    };
    let protocol = protocol(&context.limits);
    let stream = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let mut connection = std::pin::pin!(protocol.serve_connection_with_upgrades(stream, exchanges));
    let mut draining = false;
    loop {
        // In this order: the watchdog judges what the connection has just done.
        select! {
            biased;
            outcome = connection.as_mut() => {
                if let Some(reason) = outcome.err().and_then(|error| refusal(&*error)) {
                    context.observer.refused(reason);
                }
                return;
            }
            () = stopping.begun(), if !draining => {
                connection.as_mut().graceful_shutdown();
                draining = true;
            }
            overdue = &mut watchdog => {
                if let Some(reason) = overdue.refusal() {
                    context.observer.refused(reason);
                }
                return;
            }
        }
    }
}

fn protocol(limits: &Limits) -> Builder<Streams> {
    let mut builder = Builder::new(Streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        // The watchdog does this: hyper's clock also runs while a kept connection is idle, and
        // does not yet run while the first bytes are awaited.
        .header_read_timeout(None)
        // A client that closes its end has gone, and what it asked for ends with it; `Watched`
        // gives one that has only said all it had to say a moment for its answer.
        .half_close(false)
        // A head that fills the buffer is answered 431.
        .max_buf_size(MIN_BUFFER.max(limits.max_header as usize));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.max_header)
        .max_send_buf_size(MAX_UNSENT)
        .keep_alive_interval(limits.stall_time)
        .keep_alive_timeout(limits.stall_time);
    builder
}

/// Spawns what answers the streams of an HTTP/2 connection, side by side.
#[derive(Debug, Clone, Copy)]
struct Streams;

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        task::spawn("stream", stream);
    }
}

/// What there is to count about a connection that ended with an error. Clients that go away in the
/// middle of something are no refusals.
fn refusal(error: &(dyn Error + Send + Sync + 'static)) -> Option<Refusal> {
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_parse() {
        return Some(Refusal::Malformed);
    }
    // HTTP/2 pings that nobody answers.
    error.is_timeout().then_some(Refusal::Stalled)
}

/// Ends when the client is overdue. It is polled whenever its connection was, so it sees each
/// change that the connection's own doing makes; for the rest it looks again after the stall time.
struct Watchdog<'a> {
    activity: &'a Activity,
    limits: &'a Limits,
    wake: Pin<Box<Sleep>>,
}

impl<'a> Watchdog<'a> {
    fn new(activity: &'a Activity, limits: &'a Limits) -> Self {
        Self {
            activity,
            limits,
            wake: Box::pin(sleep(limits.header_time)),
        }
    }
}

impl Future for Watchdog<'_> {
    type Output = Overdue;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Overdue> {
        loop {
            let now = Instant::now();
            let due = self.activity.deadline(self.limits);
            let next = match due {
                Some((at, overdue)) if at <= now => return Poll::Ready(overdue),
                Some((at, _)) => at,
                None => now + self.limits.stall_time,
            };
            // A wake-up that comes too early costs less than moving it with each request.
            let too_late = due.is_some() && self.wake.deadline() > next;
            if too_late || self.wake.is_elapsed() {
                self.wake.as_mut().reset(next);
            }
            ready!(self.wake.as_mut().poll(cx));
        }
    }
}
