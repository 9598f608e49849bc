//! Whether the CPUs keep up: through `sysinfo`.

use gaxx_sdk::prelude::*;
use sysinfo::{CpuRefreshKind, System};

gaxx_sdk::component!(check "load" => Load, "Whether the CPUs keep up with the work.");

#[settings]
pub(crate) struct Settings {
    /// When the check `load` warns.
    #[default]
    load_check: LoadCheck,
}

/// When the check `load` warns.
#[settings]
pub(crate) struct LoadCheck {
    /// Load of a CPU over 5 minutes from which it is degraded.
    #[default(2.0)]
    degraded: f64,
    /// Load of a CPU over 5 minutes from which it is unhealthy.
    #[default(4.0)]
    unhealthy: f64,
}

struct Load {
    system: System,
    thresholds: LoadCheck,
}

impl Component for Load {
    type Settings = Settings;

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        Ok(Self {
            system: System::new()?,
            thresholds: settings.load_check,
        })
    }
}

impl HealthCheck for Load {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        let load = System::load_average().explain(|| "cannot read the load".to_owned())?;
        // The load is the whole machine's, so all its CPUs count and not only those that this
        // program may use. They may come and go.
        self.system.refresh_cpu_list(CpuRefreshKind::nothing());
        Ok(judge(load.five, self.system.cpus().len(), &self.thresholds))
    }
}

fn judge(load: f64, cpus: usize, thresholds: &LoadCheck) -> Verdict {
    let of_cpu = load / cpus.max(1) as f64;
    let noun = if cpus == 1 { "CPU" } else { "CPUs" };
    let message = format!("load {load:.2} over 5 minutes on {cpus} {noun}: {of_cpu:.2} each");
    Verdict::by_thresholds(of_cpu, thresholds.degraded, thresholds.unhealthy, message)
        .detail("load5", load)
        .detail("cpus", cpus)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn judges() {
        let judge = |load, cpus| judge(load, cpus, &LoadCheck::default());
        let verdict = judge(1.5, 2);
        assert_eq!(verdict.status, Status::Healthy);
        assert_eq!(
            verdict.message,
            "load 1.50 over 5 minutes on 2 CPUs: 0.75 each"
        );
        assert_eq!(judge(4.0, 2).status, Status::Degraded);
        assert_eq!(judge(4.0, 1).status, Status::Unhealthy);
        assert_eq!(judge(1.0, 0).status, Status::Healthy);
    }

    #[test]
    fn this_machine_by_its_thresholds() {
        let settings = gaxx_sdk::json!({ "load_check": { "degraded": -1, "unhealthy": -1 } });
        let mut check = gaxx_sdk::testing::check::<Load>(settings).unwrap();
        let verdict = check.check().unwrap();
        assert_eq!(verdict.status, Status::Unhealthy);
        assert!(verdict.message.contains("CPU"), "{}", verdict.message);
    }
}
