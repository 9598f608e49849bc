//! How well the machine's clock is held to the right time: what `adjtimex` answers.

use std::{io, mem::MaybeUninit};

use gaxx_sdk::prelude::*;

gaxx_sdk::component!(collector "timex" => Timex, "How well the clock is held to the right time.");

/// Answer of the call: the clock is not synchronised.
const TIME_ERROR: i32 = 5;
/// Bit of the status: offset and jitter are in nanoseconds, not microseconds.
const STA_NANO: i32 = 0x2000;
const MICRO: f64 = 1e6;
const NANO: f64 = 1e9;
/// Frequencies are told in parts per million, with 16 bits behind the point.
const PPM: f64 = 1e6 * 65536.0;

/// How a value is found in the call's answer.
type Value = fn(&libc::timex) -> f64;
/// Name, help and value of a metric.
type Field = (&'static str, &'static str, Value);

const GAUGES: [Field; 12] = [
    (
        "node_timex_offset_seconds",
        "How far the clock is off, in seconds.",
        |t| t.offset as f64 / resolution(t),
    ),
    (
        "node_timex_frequency_adjustment_ratio",
        "Factor that the clock's rate is corrected by.",
        |t| 1.0 + t.freq as f64 / PPM,
    ),
    (
        "node_timex_maxerror_seconds",
        "Largest possible error, in seconds.",
        |t| t.maxerror as f64 / MICRO,
    ),
    (
        "node_timex_estimated_error_seconds",
        "Estimated error, in seconds.",
        |t| t.esterror as f64 / MICRO,
    ),
    ("node_timex_status", "Bits of the clock's status.", |t| {
        f64::from(t.status)
    }),
    (
        "node_timex_loop_time_constant",
        "Time constant of the phase-locked loop.",
        |t| t.constant as f64,
    ),
    (
        "node_timex_tick_seconds",
        "Seconds between ticks of the clock.",
        |t| t.tick as f64 / MICRO,
    ),
    (
        "node_timex_pps_frequency_hertz",
        "Frequency of the pulse per second.",
        |t| t.ppsfreq as f64 / PPM,
    ),
    (
        "node_timex_pps_jitter_seconds",
        "Jitter of the pulse per second.",
        |t| t.jitter as f64 / resolution(t),
    ),
    (
        "node_timex_pps_shift_seconds",
        "Interval of the pulse per second.",
        |t| f64::from(t.shift),
    ),
    (
        "node_timex_pps_stability_hertz",
        "Stability of the pulse per second.",
        |t| t.stabil as f64 / PPM,
    ),
    (
        "node_timex_tai_offset_seconds",
        "Seconds that international atomic time is ahead.",
        |t| f64::from(t.tai),
    ),
];

const COUNTERS: [Field; 4] = [
    (
        "node_timex_pps_jitter_total",
        "Pulses whose jitter was over the limit.",
        |t| t.jitcnt as f64,
    ),
    (
        "node_timex_pps_calibration_total",
        "Intervals of calibration by the pulse.",
        |t| t.calcnt as f64,
    ),
    (
        "node_timex_pps_error_total",
        "Errors of calibration by the pulse.",
        |t| t.errcnt as f64,
    ),
    (
        "node_timex_pps_stability_exceeded_total",
        "Times that stability was over the limit.",
        |t| t.stbcnt as f64,
    ),
];

struct Timex {
    sync_status: Gauge,
    gauges: Vec<(Gauge, Value)>,
    counters: Vec<(Family<Counter, 0>, Value)>,
}

impl Component for Timex {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        let gauge = |(name, help, value)| Ok((context.gauge(name, help)?, value));
        let counter = |(name, help, value)| Ok((context.counters(name, help, [])?, value));
        Ok(Self {
            sync_status: context.gauge(
                "node_timex_sync_status",
                "Whether the clock is held to a reliable source: 1 or 0.",
            )?,
            gauges: GAUGES.into_iter().map(gauge).collect::<Result<_>>()?,
            counters: COUNTERS.into_iter().map(counter).collect::<Result<_>>()?,
        })
    }
}

impl Collector for Timex {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let (state, timex) = match adjtimex() {
            Ok(answer) => answer,
            // Some sandboxes forbid even to read it: nothing that anyone could mend.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
            Err(error) => return Err(error).explain(|| "adjtimex".to_owned()),
        };
        self.sync_status
            .set(f64::from(u8::from(state != TIME_ERROR)));
        for (gauge, value) in &self.gauges {
            gauge.set(value(&timex));
        }
        for (counter, value) in &self.counters {
            counter.with([]).set_total(value(&timex));
        }
        Ok(())
    }
}

/// Units in a second, of those values whose unit depends on the status.
fn resolution(timex: &libc::timex) -> f64 {
    if timex.status & STA_NANO == 0 {
        MICRO
    } else {
        NANO
    }
}

/// The state of the clock and its figures.
#[allow(unsafe_code)]
fn adjtimex() -> io::Result<(i32, libc::timex)> {
    let mut timex = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: the pointer is to a live value of the right type, and zeroes are a valid `timex`: one
    // whose `modes` asks for no change.
    let (state, timex) = unsafe { (libc::adjtimex(timex.as_mut_ptr()), timex.assume_init()) };
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((state, timex))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    crate::golden::live_test!(Timex, "timex");

    #[test]
    fn tells_the_clock() {
        let mut timex = gaxx_sdk::testing::collector::<Timex>(gaxx_sdk::json!({})).unwrap();
        let samples = timex.collect().unwrap();
        // Within a tenth of the usual 10 ms: the kernel allows no more.
        let tick = samples.value("node_timex_tick_seconds", &[]).unwrap();
        assert!((0.009..=0.011).contains(&tick), "{tick}");
        let rate = samples
            .value("node_timex_frequency_adjustment_ratio", &[])
            .unwrap();
        assert!((0.999..=1.001).contains(&rate), "{rate}");
    }
}
