//! The process itself: heap, tasks, purges, uptime, and what the kernel says of it.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use prometheus::{
    Counter, Gauge, IntGaugeVec, Registry,
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::named;
use crate::{
    build,
    process::{heap, own},
    role::Role,
};

/// Figures that are younger than this are shown again.
const FRESH: Duration = Duration::from_millis(500);

struct Figures {
    started: Instant,
    /// When the figures were last read: each reading costs a tenth of a scrape.
    read: Mutex<Option<Instant>>,
    runtime: Option<tokio::runtime::Handle>,
    heap: Gauge,
    tasks: Gauge,
    purges: Total,
    uptime: Gauge,
    cpu: Total,
    resident: Gauge,
    virtual_memory: Gauge,
    threads: Gauge,
    open_fds: Gauge,
    max_fds: Gauge,
    start_time: Gauge,
}

/// A total that somebody else counts.
struct Total {
    counter: Counter,
    seen: Mutex<f64>,
}

/// Registers what the process tells of itself, read anew at each scrape.
pub(super) fn register(registry: &Registry, role: Role) {
    registry
        .register(Box::new(Figures::new()))
        .expect("the instruments' names are their own");
    let info = named(
        "gaxx_build_info",
        "What this program was built from; its value is 1.",
    );
    let labels = ["version", "commit", "target", "role"];
    let info = super::register(registry, IntGaugeVec::new(info, &labels));
    info.with_label_values(&[build::VERSION, build::COMMIT, build::TARGET, role.label()])
        .set(1);
}

impl Figures {
    fn new() -> Self {
        let start_time = gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since the Unix epoch.",
        );
        start_time.set(started_at());
        Self {
            started: Instant::now(),
            read: Mutex::new(None),
            runtime: tokio::runtime::Handle::try_current().ok(),
            heap: gauge(
                "gaxx_memory_heap_bytes",
                "Bytes that the program has allocated and not freed.",
            ),
            tasks: gauge(
                "gaxx_goroutines_total",
                "Live asynchronous tasks: what the first program had as goroutines.",
            ),
            purges: Total::new(
                "gaxx_gc_total",
                "Purges by the allocator: what the first program had as garbage collections.",
            ),
            uptime: gauge("gaxx_uptime_seconds", "Seconds since the program started."),
            cpu: Total::new(
                "process_cpu_seconds_total",
                "CPU time, user and system together.",
            ),
            resident: gauge("process_resident_memory_bytes", "Memory that is there."),
            virtual_memory: gauge("process_virtual_memory_bytes", "Address space."),
            threads: gauge("process_threads", "Threads of the operating system."),
            open_fds: gauge("process_open_fds", "Open file descriptors."),
            max_fds: gauge("process_max_fds", "How many file descriptors may be open."),
            start_time,
        }
    }

    fn parts(&self) -> [&dyn Collector; 11] {
        [
            &self.heap,
            &self.tasks,
            &self.purges.counter,
            &self.uptime,
            &self.cpu.counter,
            &self.resident,
            &self.virtual_memory,
            &self.threads,
            &self.open_fds,
            &self.max_fds,
            &self.start_time,
        ]
    }

    fn read(&self) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.is_some_and(|at| at.elapsed() < FRESH) {
            return;
        }
        *read = Some(Instant::now());
        self.uptime.set(self.started.elapsed().as_secs_f64());
        if let Some(runtime) = &self.runtime {
            self.tasks.set(runtime.metrics().num_alive_tasks() as f64);
        }
        if let Some(figures) = heap::figures() {
            self.heap.set(figures.allocated as f64);
            self.purges.set(figures.purges as f64);
        }
        if let Some(usage) = own::usage() {
            self.cpu.set(usage.cpu_seconds);
            self.resident.set(usage.resident_bytes as f64);
            self.virtual_memory.set(usage.virtual_bytes as f64);
            self.threads.set(usage.threads as f64);
            self.open_fds.set(usage.open_fds as f64);
            let max_fds = usage.max_fds.map_or(f64::INFINITY, |most| most as f64);
            self.max_fds.set(max_fds);
        }
    }
}

impl Collector for Figures {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.read();
        self.parts()
            .into_iter()
            .flat_map(Collector::collect)
            .collect()
    }
}

impl Total {
    fn new(name: &str, help: &str) -> Self {
        let counter = Counter::with_opts(named(name, help)).expect("a valid name");
        Self {
            counter,
            seen: Mutex::new(0.0),
        }
    }

    fn set(&self, total: f64) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.counter.inc_by((total - *seen).max(0.0));
        *seen = total.max(*seen);
    }
}

fn gauge(name: &str, help: &str) -> Gauge {
    Gauge::with_opts(named(name, help)).expect("a valid name")
}

/// When the process started.
fn started_at() -> f64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64();
    // Where its age cannot be read, it is being started right now.
    now - own::age().unwrap_or_default()
}
