//! Whether `SELinux` protects the machine.

use gaxx_sdk::prelude::*;

use crate::{numbers::number, roots::Roots, source::Source};

gaxx_sdk::component!(collector "selinux" => Selinux, "Whether SELinux is on, and its mode.");

struct Selinux {
    enforce: Source,
    config: Source,
    enabled: Gauge,
    config_mode: Gauge,
    current_mode: Gauge,
}

impl Component for Selinux {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            enforce: Source::new(&roots.sysfs, "fs/selinux/enforce"),
            config: Source::new(&roots.rootfs, "etc/selinux/config"),
            enabled: context.gauge("node_selinux_enabled", "Whether SELinux is on: 1 or 0.")?,
            config_mode: context.gauge(
                "node_selinux_config_mode",
                "Mode in the configuration: 1 enforcing, 0 permissive, -1 disabled.",
            )?,
            current_mode: context.gauge(
                "node_selinux_current_mode",
                "Mode that is in force: 1 enforcing, 0 permissive.",
            )?,
        })
    }
}

impl Collector for Selinux {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        // The kernel shows this file exactly where SELinux is on.
        let mode = self
            .enforce
            .read_if_there()?
            .map(|text| number(text.trim()));
        self.config_mode.clear();
        self.current_mode.clear();
        let Some(mode) = mode else {
            self.enabled.set(0.0);
            return Ok(());
        };
        self.enabled.set(1.0);
        if let Some(mode) = mode {
            self.current_mode.set(mode);
        }
        if let Some(mode) = self
            .config
            .read_if_there()?
            .and_then(|text| configured(&text))
        {
            self.config_mode.set(mode);
        }
        Ok(())
    }
}

/// The mode that the configuration names.
fn configured(text: &str) -> Option<f64> {
    let mode = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("SELINUX="))?;
    match mode.trim() {
        "enforcing" => Some(1.0),
        "permissive" => Some(0.0),
        "disabled" => Some(-1.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::golden::tests!(Selinux, "selinux");
}
