//! How many tasks run or wait, averaged: through `sysinfo`.

use gaxx_sdk::prelude::*;
use sysinfo::System;

gaxx_sdk::component!(collector "loadavg" => Loadavg, "Load over 1, 5 and 15 minutes.");

struct Loadavg {
    loads: [Gauge; 3],
}

impl Component for Loadavg {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        let loads = [
            context.gauge(
                "node_load1",
                "Tasks that run or wait, averaged over a minute.",
            )?,
            context.gauge(
                "node_load5",
                "Tasks that run or wait, averaged over 5 minutes.",
            )?,
            context.gauge(
                "node_load15",
                "Tasks that run or wait, averaged over 15 minutes.",
            )?,
        ];
        Ok(Self { loads })
    }
}

impl Collector for Loadavg {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let load = System::load_average().explain(|| "cannot read the load".to_owned())?;
        for (gauge, value) in self.loads.iter().zip([load.one, load.five, load.fifteen]) {
            gauge.set(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::live_test!(Loadavg, "loadavg");
}
