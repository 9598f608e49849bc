//! Use of the CPU.

use std::{hint::black_box, time::Instant};

use gaxx_sdk::prelude::*;

/// Rounds between two looks at the clock: about a millisecond's worth without optimisation.
const ROUNDS: u64 = 1 << 17;

/// Settings under `plugins.hot` in config.yaml.
#[settings]
pub(crate) struct Settings {
    /// How long each collection uses the CPU.
    #[default(Duration::ZERO)]
    burn: Duration,
}

/// Uses the CPU at each collection.
pub(crate) struct Burn {
    settings: Settings,
    seconds: Counter,
}

impl Component for Burn {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let seconds = context.counter("hot_burn_seconds_total", "Time spent with computing.")?;
        Ok(Self { settings, seconds })
    }
}

impl Collector for Burn {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.seconds.add(burn(self.settings.burn).as_secs_f64());
        Ok(())
    }
}

/// Uses the CPU for a time; answers how long it really was.
pub(crate) fn burn(time: Duration) -> Duration {
    let start = Instant::now();
    while start.elapsed() < time {
        black_box(burn_cycles(black_box(ROUNDS)));
    }
    start.elapsed()
}

/// Computes. It calls nothing, with and without optimisation, so that whoever samples it finds it on top.
#[inline(never)]
pub(crate) fn burn_cycles(rounds: u64) -> u64 {
    let (mut number, mut left) = (0x9e37_79b9_7f4a_7c15_u64, rounds);
    while left > 0 {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        left -= 1;
    }
    number
}
