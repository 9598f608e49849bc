//! The caller, as a run sees him: he takes the answer, slowly perhaps, and may leave.

use std::time::{Duration, Instant};

use gaxx_sdk::{Deadline, ErrorKind, Reply, Result};

/// How long a piece of an answer is offered before it is looked after the command again.
const OFFER: Duration = Duration::from_millis(50);
/// How often it is asked whether the caller is still there.
const ASK: Duration = Duration::from_millis(40);
/// How long a caller may take nothing of what a command that has ended left.
pub(super) const SLOW: Duration = Duration::from_mins(1);

/// The caller of a run, and the answer to him.
pub(crate) struct Caller {
    reply: Reply,
    headers: Vec<(&'static str, &'static str)>,
    begun: bool,
    asked: Option<Instant>,
}

/// What became of a piece that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    Taken,
    /// The caller is slow: offer it again.
    Later,
    /// The caller has gone.
    Lost,
}

impl Caller {
    /// `headers` go with every answer.
    pub(crate) fn new(reply: Reply, headers: Vec<(&'static str, &'static str)>) -> Self {
        Self {
            reply,
            headers,
            begun: false,
            asked: None,
        }
    }

    /// Whether the caller has gone or the agent is stopping; asked now and then.
    pub(crate) fn has_gone(&mut self) -> bool {
        if self.asked.is_some_and(|when| when.elapsed() < ASK) {
            return false;
        }
        self.asked = Some(Instant::now());
        self.reply.is_cancelled()
    }

    /// Offers a piece of a streamed answer.
    pub(super) fn offer(&mut self, content_type: &str, piece: &[u8]) -> Offered {
        if !self.begun {
            self.begun = true;
            let streamed = [
                ("content-type", content_type),
                ("cache-control", "no-store"),
                ("x-accel-buffering", "no"),
            ];
            let headers: Vec<_> = self.headers.iter().copied().chain(streamed).collect();
            if self.reply.head(200, &headers).is_err() {
                return Offered::Lost;
            }
        }
        match self.reply.write(piece, Deadline::after(OFFER)) {
            Ok(()) => Offered::Taken,
            Err(error) if error.kind() == ErrorKind::Deadline => Offered::Later,
            Err(_) => Offered::Lost,
        }
    }

    /// Sends a piece of a streamed answer, however slow the caller; whether he took it.
    pub(crate) fn deliver(&mut self, content_type: &str, piece: &[u8]) -> bool {
        let begun = Instant::now();
        loop {
            match self.offer(content_type, piece) {
                Offered::Taken => return true,
                Offered::Later if begun.elapsed() < SLOW => {}
                Offered::Later | Offered::Lost => return false,
            }
        }
    }

    /// Ends a streamed answer.
    pub(crate) fn finish(self) -> Result<()> {
        self.reply.finish()
    }

    /// Sends a whole answer. Nobody is told where the caller has gone.
    pub(crate) fn answer(mut self, status: u16, more: &[(&str, &str)], body: &[u8]) {
        let length = body.len().to_string();
        let own = [
            ("content-type", "application/json"),
            ("content-length", &length),
            ("cache-control", "no-store"),
        ];
        let headers: Vec<_> = self
            .headers
            .iter()
            .copied()
            .chain(own)
            .chain(more.iter().copied())
            .collect();
        let sent = self.reply.head(status, &headers);
        let mut pieces = body.chunks(64 << 10);
        let sent = sent.and_then(|()| {
            pieces.try_for_each(|piece| self.reply.write(piece, Deadline::after(SLOW)))
        });
        if let Err(error) = sent.and_then(|()| self.reply.finish()) {
            gaxx_sdk::log::debug!("an answer was not taken: {error}");
        }
    }
}
