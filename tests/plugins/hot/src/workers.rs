//! Threads that work, and threads that come and go.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use gaxx_sdk::prelude::*;

use crate::burn::burn;

/// How long a thread works at a time, and then rests.
const TURN: Duration = Duration::from_millis(1);

/// Settings under `plugins.hot` in config.yaml.
#[settings]
pub(crate) struct Settings {
    /// Threads that are there all the time, each busy for half of it.
    #[default(0)]
    workers: u32,
    /// Threads that each collection begins, and ends.
    #[default(0)]
    short_lived: u32,
}

/// Has threads that work, and threads that come and go.
pub(crate) struct Workers {
    settings: Settings,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    begun: Counter,
}

impl Component for Workers {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        Ok(Self {
            settings,
            over: Arc::default(),
            threads: Vec::new(),
            begun: context.counter("hot_threads_total", "Threads that were begun.")?,
        })
    }

    fn start(&mut self, _: Deadline) -> Result<()> {
        for _ in 0..self.settings.workers {
            let over = Arc::clone(&self.over);
            self.threads.push(thread("hot-worker", move || {
                while !over.load(Ordering::Acquire) {
                    burn(TURN);
                    thread::sleep(TURN);
                }
            })?);
            self.begun.increment();
        }
        Ok(())
    }

    fn stop(&mut self, _: Deadline) {
        self.over.store(true, Ordering::Release);
        join(self.threads.drain(..));
    }
}

impl Collector for Workers {
    fn collect(&mut self, _: Deadline) -> Result<()> {
        let one = |_| {
            thread("hot-short", || {
                burn(TURN);
            })
        };
        let threads: io::Result<Vec<_>> = (0..self.settings.short_lived).map(one).collect();
        self.begun.add(self.settings.short_lived.into());
        join(threads?);
        Ok(())
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// A thread that panicked has said so.
fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| drop(thread.join()));
}
