//! Scrapes over a kept connection, as Prometheus makes them, and what they cost the other side.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use gaxx_tests::Process;
use ureq::Agent;

use crate::spread::{Spread, milliseconds};

/// The largest answer that is read, in bytes.
const BODY: u64 = 64 << 20;
/// Between two scrapes: longer than the `max_age` that is set where values shall be fresh.
const PAUSE: Duration = Duration::from_millis(4);
/// Scrapes that are not counted.
const WARM_UP: usize = 20;

/// Scrapes one address.
pub(crate) struct Scraper {
    agent: Agent,
    url: String,
    process: Process,
}

/// What scrapes of one address cost.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    /// Processor time of a scrape, in milliseconds.
    pub(crate) cpu: Spread,
    /// The middle duration in each round, in milliseconds.
    pub(crate) p50: Spread,
    /// The duration in each round that one of a hundred scrapes exceeds, in milliseconds.
    pub(crate) p99: Spread,
    /// Samples of one scrape.
    pub(crate) series: usize,
    /// Size of one scrape.
    pub(crate) bytes: usize,
}

impl Scraper {
    /// A scraper of what `process` serves at `url`.
    pub(crate) fn new(url: String, process: u32) -> Self {
        let agent = Agent::config_builder().proxy(None).build().into();
        Self {
            agent,
            url,
            process: Process(process),
        }
    }

    /// One scrape. Panics unless it is answered with 200.
    pub(crate) fn scrape(&self) -> Vec<u8> {
        let answer = self.agent.get(&self.url).call();
        let mut answer = answer.unwrap_or_else(|error| panic!("{}: {error}", self.url));
        let body = answer.body_mut().with_config().limit(BODY).read_to_vec();
        body.unwrap_or_else(|error| panic!("{}: {error}", self.url))
    }

    fn round(&self, scrapes: usize) -> Round {
        let before = self.process.cpu();
        let times = (0..scrapes).map(|_| {
            sleep(PAUSE);
            let start = Instant::now();
            self.scrape();
            milliseconds(start.elapsed())
        });
        let times = Spread::of(times.collect::<Vec<_>>());
        Round {
            cpu: milliseconds(self.process.cpu().saturating_sub(before)) / scrapes as f64,
            times,
        }
    }
}

struct Round {
    cpu: f64,
    times: Spread,
}

/// Scrapes each address in turn, `rounds` times `scrapes` times, so that what else the machine does
/// falls on all of them.
pub(crate) fn compare(targets: &[&Scraper], rounds: usize, scrapes: usize) -> Vec<Cost> {
    let mut all: Vec<Vec<Round>> = targets.iter().map(|_| Vec::new()).collect();
    for scraper in targets {
        (0..WARM_UP).for_each(|_| drop(scraper.scrape()));
    }
    for _ in 0..rounds {
        for (scraper, rounds) in targets.iter().zip(&mut all) {
            rounds.push(scraper.round(scrapes));
        }
    }
    let costs = targets.iter().zip(&all).map(|(scraper, rounds)| {
        let last = scraper.scrape();
        let of = |value: fn(&Round) -> f64| Spread::of(rounds.iter().map(value));
        Cost {
            cpu: of(|round| round.cpu),
            p50: of(|round| round.times.quantile(0.5)),
            p99: of(|round| round.times.quantile(0.99)),
            series: samples(&last),
            bytes: last.len(),
        }
    });
    costs.collect()
}

/// Lines of a scrape that are samples.
fn samples(text: &[u8]) -> usize {
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .count()
}
