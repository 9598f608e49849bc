//! Plugins of Nagios as health checks.

mod metrics;
mod perfdata;
mod range;
mod report;
#[cfg(test)]
mod tests;
mod unit;

use gaxx_sdk::prelude::*;

use self::{metrics::Metrics, report::Report};
use crate::program::{Failure, ProgramSettings, Runner};

gaxx_sdk::component!(check "nagios" => Nagios, "What a plugin of Nagios finds.");

#[settings]
pub(crate) struct Settings {
    /// A plugin of Nagios. Without it no such check is made.
    nagios: Option<NagiosSettings>,
}

/// A plugin of Nagios.
#[settings]
pub(crate) struct NagiosSettings {
    #[serde(flatten)]
    program: ProgramSettings,
    /// How many series its performance data may become. Items over it are left out and counted.
    #[default(500)]
    max_series: usize,
}

struct Nagios {
    runner: Runner,
    metrics: Metrics,
}

impl Component for Nagios {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("nagios");

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let settings = settings
            .nagios
            .ok_or_else(|| Error::settings("nagios is not set"))?;
        let program = settings.program.check("nagios")?;
        Ok(Self {
            runner: Runner::new(program, context.host().clone()),
            metrics: Metrics::new(context, settings.max_series)?,
        })
    }
}

impl HealthCheck for Nagios {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        let output = self.runner.run(deadline);
        // What it measured before is not true of a run that failed.
        let output = output.inspect_err(|_| self.metrics.show(&perfdata::Perfdata::default()));
        let output = output.map_err(Failure::into_error)?;
        let report = Report::read(&output.stdout);
        self.metrics.show(&report.perfdata);
        Ok(report.verdict(self.runner.program.path(), &output))
    }
}
