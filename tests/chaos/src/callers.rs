//! Who asks for pages, each time over a new connection: probes of health, and callers of the
//! plugins' endpoints.

use std::{collections::BTreeMap, sync::atomic::AtomicBool, time::Duration};

use gaxx_tests::Request;

use crate::{latency::Latency, pace};

/// Between two requests of a prober, and of a caller.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What probes ask for, and whether the answer may be that the machine is unwell.
const PAGES: [(&str, bool); 4] = [
    ("/-/healthy", false),
    ("/health", true),
    ("/api/health", false),
    ("/api/plugins", false),
];

/// What requests for health gave.
#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) latency: Latency,
    /// Why those failed that did.
    pub(crate) failures: Vec<String>,
}

/// Asks for the pages of health in turn until told to stop.
pub(crate) fn probe(base: &str, stop: &AtomicBool) -> Probes {
    let mut times = Vec::new();
    let mut failures = Vec::new();
    let mut pages = PAGES.iter().cycle();
    pace::keep(INTERVAL, stop, |due| {
        let Some((page, unwell)) = pages.next() else {
            return;
        };
        let answer = get(base, page);
        times.push(due.elapsed());
        match answer {
            Ok(200) => {}
            Ok(503) if *unwell => {}
            Ok(status) => failures.push(format!("{page}: status {status}")),
            Err(reason) => failures.push(format!("{page}: {reason}")),
        }
    });
    Probes {
        latency: Latency::of(times),
        failures,
    }
}

/// Asks the endpoints of these plugins in turn until told to stop. Answers how often each status
/// came; what had no status, or no end, is under what was wrong.
pub(crate) fn call(base: &str, plugins: &[String], stop: &AtomicBool) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    let mut plugins = plugins.iter().cycle();
    pace::keep(INTERVAL, stop, |_| {
        let Some(plugin) = plugins.next() else {
            return;
        };
        *answers.entry(call_once(base, plugin)).or_default() += 1;
    });
    answers
}

/// Asks the endpoint of a plugin. Answers the status, or what was wrong.
pub(crate) fn call_once(base: &str, plugin: &str) -> String {
    let answer = get(base, &format!("/chaos/{plugin}"));
    answer.map_or_else(|reason| reason, |status| status.to_string())
}

fn get(base: &str, page: &str) -> Result<u16, String> {
    let request = Request::new("GET", &format!("{base}{page}")).timeout(TIMEOUT);
    request.try_send().map(|answer| answer.status)
}
