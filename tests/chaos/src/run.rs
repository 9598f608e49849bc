//! The run: a calm phase, a phase with faults, and what is left after it.

use std::{
    collections::BTreeMap,
    io,
    process::ExitStatus,
    sync::{Arc, Mutex},
    thread::sleep,
    time::{Duration, Instant},
};

use gaxx_tests::{Monitor, Process, binary, cdylib, wait_for};
use rustix::process::Signal;

use crate::{
    callers,
    clients::{Clients, Got},
    figures::Figures,
    fleet::{Fleet, Plugin},
    operator::{Actions, Operator, lock},
    options::Options,
    orders::{Done, Orders},
};

/// The operator does one thing for so many faults: a process that ends often is started again
/// later each time, and a new version at once.
const FAULTS_AN_ACTION: u32 = 12;
/// After the phase's time, plugins with orders left are swapped this often.
const REMINDER: Duration = Duration::from_secs(5);
/// The shortest phase.
const SHORTEST: Duration = Duration::from_secs(10);
/// How long plugins, memory and descriptors have to come to rest.
const REST: Duration = Duration::from_mins(1);

/// What the run found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) ordered: BTreeMap<&'static str, usize>,
    pub(crate) done: Done,
    /// Without faults, and with them.
    pub(crate) phases: [Phase; 2],
    pub(crate) actions: Actions,
    /// Plugins that do not run in their last edition, and what they say.
    pub(crate) unsettled: Vec<String>,
    pub(crate) before: Figures,
    pub(crate) after: Figures,
    /// How the program ended: nothing if it had to be killed.
    pub(crate) end: Option<ExitStatus>,
    /// Whether it ended before it was told to.
    pub(crate) died: bool,
    /// Processes that it left behind.
    pub(crate) strays: usize,
}

/// A phase of the run.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) took: Duration,
    pub(crate) got: Got,
}

/// Runs it.
pub(crate) fn run(options: &Options) -> io::Result<Found> {
    let (program, library) = match (&options.program, &options.library) {
        (Some(program), Some(library)) => (program.clone(), library.clone()),
        _ => (binary(), cdylib("gaxx-chaos-plugin")),
    };
    let fleet = Fleet::new(&library, options.plugins)?;
    let monitor = Monitor::builder()
        .program(program)
        .plugins(fleet.folder())
        .config(&fleet.config(options.isolation))
        .start();
    monitor.wait_ready();
    tell(options, "it is ready");
    let run = Run {
        options,
        base: monitor.base().to_owned(),
        process: Process(monitor.pid()),
        monitor: Arc::new(Mutex::new(monitor)),
    };
    let found = run.through(fleet);
    if let Some(file) = &options.log {
        std::fs::write(file, lock(&run.monitor).log().join("\n"))?;
    }
    found
}

struct Run<'a> {
    options: &'a Options,
    base: String,
    process: Process,
    monitor: Arc<Mutex<Monitor>>,
}

impl Run<'_> {
    fn through(&self, fleet: Fleet) -> io::Result<Found> {
        let length =
            Duration::from_secs_f64(self.options.faults as f64 / f64::from(self.options.rate));
        let length = length.max(SHORTEST);
        let orders = Orders::draw(self.options, &fleet.names(false), length);
        let calm = self.calm(&fleet, length);
        let before = Figures::of(self.process);
        tell(self.options, "faults begin");
        let mut operator = Operator::new(self.options, fleet, Arc::clone(&self.monitor));
        let wild = self.wild(&mut operator, &orders, length)?;
        tell(self.options, "faults are over");
        operator.restore();
        let unsettled = self.settle(&mut operator);
        let died = self.has_died();
        // What has died has no figures.
        let after = if died {
            before
        } else {
            Figures::settled(self.process, &before, REST)
        };
        let done = orders.done(operator.fleet().orders());
        let end = self.end();
        Ok(Found {
            ordered: orders.faults(),
            done,
            phases: [calm, wild],
            actions: operator.actions(),
            unsettled,
            before,
            after,
            strays: self.strays(operator.fleet()),
            end,
            died,
        })
    }

    /// All clients, and nothing else.
    fn calm(&self, fleet: &Fleet, length: Duration) -> Phase {
        let start = Instant::now();
        let clients = Clients::start(&self.base, fleet);
        while start.elapsed() < length && !self.has_died() {
            sleep(Duration::from_millis(100));
        }
        Phase {
            got: clients.stop(),
            took: start.elapsed(),
        }
    }

    /// All clients, while plugins do as they are ordered and the operator is at work.
    fn wild(
        &self,
        operator: &mut Operator,
        orders: &Orders,
        length: Duration,
    ) -> io::Result<Phase> {
        let start = Instant::now();
        let clients = Clients::start(&self.base, operator.fleet());
        let folder = operator.fleet().orders().to_owned();
        orders.publish(&folder)?;
        let pause = Duration::from_secs(1) * FAULTS_AN_ACTION / u32::from(self.options.rate);
        while start.elapsed() < length && !self.has_died() {
            sleep(pause);
            operator.act()?;
        }
        // Some are late, since their plugins were down when they were due.
        while start.elapsed() < length * 2 + REST && !self.has_died() {
            let left = orders.done(&folder).left;
            if left.is_empty() {
                break;
            }
            tell(self.options, &format!("orders left: {left:?}"));
            operator.renew(left.keys());
            sleep(REMINDER);
        }
        Ok(Phase {
            got: clients.stop(),
            took: start.elapsed(),
        })
    }

    /// Waits until all plugins run in their last edition; answers what is wrong with those that do
    /// not.
    fn settle(&self, operator: &mut Operator) -> Vec<String> {
        let mut next_reload = Instant::now() + REMINDER;
        let mut unsettled = Vec::new();
        let waited = wait_for(REST, || {
            if self.has_died() {
                return Ok(());
            }
            if Instant::now() >= next_reload {
                operator.reload();
                next_reload = Instant::now() + REMINDER;
            }
            let plugins = operator.fleet().plugins();
            // What an endpoint is like, requests tell.
            for plugin in plugins {
                callers::call_once(&self.base, &plugin.name);
            }
            unsettled = self.unsettled(plugins);
            if unsettled.is_empty() {
                Ok(())
            } else {
                Err("some are not")
            }
        });
        if waited.is_ok() {
            Vec::new()
        } else {
            unsettled
        }
    }

    fn unsettled(&self, plugins: &[Plugin]) -> Vec<String> {
        let rows = lock(&self.monitor).plugins();
        let wrong = |plugin: &Plugin| {
            let name = &plugin.name;
            let Some(row) = rows.iter().find(|row| row["name"] == **name) else {
                return Some(format!("{name} is not there"));
            };
            let edition = plugin.edition_text();
            let (state, description) = (&row["state"], row["description"].as_str());
            let is_last = description.is_some_and(|text| text.contains(&edition));
            (state != "running" || !is_last).then(|| {
                let (is, error) = (description.unwrap_or_default(), &row["error"]);
                format!("{name} ({is}) is {state} and should run as {edition}: {error}")
            })
        };
        plugins.iter().filter_map(wrong).collect()
    }

    fn has_died(&self) -> bool {
        lock(&self.monitor).exited().is_some()
    }

    fn end(&self) -> Option<ExitStatus> {
        let mut monitor = lock(&self.monitor);
        monitor.signal(Signal::TERM);
        wait_for(REST, || monitor.exited().ok_or("it still runs")).ok()
    }

    /// Processes that are still there after the program has ended. All that it or its plugins start
    /// are known by the folder they work in.
    fn strays(&self, fleet: &Fleet) -> usize {
        let folders = [
            lock(&self.monitor).folder().to_owned(),
            fleet.orders().to_owned(),
        ];
        let stray = |process: &Process| process.folder().is_some_and(|at| folders.contains(&at));
        let count = || {
            Process::all()
                .iter()
                .filter(|process| stray(process))
                .count()
        };
        // Who was told to die needs a moment to.
        let _ = wait_for(Duration::from_secs(5), || {
            if count() == 0 { Ok(()) } else { Err("some") }
        });
        count()
    }
}

/// Tells people how far it is; it is no part of the result.
fn tell(options: &Options, what: &str) {
    if !options.json {
        eprintln!("{what}");
    }
}
