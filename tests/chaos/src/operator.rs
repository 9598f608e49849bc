//! Who changes plugins and has the configuration read again, while all else goes on.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gaxx_tests::{Monitor, Random};
use rustix::process::Signal;

use crate::{
    fleet::Fleet,
    options::{Isolation, Options},
};

/// What the operator did, and how often.
pub(crate) type Actions = BTreeMap<&'static str, usize>;

/// Swaps, removes, adds and damages libraries, and has the configuration read again.
#[derive(Debug)]
pub(crate) struct Operator {
    fleet: Fleet,
    monitor: Arc<Mutex<Monitor>>,
    isolation: Isolation,
    random: Random,
    /// Whose turn it is.
    round: Vec<usize>,
    /// Those that were removed or damaged.
    absent: Vec<usize>,
    actions: Actions,
}

impl Operator {
    /// One whose actions the seed decides.
    pub(crate) fn new(options: &Options, fleet: Fleet, monitor: Arc<Mutex<Monitor>>) -> Self {
        Self {
            fleet,
            monitor,
            isolation: options.isolation,
            // Not the numbers that the faults were drawn with.
            random: Random::new(!options.seed),
            round: Vec::new(),
            absent: Vec::new(),
            actions: Actions::new(),
        }
    }

    /// The plugins.
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// What was done so far.
    pub(crate) fn actions(&self) -> Actions {
        self.actions.clone()
    }

    /// Does one thing more.
    pub(crate) fn act(&mut self) -> std::io::Result<()> {
        let which = self.random.below(10);
        match which {
            0 => {}
            1 | 2 if !self.absent.is_empty() => {
                let at = self.absent.remove(0);
                self.put_back(at);
            }
            1 => {
                let at = self.next();
                self.fleet.damage(at);
                self.absent.push(at);
                self.count("damaged libraries put in place");
            }
            2 => {
                let at = self.next_wild();
                self.configure(at, true);
                self.fleet.take(at)?;
                self.absent.push(at);
                self.count("plugins removed");
            }
            _ => {
                let at = self.next();
                self.swap(at);
            }
        }
        // The others are left to the watch of the folder.
        if which < 6 {
            self.reload();
        }
        Ok(())
    }

    /// Swaps these, and has the configuration read again.
    pub(crate) fn renew<'a>(&mut self, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            let mut plugins = self.fleet.plugins().iter();
            match plugins.position(|plugin| plugin.name == *name) {
                Some(at) if self.absent.contains(&at) => {
                    self.absent.retain(|absent| *absent != at);
                    self.put_back(at);
                }
                Some(at) => self.swap(at),
                None => {}
            }
        }
        self.reload();
    }

    /// Puts back what is absent, and has the configuration read again.
    pub(crate) fn restore(&mut self) {
        for at in std::mem::take(&mut self.absent) {
            self.put_back(at);
        }
        self.reload();
    }

    /// Has the configuration read again.
    pub(crate) fn reload(&mut self) {
        self.count("reloads");
        lock(&self.monitor).signal(Signal::HUP);
    }

    fn swap(&mut self, at: usize) {
        self.fleet.replace(at);
        self.count("plugins swapped");
    }

    fn put_back(&mut self, at: usize) {
        let action = if self.fleet.plugins()[at].removed {
            "plugins added again"
        } else {
            "damaged libraries mended"
        };
        self.configure(at, false);
        self.fleet.replace(at);
        self.count(action);
    }

    /// Takes a plugin out of the configuration, or puts it in.
    fn configure(&mut self, at: usize, removed: bool) {
        self.fleet.set_removed(at, removed);
        let config = self.fleet.config(self.isolation);
        lock(&self.monitor).rewrite_config(&config);
    }

    /// The next plugin that has faults: what the others measure must be there all the time.
    fn next_wild(&mut self) -> usize {
        loop {
            let at = self.next();
            if !self.fleet.plugins()[at].calm {
                return at;
            }
        }
    }

    /// The next plugin: every one once a round, in an order of its own.
    fn next(&mut self) -> usize {
        loop {
            if self.round.is_empty() {
                self.round = (0..self.fleet.plugins().len()).collect();
                self.random.shuffle(&mut self.round);
            }
            match self.round.pop() {
                Some(at) if !self.absent.contains(&at) => return at,
                _ => {}
            }
        }
    }

    fn count(&mut self, action: &'static str) {
        *self.actions.entry(action).or_default() += 1;
    }
}

/// The monitor. One who panicked with it in hand has done it no harm.
pub(crate) fn lock(monitor: &Mutex<Monitor>) -> MutexGuard<'_, Monitor> {
    monitor.lock().unwrap_or_else(PoisonError::into_inner)
}
