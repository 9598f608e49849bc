//! All clients at work together, for as long as a phase of the run takes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::{
    callers::{self, Probes},
    fleet::Fleet,
    scraper::{self, Scrapes},
};

/// Each of them calls its share of the plugins' endpoints.
const CALLERS: usize = 4;

/// Clients at work.
#[derive(Debug)]
pub(crate) struct Clients {
    stop: Arc<AtomicBool>,
    scraper: JoinHandle<Scrapes>,
    prober: JoinHandle<Probes>,
    callers: Vec<JoinHandle<BTreeMap<String, usize>>>,
}

/// What the clients got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) scrapes: Scrapes,
    pub(crate) probes: Probes,
    /// Answers of endpoints, by status.
    pub(crate) answers: BTreeMap<String, usize>,
}

impl Clients {
    /// Sets them to work.
    pub(crate) fn start(base: &str, fleet: &Fleet) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let scraper = {
            let (stop, url) = (Arc::clone(&stop), format!("{base}/metrics"));
            let calm = fleet.names(true);
            thread::spawn(move || scraper::scrape(&url, &calm, &stop))
        };
        let prober = {
            let (stop, base) = (Arc::clone(&stop), base.to_owned());
            thread::spawn(move || callers::probe(&base, &stop))
        };
        let names = fleet.names(false);
        let shares = names.chunks(names.len().div_ceil(CALLERS));
        let callers = shares.map(|share| {
            let (stop, base, share) = (Arc::clone(&stop), base.to_owned(), share.to_vec());
            thread::spawn(move || callers::call(&base, &share, &stop))
        });
        Self {
            callers: callers.collect(),
            stop,
            scraper,
            prober,
        }
    }

    /// Stops them, and answers what they got.
    pub(crate) fn stop(self) -> Got {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = BTreeMap::new();
        for caller in self.callers {
            for (answer, times) in joined(caller) {
                *answers.entry(answer).or_default() += times;
            }
        }
        Got {
            scrapes: joined(self.scraper),
            probes: joined(self.prober),
            answers,
        }
    }
}

fn joined<T>(thread: JoinHandle<T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
