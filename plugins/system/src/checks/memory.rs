//! Whether memory is left: through `sysinfo`.

use gaxx_sdk::prelude::*;
use sysinfo::{MemoryRefreshKind, System};

use super::amount::bytes;

gaxx_sdk::component!(check "memory" => Memory, "Whether memory is left for programs.");

#[settings]
pub(crate) struct Settings {
    /// When the check `memory` warns.
    #[default]
    memory_check: MemoryCheck,
}

/// When the check `memory` warns.
#[settings]
pub(crate) struct MemoryCheck {
    /// Share of memory in use from which it is degraded, in percent.
    #[default(90.0)]
    degraded: f64,
    /// Share of memory in use from which it is unhealthy, in percent.
    #[default(95.0)]
    unhealthy: f64,
}

struct Memory {
    system: System,
    thresholds: MemoryCheck,
}

impl Component for Memory {
    type Settings = Settings;

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        Ok(Self {
            system: System::new()?,
            thresholds: settings.memory_check,
        })
    }
}

impl HealthCheck for Memory {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        self.system
            .refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let total = self.system.total_memory() as f64;
        // What programs could get without swapping, caches that can be dropped among it.
        let available = self.system.available_memory() as f64;
        Ok(judge(total, available, &self.thresholds))
    }
}

fn judge(total: f64, available: f64, thresholds: &MemoryCheck) -> Verdict {
    if total <= 0.0 {
        return Verdict::new(
            Status::Unknown,
            "the kernel does not tell how much memory there is",
        );
    }
    let used = (total - available).clamp(0.0, total);
    let percent = used / total * 100.0;
    let message = format!(
        "memory {percent:.0} % used: {} of {}",
        bytes(used),
        bytes(total)
    );
    Verdict::by_thresholds(percent, thresholds.degraded, thresholds.unhealthy, message)
        .detail("used_bytes", used)
        .detail("total_bytes", total)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GIB: f64 = 1_073_741_824.0;

    #[test]
    fn judges() {
        let judge = |available| judge(100.0 * GIB, available * GIB, &MemoryCheck::default());
        let verdict = judge(59.0);
        assert_eq!(verdict.status, Status::Healthy);
        assert_eq!(verdict.message, "memory 41 % used: 41.0 GiB of 100.0 GiB");
        assert_eq!(judge(10.0).status, Status::Degraded);
        assert_eq!(judge(5.0).status, Status::Unhealthy);
        // More than there is, as some containers say.
        assert_eq!(judge(200.0).status, Status::Healthy);
        assert_eq!(
            super::judge(0.0, 0.0, &MemoryCheck::default()).status,
            Status::Unknown
        );
    }

    #[test]
    fn this_machine_by_its_thresholds() {
        let status = |settings| {
            let mut check = gaxx_sdk::testing::check::<Memory>(settings).unwrap();
            check.check().unwrap().status
        };
        let thresholds =
            |low, high| gaxx_sdk::json!({ "memory_check": { "degraded": low, "unhealthy": high } });
        assert_eq!(status(thresholds(101, 102)), Status::Healthy);
        assert_eq!(status(thresholds(0, 101)), Status::Degraded);
        assert_eq!(status(thresholds(0, 0)), Status::Unhealthy);
    }

    #[test]
    fn one_threshold_alone_may_be_set() {
        let settings = gaxx_sdk::json!({ "memory_check": { "degraded": 50 } });
        gaxx_sdk::testing::check::<Memory>(settings)
            .unwrap()
            .check()
            .unwrap();
    }
}
