//! A collector that shows what its host says of itself, that of ABI 1.1 included.

use gaxx_sdk::{metrics::Family, prelude::*};

struct Role {
    host: Host,
    minor: Gauge,
    named: Family<Gauge, 1>,
}

impl Component for Role {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        Ok(Self {
            host: context.host().clone(),
            minor: context.gauge(
                "host_abi_minor",
                "Minor version of the ABI that the host speaks.",
            )?,
            named: context.gauges(
                "host_role_info",
                "The host's role; the value is 1.",
                ["role"],
            )?,
        })
    }
}

impl Collector for Role {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        self.minor.set(f64::from(self.host.abi_minor()));
        self.named.with([&self.host.role()]).set(1.0);
        Ok(())
    }
}

gaxx_sdk::plugin! {
    name = "role";
    description = "Shows what its host says of itself.";
    collector "role" => Role;
}
