//! Profiles that a child takes of itself.

use std::{sync::atomic::AtomicBool, sync::atomic::Ordering, time::Duration};

use gaxx_abi::fault::kind;

use super::{Bench, Line, make};
use crate::{
    isolation::wire::message::{Ask, PROFILE, Told},
    profile::{ProfileError, Samples, Subject},
};

/// Who is asked for so many samples gives a profile that does not pass.
const TOO_MANY: u32 = 250;

static SAMPLED: AtomicBool = AtomicBool::new(false);

struct Fake;

struct FakeSamples(u32);

/// All children of these tests are one process: one profile at a time.
pub(super) fn subject() -> Box<dyn Subject> {
    Box::new(Fake)
}

impl Subject for Fake {
    fn sample(self: Box<Self>, hertz: u32, _: Duration) -> Result<Box<dyn Samples>, ProfileError> {
        if SAMPLED.swap(true, Ordering::SeqCst) {
            return Err(ProfileError::Busy);
        }
        Ok(Box::new(FakeSamples(hertz)))
    }

    fn heap(self: Box<Self>, within: Duration) -> Result<Vec<u8>, ProfileError> {
        Ok(format!("heap within {within:?}").into_bytes())
    }
}

impl Samples for FakeSamples {
    fn finish(self: Box<Self>, _: Duration) -> Result<Vec<u8>, ProfileError> {
        let length = if self.0 == TOO_MANY { PROFILE + 1 } else { 3 };
        Ok(vec![7; length])
    }
}

impl Drop for FakeSamples {
    fn drop(&mut self) {
        SAMPLED.store(false, Ordering::SeqCst);
    }
}

fn sample(hertz: u32) -> Ask {
    Ask::Sample { hertz, deadline: 1 }
}

fn bytes(line: &mut Line, ask: &Ask) -> Vec<u8> {
    match line.ask(ask) {
        Told::Bytes(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// One after another, since the process takes one at a time.
#[test]
fn a_child_profiles_itself() {
    // No plugin need be loaded.
    let mut bench = Bench::new();
    let heap = bytes(&mut bench.line(), &Ask::Heap(2_000_000_000));
    assert_eq!(heap, b"heap within 2s");
    let early = bench.line().fault(&Ask::Sampled(1));
    assert_eq!(early.message, "nothing is sampled for this line");

    let (mut line, mut other) = (bench.line(), bench.line());
    line.done(&sample(99));
    let busy = other.fault(&sample(99));
    assert_eq!(
        (busy.kind, SAMPLED.load(Ordering::SeqCst)),
        (kind::LIMIT, true)
    );
    let taken = line.fault(&make(1, gaxx_abi::manifest::kind::COLLECTOR, ""));
    assert_eq!(taken.message, "this line is taken");
    assert_eq!(
        line.fault(&Ask::Collect(1)).message,
        "this line has no component"
    );
    assert_eq!(bytes(&mut line, &Ask::Sampled(1)), [7, 7, 7]);
    line.fault(&Ask::Sampled(1));

    other.done(&sample(TOO_MANY));
    let long = other.fault(&Ask::Sampled(1));
    assert_eq!(long.kind, kind::LIMIT);
    assert!(
        long.message.contains("8388608 may pass"),
        "{}",
        long.message
    );

    // Its end is the end of what is sampled.
    line.done(&sample(99));
    drop(line);
    while matches!(other.ask(&sample(99)), Told::Fault(_)) {}
}
