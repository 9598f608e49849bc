//! Profiles of processes, good and bad.

use std::{sync::Arc, thread, time::Duration};

use gaxx_abi::{Fault, fault::kind};
use rustix::net::{SendFlags, send};

use super::{
    BOUND,
    puppet::{Puppet, Script},
};
use crate::{
    isolation::{
        process::{Cause, Child, Ending, Process, fault},
        wire::message::{Ask, Told},
    },
    profile::{ProfileError, Subject},
};

struct Stage {
    process: Arc<Process>,
    child: Arc<Child>,
}

fn stage(script: Script) -> Stage {
    let puppet = Puppet::new(1, script);
    Stage {
        child: Child::played(&puppet.process),
        process: puppet.process,
    }
}

impl Stage {
    fn subject(&self) -> Result<Box<dyn Subject>, ProfileError> {
        Ok(Box::new(self.child.status().profiled("demo")?))
    }

    /// What who ordered a CPU profile is told of its failure.
    fn cpu(&self, within: Duration) -> Fault {
        let samples = self.subject().and_then(|one| one.sample(99, within));
        samples
            .and_then(|one| one.finish(within))
            .unwrap_err()
            .into()
    }
}

fn works(ask: Ask) -> Option<Told> {
    Some(match ask {
        Ask::Sample { .. } => Told::Done,
        Ask::Sampled(_) => Told::Bytes(vec![1]),
        Ask::Heap(_) => Told::Bytes(vec![2; 1 << 20]),
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_process_that_works_gives_both_profiles() {
    let stage = stage(|ask, _| works(ask));
    let samples = stage.subject().unwrap().sample(99, BOUND).unwrap();
    // Each has a line of its own.
    let heap = stage.subject().unwrap().heap(BOUND).unwrap();
    assert_eq!(heap.len(), 1 << 20);
    assert_eq!(samples.finish(BOUND).unwrap(), [1]);
    assert_eq!(stage.process.ending(), None);
}

#[test]
fn what_the_process_says_is_passed_on_with_its_name() {
    let script: Script = |_, _| {
        let busy = ProfileError::Busy;
        Some(Told::Fault(busy.into()))
    };
    let fault = stage(script).cpu(BOUND);
    assert_eq!(fault.kind, kind::LIMIT);
    assert_eq!(
        fault.message,
        "plugin demo: a CPU profile is being taken already"
    );
    assert!(!fault.remedy.is_empty());
}

#[test]
fn one_that_was_stopped_keeps_nobody_waiting_and_is_left_alone() {
    let script: Script = |ask, _| match ask {
        Ask::Heap(_) => loop {
            thread::park();
        },
        other => works(other),
    };
    let stage = stage(script);
    let heap = stage.subject().unwrap().heap(Duration::from_millis(40));
    let fault = Fault::from(heap.unwrap_err());
    assert_eq!(fault.kind, kind::DEADLINE, "{}", fault.message);
    assert!(fault.message.contains("no profile in time"));
    assert_eq!(stage.process.ending(), None);
    // Nor does the next one wait for that one.
    let samples = stage.subject().unwrap().sample(99, BOUND).unwrap();
    assert_eq!(samples.finish(BOUND).unwrap(), [1]);
}

#[test]
fn one_that_dies_meanwhile_says_why() {
    let stage = stage(|ask, _| works(ask));
    let samples = stage.subject().unwrap().sample(99, BOUND).unwrap();
    stage.process.condemn(Ending::cpu("demo"));
    let fault = Fault::from(samples.finish(BOUND).unwrap_err());
    assert_eq!(fault.kind, kind::FAILED);
    assert!(fault.message.contains("CPU time"), "{}", fault.message);
    // There is none at the moment.
    let fault = stage.cpu(BOUND);
    assert!(
        fault.message.starts_with("plugin demo: "),
        "{}",
        fault.message
    );
    let ending = stage.process.ending().unwrap();
    stage.child.is_down(&ending, BOUND, None);
    let fault = stage.cpu(BOUND);
    assert_eq!(fault.kind, kind::FAILED);
    assert!(
        fault.message.contains("started again in"),
        "{}",
        fault.message
    );
}

#[test]
fn one_that_closes_the_line_is_left_alone() {
    let stage = stage(|_, _| None);
    let fault = stage.cpu(BOUND);
    assert!(
        fault.message.contains("gave no profile"),
        "{}",
        fault.message
    );
    assert_eq!(stage.process.ending(), None);
}

#[test]
fn one_that_sends_garbage_or_too_much_or_something_else_is_ended() {
    let lies: Script = |_, line| {
        send(line.socket(), &[0xff; 64], SendFlags::NOSIGNAL).unwrap();
        None
    };
    let confused: Script = |_, _| Some(Told::Saved(None));
    for script in [lies, confused] {
        let stage = stage(script);
        let fault = stage.cpu(BOUND);
        assert_eq!(fault.kind, kind::FAILED, "{}", fault.message);
        let ending = stage.process.ending().unwrap();
        assert_eq!(ending.cause, Cause::Protocol);
    }
}

#[test]
fn a_message_of_a_process_is_one_line_of_bounded_length() {
    let script: Script = |_, _| {
        let long = "a\n".repeat(100_000);
        Some(Told::Fault(fault(kind::FAILED, long, "\u{1b}[31m")))
    };
    let fault = stage(script).cpu(BOUND);
    assert!(fault.message.chars().count() <= 1001);
    assert!(!fault.message.contains('\n') && !fault.remedy.contains('\u{1b}'));
}
