//! What the configuration may say.

use gaxx_sdk::prelude::*;

use crate::query::{MOST_HERTZ, MOST_SECONDS};

/// Settings under `plugins.pprof` in config.yaml.
#[settings]
pub(crate) struct Settings {
    /// How often a CPU profile looks who runs, in a second of CPU time, where the request does not
    /// say: 1 to 250. A number that divides no round one is not in step with what a program does
    /// regularly.
    #[default(99)]
    pub(crate) frequency: u32,
    /// The longest profile that may be asked for: 1s to 5m.
    #[default(Duration::from_mins(5))]
    pub(crate) max_time: Duration,
    /// How many profiles may be taken or named at once, the waiting ones included; one more is
    /// answered 503. There is one CPU profile at a time in any case.
    #[default(8)]
    pub(crate) requests: usize,
}

impl Settings {
    /// The longest profile in whole seconds.
    pub(crate) fn most_seconds(&self) -> u64 {
        self.max_time.as_secs()
    }

    /// Refuses what cannot work.
    pub(crate) fn check(&self) -> Result<()> {
        if !(1..=MOST_HERTZ).contains(&self.frequency) {
            let message = format!("frequency is {}", self.frequency);
            return Err(Error::settings(message).remedy("choose one from 1 to 250"));
        }
        let longest = Duration::from_secs(MOST_SECONDS);
        if !(Duration::from_secs(1)..=longest).contains(&self.max_time) {
            let message = format!("max_time is {} s", self.max_time.as_secs_f64());
            return Err(Error::settings(message).remedy("choose one from 1s to 5m"));
        }
        if self.requests == 0 {
            return Err(Error::settings("requests is 0").remedy("let at least one be answered"));
        }
        Ok(())
    }
}
