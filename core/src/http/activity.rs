//! What one connection is doing, and since when its client has owed the next step.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{Limits, Refusal};

/// Why a connection is ended by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The request head did not come in time.
    Header,
    /// No request came for a long time. This is no fault of the client.
    Idle,
    /// The client takes no more bytes.
    Stalled,
}

impl Overdue {
    /// The refusal to count.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Header => Some(Refusal::HeaderTime),
            Self::Idle => None,
            Self::Stalled => Some(Refusal::Stalled),
        }
    }
}

/// Shared by the parts that serve one connection: its stream, its requests and its answers report
/// here, and the watchdog asks for the next deadline.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests begun and not yet over.
    open: usize,
    /// Since when `open` is zero: the accept, or the end of the last request.
    quiet_since: Instant,
    /// When the first bytes came after `quiet_since`.
    heard_at: Option<Instant>,
    /// Whether a request has come.
    used: bool,
    /// HTTP/2 clients send pings and window updates too: bytes do not announce a request.
    multiplexed: bool,
    /// Since when the socket takes no more bytes.
    blocked_since: Option<Instant>,
    /// HTTP/2 answers of which a piece is out and the next not yet asked for, and since when. A
    /// client stops a single answer through its window there, which the socket does not show.
    unread: Vec<(u64, Instant)>,
    next_request: u64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            open: 0,
            quiet_since: Instant::now(),
            heard_at: None,
            used: false,
            multiplexed: false,
            blocked_since: None,
            unread: Vec::new(),
            next_request: 0,
        }))
    }

    /// Whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.state().open > 0
    }

    /// Bytes came in.
    pub(super) fn heard(&self) {
        let mut state = self.state();
        if state.open == 0 && state.heard_at.is_none() {
            state.heard_at = Some(Instant::now());
        }
    }

    /// The socket took bytes, or refused them.
    pub(super) fn wrote(&self, accepted: bool) {
        let mut state = self.state();
        if accepted {
            state.blocked_since = None;
        } else if state.blocked_since.is_none() {
            state.blocked_since = Some(Instant::now());
        }
    }

    /// A request began; gives its number.
    pub(super) fn began(&self, multiplexed: bool) -> u64 {
        let mut state = self.state();
        state.open += 1;
        state.used = true;
        state.heard_at = None;
        state.multiplexed = multiplexed;
        state.next_request += 1;
        state.next_request
    }

    /// A piece of the answer is out.
    pub(super) fn gave(&self, request: u64) {
        let mut state = self.state();
        if state.multiplexed {
            state.unread.push((request, Instant::now()));
        }
    }

    /// The next piece of the answer was asked for.
    pub(super) fn asked(&self, request: u64) {
        self.state().unread.retain(|(of, _)| *of != request);
    }

    /// A request is over.
    pub(super) fn ended(&self, request: u64) {
        let mut state = self.state();
        state.unread.retain(|(of, _)| *of != request);
        state.open -= 1;
        if state.open == 0 {
            state.quiet_since = Instant::now();
            state.heard_at = None;
        }
    }

    /// When the client will be overdue, and with what; nothing while it is the server's turn.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<(Instant, Overdue)> {
        let state = self.state();
        let unread = state.unread.iter().map(|(_, since)| *since);
        let stalled = unread
            .chain(state.blocked_since)
            .min()
            .map(|since| (since + limits.stall_time, Overdue::Stalled));
        let next_request = (state.open == 0).then(|| match state.heard_at {
            _ if !state.used => (state.quiet_since + limits.header_time, Overdue::Header),
            Some(heard) if !state.multiplexed => (heard + limits.header_time, Overdue::Header),
            _ => (state.quiet_since + limits.idle_time, Overdue::Idle),
        });
        stalled
            .into_iter()
            .chain(next_request)
            .min_by_key(|(at, _)| *at)
    }

    /// No call here panics half-way, so the state of a poisoned lock is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(activity: &Activity) -> Option<Overdue> {
        activity.deadline(&Limits::default()).map(|(_, why)| why)
    }

    #[test]
    fn the_client_owes_a_head_first_and_then_only_when_it_began_one() {
        let activity = Activity::new();
        assert_eq!(due(&activity), Some(Overdue::Header));
        let first = activity.began(false);
        assert_eq!(due(&activity), None, "the server's turn");
        activity.heard();
        activity.ended(first);
        assert_eq!(due(&activity), Some(Overdue::Idle), "a body is no head");
        activity.heard();
        assert_eq!(due(&activity), Some(Overdue::Header));
    }

    #[test]
    fn bytes_on_http2_announce_no_request() {
        let activity = Activity::new();
        let first = activity.began(true);
        activity.ended(first);
        activity.heard();
        assert_eq!(due(&activity), Some(Overdue::Idle));
    }

    #[test]
    fn an_answer_that_waits_for_its_reader_is_stalled_until_the_next_piece_is_asked_for() {
        let activity = Activity::new();
        let (one, two) = (activity.began(true), activity.began(true));
        activity.gave(one);
        activity.gave(two);
        activity.asked(two);
        assert_eq!(due(&activity), Some(Overdue::Stalled));
        activity.asked(one);
        assert_eq!(due(&activity), None);
        activity.gave(one);
        activity.ended(one);
        assert_eq!(due(&activity), None, "a finished answer owes nothing");
    }

    #[test]
    fn a_full_socket_is_stalled_until_it_takes_bytes() {
        let activity = Activity::new();
        activity.began(false);
        activity.wrote(false);
        assert_eq!(due(&activity), Some(Overdue::Stalled));
        activity.wrote(true);
        assert_eq!(due(&activity), None);
    }
}
