//! Lines to children that answer as they should not.

use std::{io::Write, os::fd::AsFd, thread, time::Duration};

use gaxx_abi::{abi_std::RVec, fault::kind};
use rustix::net::{SendFlags, send};

use super::{
    BOUND,
    puppet::{Puppet, Script},
};
use crate::isolation::{
    ENDED,
    process::{Cause, fault},
    proxy::Limit,
    wire::{
        Channel, descriptor,
        message::{Ask, Told},
    },
};

/// What a call answers that is made so, and why the process was ended for it, if it was.
fn outcome(script: Script, whole: Duration) -> (u32, String, Option<Cause>) {
    let puppet = Puppet::new(1, script);
    let line = puppet.process.line().unwrap();
    let fault = line.call(&Ask::Collect(1), Limit::new(whole)).unwrap_err();
    let ending = puppet.process.ending();
    (
        fault.kind,
        fault.message.into(),
        ending.map(|ending| ending.cause),
    )
}

fn raw(channel: &Channel, bytes: &[u8]) {
    send(channel.socket(), bytes, SendFlags::NOSIGNAL).unwrap();
}

#[test]
fn a_fault_of_the_component_is_passed_on() {
    let script: Script = |_, _| Some(Told::Fault(fault(kind::PANIC, "it panicked", "")));
    let (kind_told, message, ended) = outcome(script, BOUND);
    assert_eq!(
        (kind_told, message.as_str(), ended),
        (kind::PANIC, "it panicked", None)
    );
}

#[test]
fn who_does_not_answer_in_time_is_ended() {
    let script: Script = |_, _| loop {
        thread::park();
    };
    let (told, message, ended) = outcome(script, Duration::from_millis(40));
    assert_eq!(
        message,
        "did not answer within 40ms: its process was ended, and is started again"
    );
    assert_eq!((told, ended), (kind::DEADLINE, Some(Cause::Deadline)));
}

#[test]
fn who_lies_about_a_length_or_sends_garbage_is_ended() {
    let lies: Script = |_, line| {
        raw(line, &[0xff; 64]);
        None
    };
    let garbage: Script = |_, line| {
        raw(line, &[3, 0, 0, 0, 0xff, 0xff, 0xff]);
        None
    };
    for (script, word) in [(lies, "over the limit"), (garbage, "cannot be read")] {
        let (told, message, ended) = outcome(script, BOUND);
        assert!(message.contains(word), "{message}");
        assert_eq!((told, ended), (ENDED, Some(Cause::Protocol)));
    }
}

#[test]
fn who_closes_a_line_and_goes_on_is_ended() {
    for script in [(|_, _| None) as Script, |_, line| {
        // Half an answer.
        raw(line, &[200, 0, 0, 0, 1]);
        None
    }] {
        let (told, message, ended) = outcome(script, BOUND);
        assert!(message.contains("closed a socket"), "{message}");
        assert_eq!((told, ended), (ENDED, Some(Cause::Protocol)));
    }
}

#[test]
fn the_first_reason_is_the_one_that_is_told() {
    let puppet = Puppet::new(1, |_, _| None);
    let (one, other) = (
        puppet.process.line().unwrap(),
        puppet.process.line().unwrap(),
    );
    let limit = Limit::new(BOUND);
    let first = one.call(&Ask::Points, limit).unwrap_err();
    let second = other.call(&Ask::Points, limit).unwrap_err();
    assert_eq!(first, second);
    assert_eq!(puppet.process.line().unwrap_err(), first);
}

#[test]
fn descriptors_follow_what_was_asked() {
    let script: Script = |_, line| {
        let [one, other] = descriptor::receive(line.socket()).unwrap().unwrap();
        std::fs::File::from(one).write_all(b"body").unwrap();
        drop(other);
        Some(Told::Done)
    };
    let puppet = Puppet::new(1, script);
    let line = puppet.process.line().unwrap();
    let ((body, far_body), (reply, far_reply)) =
        (descriptor::pair().unwrap(), descriptor::pair().unwrap());
    let limit = Limit::new(BOUND);
    let asked = line
        .ask(&Ask::Points, &[&far_body, &far_reply], limit)
        .unwrap();
    drop((far_body, far_reply));
    while !asked.wait(BOUND).unwrap() {}
    assert!(matches!(asked.told(), Ok(Told::Done)));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::fs::File::from(body), &mut text).unwrap();
    assert_eq!(text, "body");
    assert_eq!(rustix::io::read(reply.as_fd(), &mut [0; 1]).unwrap(), 0);
}

#[test]
fn an_answer_may_be_large() {
    let script: Script = |_, _| {
        let point = gaxx_abi::Point::new(1, 2.0);
        Some(Told::Points(RVec::from(vec![point; 300_000])))
    };
    let puppet = Puppet::new(1, script);
    let line = puppet.process.line().unwrap();
    match line.call(&Ask::Points, Limit::new(BOUND)).unwrap() {
        Told::Points(points) => assert_eq!(points.len(), 300_000),
        other => panic!("{other:?}"),
    }
}
