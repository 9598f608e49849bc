//! The process itself: heap, tasks, purges, uptime.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use prometheus::{
    Counter, Gauge, IntGaugeVec, Registry,
    core::{Collector, Desc},
    process_collector::ProcessCollector,
    proto::MetricFamily,
};

use super::named;
use crate::{build, process::heap};

struct Figures {
    started: Instant,
    runtime: Option<tokio::runtime::Handle>,
    heap: Gauge,
    tasks: Gauge,
    purges: Counter,
    purges_seen: AtomicU64,
    uptime: Gauge,
}

/// Registers what the process tells of itself, read anew at each scrape.
pub(super) fn register(registry: &Registry, role: &str) {
    let gauge = |name, help| Gauge::with_opts(named(name, help)).expect("a valid name");
    let figures = Figures {
        started: Instant::now(),
        runtime: tokio::runtime::Handle::try_current().ok(),
        heap: gauge("gaxx_memory_heap_bytes", "Bytes that the program has allocated and not freed."),
        tasks: gauge(
            "gaxx_goroutines_total",
            "Live asynchronous tasks: what the first program had as goroutines.",
        ),
        purges: Counter::with_opts(named(
            "gaxx_gc_total",
            "Purges by the allocator: what the first program had as garbage collections.",
        ))
        .expect("a valid name"),
        purges_seen: AtomicU64::new(0),
        uptime: gauge("gaxx_uptime_seconds", "Seconds since the program started."),
    };
    let own = "the instrument's name is its own";
    registry.register(Box::new(figures)).expect(own);
    registry.register(Box::new(ProcessCollector::for_self())).expect(own);
    let info = named("gaxx_build_info", "What this program was built from; its value is 1.");
    let labels = ["version", "commit", "target", "role"];
    let info = super::register(registry, IntGaugeVec::new(info, &labels));
    info.with_label_values(&[build::VERSION, build::COMMIT, build::TARGET, role]).set(1);
}

impl Figures {
    fn parts(&self) -> [&dyn Collector; 4] {
        [&self.heap, &self.tasks, &self.purges, &self.uptime]
    }
}

impl Collector for Figures {
    fn desc(&self) -> Vec<&Desc> {
        self.parts().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.uptime.set(self.started.elapsed().as_secs_f64());
        if let Some(runtime) = &self.runtime {
            self.tasks.set(runtime.metrics().num_alive_tasks() as f64);
        }
        if let Some(figures) = heap::figures() {
            self.heap.set(figures.allocated as f64);
            let seen = self.purges_seen.swap(figures.purges, Ordering::Relaxed);
            self.purges.inc_by(figures.purges.saturating_sub(seen) as f64);
        }
        self.parts().into_iter().flat_map(Collector::collect).collect()
    }
}
