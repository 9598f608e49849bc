//! One CPU profile: how long it takes beyond its time, and what memory.

use std::{
    sync::Mutex,
    thread::sleep,
    time::{Duration, Instant},
};

use gaxx_tests::{Process, meanwhile};

use super::loaded::Loaded;
use crate::{
    Table,
    spread::{Spread, milliseconds},
};

const PROFILES: usize = 3;
const SECONDS: u64 = 10;
const LOOK: Duration = Duration::from_millis(5);
/// After which freed memory has been given back.
const REST: Duration = Duration::from_secs(5);

pub(crate) fn measure(table: &mut Table) {
    let loaded = Loaded::start(&[]);
    loaded.work();
    sleep(REST);
    let own = loaded.process();
    let before = own.memory().anonymous;
    let most = Mutex::new(Most::default());
    let look = || {
        most.lock().unwrap().look(own);
        sleep(LOOK);
    };
    let work = || _ = loaded.work();
    let mut sizes = Vec::new();
    let beyond = meanwhile(&[&look, &work], || {
        let beyond = (0..PROFILES).map(|_| {
            let (profile, took) = loaded.take(&format!("profile?seconds={SECONDS}"));
            sizes.push(profile.body.len() as f64 / 1e3);
            milliseconds(took.saturating_sub(Duration::from_secs(SECONDS)))
        });
        Spread::of(beyond.collect::<Vec<_>>())
    });
    sleep(REST);
    let (most, after) = (most.into_inner().unwrap(), own.memory().anonymous);
    table.row(
        &format!("a CPU profile of {SECONDS} s under load, symbols and all"),
        &format!(
            "{beyond} ms beyond its {SECONDS} s, {} kB",
            Spread::of(sizes)
        ),
        "",
        "",
    );
    table.row(
        "memory meanwhile (anonymous pages; of the helper PSS)",
        &format!(
            "program {:.1} MB at most; helper for symbols {:.1} MB at most, for {:.1} s of each",
            most.program,
            most.helper,
            most.helper_time.as_secs_f64() / PROFILES as f64
        ),
        &format!(
            "program before {before:.1} MB; {} s later {after:.1} MB",
            REST.as_secs()
        ),
        "given back",
    );
}

/// The most that was seen.
#[derive(Default)]
struct Most {
    program: f64,
    helper: f64,
    /// For how long there was a helper for symbols.
    helper_time: Duration,
    looked: Option<Instant>,
}

impl Most {
    fn look(&mut self, program: Process) {
        let now = Instant::now();
        let since = self
            .looked
            .replace(now)
            .map_or(Duration::ZERO, |last| now - last);
        self.program = self.program.max(program.memory().anonymous);
        let symbols = program.children().into_iter().filter(|child| {
            let line = std::fs::read_to_string(format!("/proc/{}/cmdline", child.pid));
            line.is_ok_and(|line| line.contains("\0pprof\0"))
        });
        let mut any = false;
        for child in symbols {
            any = true;
            let memory = Process(child.pid).try_memory();
            self.helper = self.helper.max(memory.map_or(0.0, |memory| memory.pss));
        }
        if any {
            self.helper_time += since;
        }
    }
}
