//! Endpoints: whatever they do to a request, the caller gets a clean end and the rest runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use gaxx_tests::{BOUND, Response, wait_until};

use super::{QUICK, Rogue, expect_explained, in_both};

const HELLO: &str = "gaxx-example-hello";
/// Requests that one endpoint takes at once.
const PLACES: usize = 32;

#[test]
fn what_is_not_answered_is_an_error_with_a_remedy() {
    in_both("", QUICK, &[], |rogue| {
        assert_eq!(rogue.get("/rogue/calm").expect(200).text(), "calm\n");
        for (path, reason, text) in [
            ("panics", "panic", "told to panic"),
            ("errors", "error", "told to fail"),
            ("forgets", "error", "without an answer"),
            ("bad-status", "error", "not a status"),
            ("bad-header", "error", "cannot be sent"),
        ] {
            let failures = rogue.failures("pages", reason);
            let answer = rogue.get(&format!("/rogue/{path}"));
            expect_failure(&answer, 500);
            assert!(answer.header("set-cookie").is_empty(), "{answer:?}");
            rogue.wait_failures("pages", reason, failures + 1.0);
            let row = rogue.component("pages");
            assert_eq!(row["state"], "degraded", "{path}: {row}");
            assert!(
                row["error"].as_str().unwrap().contains(text),
                "{path}: {row}"
            );
        }
        assert_eq!(rogue.get("/rogue/calm").status, 200);
        rogue.wait_state("pages", "running");
        assert_eq!(rogue.get("/rogue/unknown").status, 404);
        assert_eq!(rogue.request("HEAD", "/rogue/calm").send().status, 200);
        let refused = rogue.request("DELETE", "/rogue/calm").send();
        expect_failure(&refused, 405);
        assert_eq!(refused.header("allow"), "GET, HEAD, POST");
        rogue.expect_sound();
    });
}

/// Half an answer must not pass for a whole one.
#[test]
fn what_is_half_answered_is_cut() {
    in_both("", QUICK, &[], |rogue| {
        for path in ["/rogue/breaks-off", "/rogue/two-heads"] {
            let (status, _, mut body) = rogue.request("GET", path).open().unwrap();
            assert_eq!(status, 200, "{path}");
            let end = body.read_to_end(&mut Vec::new());
            assert!(end.is_err(), "{path} looks whole: {end:?}");
        }
        rogue.wait_failures("pages", "error", 2.0);
        rogue.expect_sound();
    });
}

#[test]
fn one_that_hangs_is_answered_for_until_all_places_are_taken() {
    let rogue = Rogue::start_with("", QUICK, &[HELLO]);
    thread::scope(|scope| {
        let hang = || expect_failure(&rogue.get("/rogue/hangs"), 504);
        for _ in 0..PLACES {
            scope.spawn(hang);
        }
    });
    let full = rogue.get("/rogue/calm");
    expect_failure(&full, 503);
    assert_eq!(full.header("retry-after"), "1");
    let row = rogue.wait_state("pages", "stuck");
    expect_explained(&row);
    rogue.wait_failures("pages", "deadline", PLACES as f64);
    let lines = rogue.log_with(&["component=rogue/pages"]);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    // Other plugins answer, and collections go on.
    assert_eq!(rogue.get("/hello").status, 200);
    rogue.wait_calls("calm", 3);
    rogue.expect_sound();
}

#[test]
fn a_reply_that_is_kept_ends_with_the_patience_of_the_caller() {
    in_both("", QUICK, &[HELLO], |rogue| {
        // Longer than the deadline of a call, which has returned.
        let patience = Duration::from_secs(2);
        let request = rogue.request("GET", "/rogue/keeps").timeout(patience);
        assert!(request.try_send().is_err());
        assert_eq!(rogue.get("/rogue/calm").status, 200);
        assert_eq!(rogue.get("/later").expect(200).text(), "At last!\n");
        rogue.expect_sound();
    });
}

#[test]
fn an_endless_answer_ends_when_the_caller_leaves() {
    in_both(
        "",
        "plugins: {rogue: {interval: 1h, deadline: 1m}}\n",
        &[],
        |rogue| {
            let (status, _, body) = rogue.request("GET", "/rogue/endless").open().unwrap();
            assert_eq!(status, 200);
            let mut first = Vec::new();
            body.take(5 << 20).read_to_end(&mut first).unwrap();
            assert!(first.len() == 5 << 20 && first.iter().all(|byte| *byte == b'x'));
            // What took the body has gone, and the connection with it.
            wait_until("the call returns", || rogue.calls("pages") == 1);
            assert_eq!(rogue.component("pages")["state"], "running");
        },
    );
}

#[test]
fn an_endless_answer_does_not_hold_the_end() {
    in_both("", QUICK, &[], |mut rogue| {
        let (_, _, mut body) = rogue.request("GET", "/rogue/endless").open().unwrap();
        assert!(body.read(&mut [0; 16]).unwrap() > 0);
        rogue.signal(rustix::process::Signal::TERM);
        assert_eq!(rogue.wait_exit(BOUND).code(), Some(0));
    });
}

#[test]
fn large_bodies_pass_byte_for_byte_both_ways() {
    in_both("", QUICK, &[HELLO], |rogue| {
        // No period that pieces could be confused by.
        let sent: Vec<u8> = (0..8_000_000_u32)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let request = rogue.request("POST", "/echo");
        let answer = request.try_send_body(sent.clone()).unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.body == sent, "{} bytes came back", answer.body.len());
    });
}

/// The answer begins while the request still goes on.
#[test]
fn bodies_are_streamed() {
    in_both("", QUICK, &[HELLO], |rogue| {
        let mut stream = TcpStream::connect(rogue.address()).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let head = format!(
            "POST /echo HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            rogue.address()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = BufReader::new(stream.try_clone().unwrap());
        for piece in ["first", "second", "third"] {
            write!(stream, "{:x}\r\n{piece}\r\n", piece.len()).unwrap();
            // It comes back before the next one is sent.
            let mut line = String::new();
            while line.trim() != piece {
                line.clear();
                assert!(answer.read_line(&mut line).unwrap() > 0, "no {piece}");
            }
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        let mut line = String::new();
        while line.trim() != "0" {
            line.clear();
            assert!(answer.read_line(&mut line).unwrap() > 0, "no end");
        }
    });
}

/// A status of failure, and JSON that says what went wrong and what to do.
#[track_caller]
fn expect_failure(answer: &Response, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    expect_explained(&answer.json());
}
