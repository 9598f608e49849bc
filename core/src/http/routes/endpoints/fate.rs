//! What became of a request that a plugin was given.

use std::sync::atomic::{AtomicBool, Ordering};

use gaxx_abi::{Fault, fault::kind};

use crate::plugin::record::{Failure, Reason};

/// What became of a request that a plugin was given; shared by its body, its reply and its call.
#[derive(Debug, Default)]
pub(super) struct Fate {
    caller_failed: Flag,
    unanswered: Flag,
    unfinished: Flag,
    returned: Flag,
}

/// Something that happens once.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Fate {
    /// The caller went away, stopped sending, or does not take the answer.
    pub(super) fn caller_failed(&self) -> &Flag {
        &self.caller_failed
    }

    /// The reply was dropped without a head.
    pub(super) fn unanswered(&self) -> &Flag {
        &self.unanswered
    }

    /// The reply was dropped in its midst.
    pub(super) fn unfinished(&self) -> &Flag {
        &self.unfinished
    }

    /// The call came back. The reply may be completed later.
    pub(super) fn returned(&self) -> &Flag {
        &self.returned
    }

    /// What the plugin did wrong, now that its call has come back.
    pub(super) fn of(&self, result: Result<(), Fault>) -> Option<Failure> {
        self.returned.set();
        match result {
            // What the caller does is no fault of the plugin.
            Err(fault) if self.caller_failed.is_set() && fault.kind != kind::PANIC => None,
            Err(fault) => Some(Failure::from_fault(&fault)),
            Ok(()) if self.caller_failed.is_set() => None,
            Ok(()) if self.unanswered.is_set() => Some(left("without an answer")),
            Ok(()) if self.unfinished.is_set() => Some(left("with half an answer")),
            Ok(()) => None,
        }
    }
}

fn left(how: &str) -> Failure {
    Failure::new(
        Reason::Error,
        format!("left a request {how}"),
        "the plugin must finish every reply, or answer an error",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::endpoints::body::fault;

    #[test]
    fn a_plugin_is_blamed_for_what_it_did() {
        let fate = Fate::default();
        assert_eq!(fate.of(Ok(())), None);
        assert!(fate.returned().is_set());
        let failure = fate.of(Err(fault(kind::PANIC, "panicked")));
        assert_eq!(failure.map(|failure| failure.reason), Some(Reason::Panic));
        fate.unfinished().set();
        assert!(
            fate.of(Ok(()))
                .is_some_and(|failure| failure.message.contains("half"))
        );
        fate.unanswered().set();
        assert!(
            fate.of(Ok(()))
                .is_some_and(|failure| failure.message.contains("without"))
        );
    }

    #[test]
    fn it_is_not_blamed_for_what_the_caller_did() {
        let fate = Fate::default();
        fate.caller_failed().set();
        fate.unanswered().set();
        assert_eq!(fate.of(Ok(())), None);
        assert_eq!(
            fate.of(Err(fault(kind::CANCELLED, "the caller has gone"))),
            None
        );
        assert!(fate.of(Err(fault(kind::PANIC, "panicked"))).is_some());
    }
}
