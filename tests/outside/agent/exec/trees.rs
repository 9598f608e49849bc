//! Whole trees of processes end, whatever they do to stay.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use gaxx_tests::{Agent, Process, wait_until};
use serde_json::json;

use super::calls::{ANY, Calls, shell};

/// A number of seconds that no other process sleeps.
pub(super) fn mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("10{}.{next}", std::process::id())
}

/// The processes that sleep so long.
pub(super) fn marked(mark: &str) -> Vec<Process> {
    let sleeps = |process: &Process| {
        let words = fs::read(format!("/proc/{}/cmdline", process.0)).unwrap_or_default();
        words
            .split(|byte| *byte == 0)
            .eq([b"sleep", mark.as_bytes(), b""])
    };
    Process::all().into_iter().filter(sleeps).collect()
}

/// Children that leave their session, their parents, or hold the pipes.
fn family(mark: &str) -> String {
    format!(
        "sleep {mark} & setsid sleep {mark} & (sleep {mark} &) ; setsid sh -c 'setsid sleep {mark} & sleep {mark}' & \
         (trap '' TERM HUP INT; sleep {mark}) & nohup sleep {mark} > /dev/null 2>&1 < /dev/null & "
    )
}
const MEMBERS: usize = 7;

#[test]
fn what_a_command_leaves_behind_ends_with_it() {
    let agent = Agent::builder().config(ANY).start();
    let mark = mark();
    let report = agent.exec(&shell(&format!("{}echo done", family(&mark))));
    assert_eq!(
        (&report["outcome"], &report["stdout"]),
        (&json!("exited"), &json!("done\n")),
        "{report}"
    );
    assert_eq!(
        marked(&mark).len(),
        0,
        "the answer comes when all have ended"
    );
}

#[test]
fn a_time_out_ends_the_whole_tree() {
    let agent = Agent::builder().config(ANY).start();
    let mark = mark();
    let mut request = shell(&format!("{}sleep {mark}", family(&mark)));
    request["timeout_seconds"] = json!(1);
    let report = agent.exec(&request);
    assert_eq!(report["outcome"], "timed_out", "{report}");
    assert_eq!(marked(&mark).len(), 0);
}

#[test]
fn a_lost_client_ends_the_whole_tree() {
    let agent = Agent::builder().config(ANY).start();
    for stream in [None, Some("ndjson")] {
        let mark = mark();
        let mut request = shell(&format!("{}sleep {mark}", family(&mark)));
        if let Some(form) = stream {
            request["stream"] = json!(form);
        }
        let body = request.to_string();
        let mut client = TcpStream::connect(agent.api_address()).unwrap();
        write!(
            client,
            "POST /v0/exec HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            agent.api_address(), agent.token(), body.len(),
        )
        .unwrap();
        wait_until("all sleep", || marked(&mark).len() == MEMBERS + 1);
        drop(client);
        wait_until("nobody sleeps", || marked(&mark).is_empty());
        wait_until("it is told of", || {
            agent.call("GET", "/v0/exec").send().json()["recent"][0]["outcome"] == "cancelled"
        });
    }
}

#[test]
fn a_caller_who_does_not_read_holds_the_command_and_not_the_memory() {
    let agent = Agent::builder().config(ANY).start();
    let body = json!({ "command": "yes", "stream": "ndjson", "timeout_seconds": 5 }).to_string();
    let mut client = TcpStream::connect(agent.api_address()).unwrap();
    write!(
        client,
        "POST /v0/exec HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        agent.api_address(), agent.token(), body.len(),
    )
    .unwrap();
    let printed =
        || agent.call("GET", "/v0/exec").send().json()["running"][0]["output_bytes"].as_u64();
    let mut before = None;
    wait_until("it prints no more", || {
        let now = printed();
        now > Some(0) && std::mem::replace(&mut before, now) == now
    });
    assert!(Process(agent.pid()).memory().rss < 100.0);
    // The time-out holds meanwhile, and what is left is sent to who reads at last.
    client
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    wait_until("the time-out has ended it", || {
        let _ = client.read(&mut [0; 1 << 14]);
        let ended = [("outcome", "timed_out")];
        agent
            .metrics()
            .value("gaxx_agent_exec_outcomes_total", &ended)
            == Some(1.0)
    });
}
