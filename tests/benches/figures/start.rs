//! From the start of the process to its first answers.

use std::{
    net::TcpListener,
    thread::sleep,
    time::{Duration, Instant},
};

use gaxx_tests::{Monitor, MonitorBuilder, Request};

use crate::{Table, spread::Spread};

const RUNS: usize = 15;
const PAUSE: Duration = Duration::from_micros(500);
/// How long it may take before this gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a start took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started {
    /// Until `/-/healthy` said 200.
    pub(crate) healthy: Duration,
    /// Until `/-/ready` said 200.
    pub(crate) ready: Duration,
}

/// Starts the program, and hands it over with its address once it is ready.
pub(crate) fn start(builder: MonitorBuilder) -> (Monitor, String, Started) {
    // Bound and let go: what asks for port 0 says its port in the log, which would be waited for.
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let base = format!("http://{address}");
    let begin = Instant::now();
    let monitor = builder.listen(&address).launch();
    let until = |path: &str| {
        let url = format!("{base}{path}");
        while !Request::new("GET", &url)
            .try_send()
            .is_ok_and(|answer| answer.status == 200)
        {
            assert!(
                begin.elapsed() < PATIENCE,
                "{url} is not 200:\n{}",
                monitor.log().join("\n")
            );
            sleep(PAUSE);
        }
        begin.elapsed()
    };
    let healthy = until("/-/healthy");
    let started = Started {
        healthy,
        ready: until("/-/ready"),
    };
    (monitor, base, started)
}

pub(crate) fn measure(table: &mut Table) {
    let runs: Vec<Started> = (0..=RUNS)
        .map(|_| start(Monitor::builder()).2)
        .skip(1)
        .collect();
    let all = |part: fn(&Started) -> Duration| Spread::milliseconds(runs.iter().map(part));
    table.row(
        "start of the process to the first 200 of `/-/healthy`",
        &format!("{} ms", all(|run| run.healthy)),
        "",
        "",
    );
    table.row(
        "start of the process to the first 200 of `/-/ready`: every collector has delivered",
        &format!("{} ms", all(|run| run.ready)),
        "",
        "1 s",
    );
}
