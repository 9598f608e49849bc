//! Whole requests that run `/bin/true`, beside `posix_spawn` and beside ssh.

use std::{
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use gaxx_tests::Agent;

use super::{connection::Connection, peers};
use crate::{
    Table,
    spread::{Spread, milliseconds},
};

const ROUNDS: usize = 7;
const RUNS: usize = 200;
const AT_ONCE: usize = 100;
const EACH: usize = 10;

pub(super) const REQUEST: &[u8] = br#"{"command":"/bin/true"}"#;
pub(super) const JSON: &str = "Content-Type: application/json\r\n";

pub(crate) fn measure(table: &mut Table) {
    let bare = start("{audit: {enabled: false}, plugins: {agent-exec: {allow: any}}}");
    let full = start("{plugins: {agent-exec: {allow: any}}}");
    let ssh = peers::ssh(table);
    let mut bare_connection = Connection::open(bare.api_address(), &bare.token());
    let mut full_connection = Connection::open(full.api_address(), &full.token());
    let mut costs: [Vec<Spread>; 4] = Default::default();
    for number in 0..ROUNDS {
        costs[0].push(round(|_| {
            let status = Command::new("/bin/true").env_clear().status().unwrap();
            assert!(status.success());
        }));
        costs[1].push(round(|_| run(&mut bare_connection, "")));
        costs[2].push(round(|run_number| {
            let key = format!("Idempotency-Key: bench-{number}-{run_number}\r\n");
            run(&mut full_connection, &key);
        }));
        if let Some(ssh) = &ssh {
            costs[3].push(round(|_| ssh.run("/bin/true")));
        }
    }
    let at =
        |rounds: &[Spread], part: f64| Spread::of(rounds.iter().map(|round| round.quantile(part)));
    let floor = at(&costs[0], 0.5);
    let ssh = if costs[3].is_empty() {
        String::new()
    } else {
        format!("; ssh on a kept connection {} ms", at(&costs[3], 0.5))
    };
    for (what, rounds, reach) in [
        ("without audit and key", &costs[1], "1.5"),
        ("with audit and key", &costs[2], "3"),
    ] {
        let (middle, late) = (at(rounds, 0.5), at(rounds, 0.99));
        table.row(
            &format!("exec of /bin/true, whole request, {what}"),
            &format!(
                "{middle} ms: {:.2} times; p99 {late:#} ms",
                middle.ratio(&floor)
            ),
            &format!("posix_spawn and wait {floor} ms{ssh}"),
            &format!("{reach} times, p99 10 ms"),
        );
    }
    at_once(table, &bare);
}

/// A hundred callers, each with a connection of its own.
fn at_once(table: &mut Table, agent: &Agent) {
    let (address, token) = (agent.api_address().to_owned(), agent.token());
    let began = Instant::now();
    let callers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (address, token) = (address.clone(), token.clone());
            thread::spawn(move || {
                let mut connection = Connection::open(&address, &token);
                let times = (0..EACH).map(|_| {
                    let start = Instant::now();
                    run(&mut connection, "");
                    milliseconds(start.elapsed())
                });
                times.collect::<Vec<_>>()
            })
        })
        .collect();
    let times = callers
        .into_iter()
        .flat_map(|caller| caller.join().unwrap());
    let times = Spread::of(times.collect::<Vec<_>>());
    let rate = (AT_ONCE * EACH) as f64 / began.elapsed().as_secs_f64();
    let began = Instant::now();
    let children: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..EACH {
                    let mut command = Command::new("/bin/true");
                    command.env_clear().stdin(Stdio::null());
                    assert!(command.status().unwrap().success());
                }
            })
        })
        .collect();
    for child in children {
        child.join().unwrap();
    }
    let floor = (AT_ONCE * EACH) as f64 / began.elapsed().as_secs_f64();
    table.row(
        &format!("{AT_ONCE} callers that run /bin/true at once"),
        &format!(
            "{rate:.0} a second; p50 {:.1} ms, p99 {:.1} ms",
            times.median(),
            times.quantile(0.99)
        ),
        &format!("posix_spawn and wait from as many threads: {floor:.0} a second"),
        "",
    );
}

pub(super) fn start(config: &str) -> Agent {
    Agent::builder().config(config).start()
}

pub(super) fn run(connection: &mut Connection, headers: &str) {
    let headers = format!("{JSON}{headers}");
    let answer = connection.ask("POST", "/v0/exec", &headers, REQUEST);
    let text = String::from_utf8_lossy(&answer.body);
    assert!(
        answer.status == 200 && text.contains("\"exited\""),
        "{} {text}",
        answer.status
    );
}

fn round(mut call: impl FnMut(usize)) -> Spread {
    call(RUNS);
    let times = (0..RUNS).map(|number| {
        let start = Instant::now();
        call(number);
        milliseconds(start.elapsed())
    });
    Spread::of(times.collect::<Vec<_>>())
}
