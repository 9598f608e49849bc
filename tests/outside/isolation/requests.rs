//! Requests to an endpoint in a process of its own: however that ends, the caller gets a clean end.

use std::io::Read;

use gaxx_tests::{Process, wait_until};
use rustix::process::{Pid, Signal, kill_process};

use super::{QUICK, all_the_while};
use crate::rogue::{Rogue, expect_explained};

#[test]
fn a_process_that_ends_is_an_error_and_is_started_again() {
    let rogue = Rogue::isolated("", QUICK);
    all_the_while(&rogue, || {
        for (path, reason, text) in [
            ("/rogue/aborts", "crash", "SIGABRT"),
            ("/rogue/hangs", "deadline", "did not answer within 1s"),
        ] {
            let failures = rogue.failures("pages", reason);
            let answer = rogue.get(path);
            assert!([500, 504].contains(&answer.status), "{answer:?}");
            expect_explained(&answer.json());
            rogue.wait_failures("pages", reason, failures + 1.0);
            let row = rogue.component("pages");
            assert!(row["error"].as_str().unwrap().contains(text), "{row}");
            expect_explained(&row);
            wait_answers(&rogue);
        }
    });
    rogue.wait_well();
}

/// Half an answer must not pass for a whole one.
#[test]
fn an_answer_that_its_end_interrupts_is_cut() {
    let rogue = Rogue::isolated("", QUICK);
    wait_answers(&rogue);
    let (status, _, mut body) = rogue.request("GET", "/rogue/aborts-midway").open().unwrap();
    assert_eq!(status, 200);
    let mut read = Vec::new();
    assert!(body.read_to_end(&mut read).is_err(), "{read:?} looks whole");
    wait_answers(&rogue);
    rogue.wait_well();
}

/// The call has returned long before.
#[test]
fn replies_that_are_kept_end_with_their_process() {
    let rogue = Rogue::isolated("", QUICK);
    wait_answers(&rogue);
    let (status, _, mut trickle) = rogue.request("GET", "/rogue/trickles").open().unwrap();
    assert_eq!(status, 200);
    let mut drops = [0; 25];
    trickle.read_exact(&mut drops).unwrap();
    assert_eq!(&drops, b"drop\n".repeat(5).as_slice());
    std::thread::scope(|scope| {
        let kept = scope.spawn(|| rogue.get("/rogue/keeps"));
        wait_until("the request is being answered", || {
            rogue.calls("pages") >= 3
        });
        kill(rogue.wait_process());
        assert!(trickle.read_to_end(&mut Vec::new()).is_err());
        assert_eq!(kept.join().unwrap().status, 500);
    });
    wait_answers(&rogue);
    rogue.wait_well();
}

/// Nothing is kept for them, in neither process.
#[test]
fn callers_who_leave_are_not_waited_for() {
    let rogue = Rogue::isolated("", QUICK);
    // All that stays open has been opened then.
    rogue.wait_ready();
    wait_answers(&rogue);
    let own = Process(rogue.pid());
    let child = Process(rogue.wait_process());
    let all = || {
        let (files, threads) = (own.descriptors(), own.threads());
        files + threads + child.descriptors() + child.threads()
    };
    let before = all();
    for _ in 0..20 {
        let (_, _, mut trickle) = rogue.request("GET", "/rogue/trickles").open().unwrap();
        trickle.read_exact(&mut [0; 5]).unwrap();
    }
    wait_until("their replies are over", || all() < before + 10);
    assert_eq!(rogue.get("/rogue/calm").status, 200);
}

#[test]
fn noise_on_its_sockets_ends_the_process() {
    let rogue = Rogue::isolated("", QUICK);
    wait_answers(&rogue);
    let restarts = rogue.restarts();
    // It depends on which of its sockets is read first what becomes of this request.
    let _ = rogue.request("GET", "/rogue/garbles").try_send();
    wait_until("the process is started again", || {
        rogue.restarts() > restarts
    });
    wait_answers(&rogue);
    rogue.wait_well();
}

/// Sends a signal that cannot be refused.
#[track_caller]
fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

#[track_caller]
fn wait_answers(rogue: &Rogue) {
    wait_until("requests are answered", || {
        rogue.get("/rogue/calm").status == 200
    });
}
