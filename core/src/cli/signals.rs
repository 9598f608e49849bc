//! Signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that the program follows.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end.
    Stop,
    /// To read the configuration again.
    Reload,
}

impl Signals {
    /// Follows SIGINT, SIGTERM and SIGHUP from now on.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// The next signal that asks to end.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Asked::Stop {}
    }
}
