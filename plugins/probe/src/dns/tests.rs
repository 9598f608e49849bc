#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

use std::thread;

use gaxx_sdk::{json, serde_json, testing::Conditions};
use proptest::prelude::*;

use super::*;

fn question(record: Record) -> Question<'static> {
    Question {
        number: 4711,
        name: "www.example.org",
        record,
    }
}

/// An answer to what was asked: a name that stands for another, and these addresses.
fn answer(asked: &[u8], code: u8, addresses: &[&[u8]]) -> Vec<u8> {
    let mut bytes = asked.to_vec();
    bytes[2] |= 0x80;
    bytes[3] |= code;
    let count = u8::try_from(addresses.len() + 1).unwrap();
    bytes[6..8].copy_from_slice(&[0, count]);
    // Its name is that of the question; of its data nothing is read.
    bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'x', 0xc0, 16]);
    for address in addresses {
        let kind = if address.len() == 4 { 1 } else { 28 };
        let length = u8::try_from(address.len()).unwrap();
        bytes.extend([1, b'x', 0xc0, 16, 0, kind, 0, 1, 0, 0, 0, 60, 0, length]);
        bytes.extend_from_slice(address);
    }
    bytes
}

#[test]
fn addresses_are_read() {
    let four = question(Record::A);
    let asked = four.bytes();
    let read = four.read(&answer(
        &asked,
        0,
        &[&[127, 0, 0, 1], &[1; 16], &[10, 0, 0, 2]],
    ));
    let expected = ["127.0.0.1", "10.0.0.2"].map(|it| it.parse().unwrap());
    assert_eq!(read, Some(Answer::Addresses(expected.to_vec())));
    let six = question(Record::Aaaa);
    let read = six.read(&answer(&six.bytes(), 0, &[&[0; 16]]));
    assert_eq!(read, Some(Answer::Addresses(vec!["::".parse().unwrap()])));
    // That of another question.
    assert_eq!(six.read(&answer(&asked, 0, &[])), None);
    assert_eq!(four.read(&asked), None);
    assert!(matches!(
        four.read(&answer(&asked, 3, &[])),
        Some(Answer::Refused(_))
    ));
}

proptest! {
    #[test]
    fn no_bytes_are_its_undoing(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = question(Record::A).read(&bytes);
    }

    #[test]
    fn nor_is_an_answer_that_was_changed_or_cut_off(
        at in 0usize..100, value: u8, length in 0usize..100,
    ) {
        let question = question(Record::A);
        let mut bytes = answer(&question.bytes(), 0, &[&[127, 0, 0, 1], &[127, 0, 0, 2]]);
        let at = at % bytes.len();
        bytes[at] = value;
        let _ = question.read(&bytes);
        bytes.truncate(length);
        let _ = question.read(&bytes);
    }
}

fn checked(settings: serde_json::Value) -> Verdict {
    let soon = Conditions::default().time(Duration::from_secs(3));
    let mut check = soon.check::<Dns>(json!({ "dns": settings })).unwrap();
    check.check().unwrap()
}

#[test]
fn the_system_knows_this_machine() {
    assert_eq!(
        checked(json!({"name": "localhost", "record": "a", "expect": ["127.0.0.1"]})).status,
        Status::Healthy
    );
    assert_eq!(
        checked(json!({"name": "localhost", "expect": ["192.0.2.1"]})).status,
        Status::Unhealthy
    );
}

#[test]
fn a_server_is_asked_again_and_believed() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = socket.local_addr().unwrap().to_string();
    let thread = thread::spawn(move || {
        let mut buffer = [0; 600];
        // The first question is lost, and an answer to another one comes.
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        let mut wrong = answer(&buffer[..length], 0, &[&[10, 0, 0, 9]]);
        wrong[0] ^= 1;
        socket.send_to(&wrong, from).unwrap();
        for code in [0, 0, 3] {
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            let told = answer(&buffer[..length], code, &[&[127, 0, 0, 7]]);
            socket.send_to(&told, from).unwrap();
        }
    });
    let asked = |more: serde_json::Value| {
        let mut settings = more;
        settings["name"] = json!("www.example.org");
        settings["record"] = json!("a");
        settings["server"] = json!(server);
        checked(settings)
    };
    let verdict = asked(json!({"expect": ["127.0.0.7"]}));
    assert_eq!(verdict.status, Status::Healthy, "{verdict:?}");
    assert_eq!(
        asked(json!({"degraded_after": "1ns"})).status,
        Status::Degraded
    );
    let verdict = asked(json!({}));
    assert!(verdict.message.contains("no such name"), "{verdict:?}");
    thread.join().unwrap();
    // Nobody is there any more.
    assert_eq!(asked(json!({})).status, Status::Unhealthy);
}

#[test]
fn names_are_those_of_hosts() {
    let long = "a".repeat(64);
    for wrong in ["", ".", "a..b", "ä.de", &long, &"ab.".repeat(90)] {
        let made = Conditions::default().check::<Dns>(json!({ "dns": { "name": wrong } }));
        assert!(
            made.map(drop).unwrap_err().message().contains("dns.name"),
            "{wrong}"
        );
    }
}
