//! Heartbeats over a kept connection, beside a plain Go server.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use gaxx_tests::Agent;

use super::{connection::Connection, peers};
use crate::{
    Table,
    spread::{Spread, milliseconds},
};

const ROUNDS: usize = 5;
const BEATS: usize = 3_000;
/// A thousand in a second.
const PACE: Duration = Duration::from_millis(1);

pub(crate) fn measure(table: &mut Table) {
    let agent = Agent::builder().start();
    let go = peers::go_server(table);
    let mut here = Connection::open(agent.api_address(), "");
    let mut beside = go.as_ref().map(|go| Connection::open(go.address(), ""));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(round(&mut here));
        if let Some(beside) = &mut beside {
            theirs.push(round(beside));
        }
    }
    let at =
        |rounds: &[Spread], part: f64| Spread::of(rounds.iter().map(|round| round.quantile(part)));
    for (part, name, reach) in [(0.5, "p50", ""), (0.99, "p99", "1 ms, aim 0.2")] {
        let beside = if theirs.is_empty() {
            "go is missing".to_owned()
        } else {
            format!("a plain Go server: {} ms", at(&theirs, part))
        };
        table.row(
            &format!("heartbeat at 1,000 a second, {name}"),
            &format!("{} ms", at(&ours, part)),
            &beside,
            reach,
        );
    }
}

/// Sends at an even pace; one that is late does not shift the others.
fn round(connection: &mut Connection) -> Spread {
    let began = Instant::now();
    let times = (0..BEATS).map(|beat| {
        let due = began + PACE * u32::try_from(beat).unwrap();
        sleep(due.saturating_duration_since(Instant::now()));
        let start = Instant::now();
        let answer = connection.ask("GET", "/v0/heartbeat", "", b"");
        assert_eq!(answer.status, 200);
        milliseconds(start.elapsed())
    });
    Spread::of(times.collect::<Vec<_>>())
}
