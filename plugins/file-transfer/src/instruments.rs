//! What the plugin measures of itself.

use std::time::Duration;

use gaxx_sdk::{metrics::exponential_bounds, prelude::*};

use crate::refusal::Reason;

/// Which way the content of files goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Received,
    Sent,
}

/// What the plugin measures of itself. A transfer is the content of a file, or of a folder as a tar
/// stream, on its way; lists and deletions are none.
#[derive(Debug)]
pub(crate) struct Instruments {
    duration: Histogram,
    throughput: Histogram,
    size: Histogram,
    successful: Counter,
    failed: Counter,
    received: Counter,
    sent: Counter,
    refused: Vec<Counter>,
    swept: Counter,
    pub(crate) running: Gauge,
    pub(crate) partials: Gauge,
    pub(crate) used: Family<Gauge, 1>,
}

impl Instruments {
    pub(crate) fn new(context: &Context) -> Result<Self> {
        let bytes = context.counters(
            "gaxx_file_transfer_bytes_total",
            "Bytes of files that were moved, of whole and of failed transfers.",
            ["direction"],
        )?;
        let refused = context.counters(
            "gaxx_file_transfer_refused_total",
            "Requests that were not done, or not to their end, by reason.",
            ["reason"],
        )?;
        let refused = Reason::ALL
            .iter()
            .map(|reason| refused.try_with([reason.label()]));
        let gauge = |name, help| -> Result<Gauge> {
            let gauge = context.gauge(name, help)?;
            gauge.set(0.0);
            Ok(gauge)
        };
        Ok(Self {
            duration: context.histogram(
                "gaxx_file_transfer_duration",
                "Seconds that file transfers took.",
                &exponential_bounds(0.001, 4.0, 11),
            )?,
            throughput: context.histogram(
                "gaxx_file_transfer_throughput_mbps",
                "Speed of file transfers, in megabytes (10^6 bytes) a second.",
                &exponential_bounds(1.0, 2.0, 13),
            )?,
            size: context.histogram(
                "gaxx_file_transfer_size_bytes",
                "Bytes of the files that were moved.",
                &exponential_bounds(1024.0, 8.0, 10),
            )?,
            successful: context.counter(
                "gaxx_file_transfers_successful",
                "Transfers that were done to their end.",
            )?,
            failed: context.counter(
                "gaxx_file_transfers_failed",
                "Transfers that were begun and not done to their end.",
            )?,
            received: bytes.try_with(["received"])?,
            sent: bytes.try_with(["sent"])?,
            refused: refused.collect::<Result<_>>()?,
            swept: context.counter(
                "gaxx_file_transfer_partials_swept_total",
                "Interrupted uploads that nobody resumed in time, and leftovers of a crash, removed.",
            )?,
            running: gauge(
                "gaxx_file_transfers_running",
                "Requests to move, list or delete files that are at work.",
            )?,
            partials: gauge(
                "gaxx_file_transfer_partials",
                "Uploads that are not whole: those at work, and those that may be resumed.",
            )?,
            used: context.gauges(
                "gaxx_file_transfer_root_used_bytes",
                "Bytes of the files beneath a root that has a quota.",
                ["root"],
            )?,
        })
    }

    /// A transfer that was done.
    pub(crate) fn transferred(&self, direction: Direction, bytes: u64, took: Duration) {
        let seconds = took.as_secs_f64();
        self.duration.observe(seconds);
        if bytes > 0 && seconds > 0.0 {
            self.throughput.observe(bytes as f64 / 1e6 / seconds);
        }
        self.size.observe(bytes as f64);
        self.successful.increment();
        self.moved(direction, bytes);
    }

    /// A transfer that broke off after so many bytes.
    pub(crate) fn broke_off(&self, direction: Direction, bytes: u64) {
        self.failed.increment();
        self.moved(direction, bytes);
    }

    pub(crate) fn refused(&self, reason: Reason) {
        // In the order of `Reason::ALL`, which is that of the declaration.
        if let Some(counter) = self.refused.get(reason as usize) {
            counter.increment();
        }
    }

    pub(crate) fn swept(&self, count: usize) {
        self.swept.add(count as f64);
    }

    fn moved(&self, direction: Direction, bytes: u64) {
        let counter = match direction {
            Direction::Received => &self.received,
            Direction::Sent => &self.sent,
        };
        counter.add(bytes as f64);
    }
}
