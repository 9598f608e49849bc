//! Programs that print Prometheus text.

mod backoff;
mod lasting;
mod shared;
mod splitter;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use gaxx_sdk::prelude::*;

use crate::{
    exposition::{self, Timestamps},
    mirror::Mirror,
    program::{Failure, ProgramSettings, Runner},
};
use lasting::Lasting;

gaxx_sdk::component!(collector "exec" => Exec, "Metrics that a program prints as Prometheus text.");

#[settings]
pub(crate) struct Settings {
    /// A program that prints Prometheus text. Without it no program is run for metrics.
    exec: Option<ExecSettings>,
}

/// A program that prints Prometheus text.
#[settings]
pub(crate) struct ExecSettings {
    #[serde(flatten)]
    program: ProgramSettings,
    /// Whether it is run anew for each collection, or keeps running and prints again and again.
    #[default(Mode::PerInterval)]
    mode: Mode,
    /// How many series are shown. Those over it are left out and counted.
    #[default(1_000)]
    max_series: usize,
    /// With `long_lived`: a program that prints no exposition for so long is ended and run again.
    #[default(Duration::from_mins(2))]
    max_silence: Duration,
}

/// How a program is run.
#[settings]
pub(crate) enum Mode {
    /// Anew for each collection; what it printed until its end is the exposition.
    PerInterval,
    /// It keeps running; an empty line or `# EOF` ends each exposition. The first is waited for as
    /// long as a run may take, and each may be as large as what a run prints.
    LongLived,
}

/// Where expositions come from.
enum Source {
    PerInterval(Runner),
    LongLived(Lasting),
}

struct Exec {
    source: Source,
    path: String,
    mirror: Mirror,
    left_out: Gauge,
}

impl Component for Exec {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("exec");

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let settings = settings
            .exec
            .ok_or_else(|| Error::settings("exec is not set"))?;
        let program = settings.program.check("exec")?;
        let help = "Series of the last exposition that could not be shown.";
        let left_out = context.gauges("exec_series_left_out", help, ["source"])?;
        let host = context.host().clone();
        Ok(Self {
            path: program.path().to_owned(),
            mirror: Mirror::new(context, settings.max_series),
            left_out: left_out.with([&host.instance()]),
            source: match settings.mode {
                Mode::PerInterval => Source::PerInterval(Runner::new(program, host)),
                Mode::LongLived => Source::LongLived(Lasting::new(program, settings.max_silence)),
            },
        })
    }

    fn start(&mut self, _deadline: Deadline) -> Result<()> {
        match &mut self.source {
            Source::PerInterval(_) => Ok(()),
            Source::LongLived(lasting) => lasting.start(),
        }
    }

    fn stop(&mut self, _deadline: Deadline) {
        if let Source::LongLived(lasting) = &mut self.source {
            lasting.stop();
        }
    }
}

impl Collector for Exec {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        let families = match &self.source {
            Source::LongLived(lasting) => lasting.latest(deadline)?,
            Source::PerInterval(runner) => {
                let text = runner.run_well(deadline).map_err(Failure::into_error)?;
                Arc::new(read(&text, &self.path)?)
            }
        };
        self.mirror.check_kinds(&families)?;
        let left_out = self.mirror.show(&families, &self.path);
        self.left_out.set(left_out as f64);
        Ok(())
    }
}

/// Reads what a program printed.
fn read(text: &[u8], path: &str) -> Result<Vec<exposition::Family>> {
    exposition::parse(text, Timestamps::PassedOver).map_err(|error| {
        Error::failed(format!("{path} did not print Prometheus text: {error}"))
            .remedy("run it by hand, and check what it prints with `promtool check metrics`")
    })
}
