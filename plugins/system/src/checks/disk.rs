//! Whether there is space on the disks.

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use super::amount::bytes;
use crate::filesystem::{
    FilesystemSettings,
    mounts::{Mount, Mounts},
    space::{Space, Surveyor},
};

gaxx_sdk::component!(check "disk" => Disk, "Whether there is space on the file systems.");

#[settings]
pub(crate) struct Settings {
    /// Where the kernel's process file system is mounted.
    #[default("/proc".into())]
    procfs: PathBuf,
    /// Where the machine's root directory is found: in a container, where it is mounted.
    #[default("/".into())]
    rootfs: PathBuf,
    /// Which file systems are looked at, by the collector and by the check `disk`.
    #[default]
    filesystem: FilesystemSettings,
    /// When the check `disk` warns.
    #[default]
    disk_check: DiskCheck,
}

/// When the check `disk` warns.
#[settings]
pub(crate) struct DiskCheck {
    /// Share of a file system in use from which it is degraded, in percent.
    #[default(85.0)]
    degraded: f64,
    /// Share of a file system in use from which it is unhealthy, in percent.
    #[default(95.0)]
    unhealthy: f64,
}

struct Disk {
    mounts: Mounts,
    surveyor: Surveyor,
    thresholds: DiskCheck,
}

impl Component for Disk {
    type Settings = Settings;

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        Ok(Self {
            surveyor: Surveyor::new(settings.filesystem.patience),
            mounts: Mounts::new(&settings.procfs, settings.rootfs, settings.filesystem),
            thresholds: settings.disk_check,
        })
    }
}

impl HealthCheck for Disk {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        let mounts = self.mounts.read()?;
        // What cannot be written to does not fill.
        let survey = mounts
            .iter()
            .filter(|mount| !mount.is_read_only)
            .map(|mount| {
                let space = self.surveyor.survey(&mount.path, deadline);
                (mount, space.ok())
            });
        Ok(judge(survey, &self.thresholds))
    }
}

/// A file system and how full it is.
struct Full<'a> {
    point: &'a str,
    /// Share of what users can have, as `df` shows it.
    percent: f64,
    space: Space,
}

fn judge<'a>(
    survey: impl Iterator<Item = (&'a Mount, Option<Space>)>,
    thresholds: &DiskCheck,
) -> Verdict {
    let mut silent = Vec::new();
    let mut full: Vec<Full<'_>> = Vec::new();
    for (mount, space) in survey {
        match space {
            Some(space) if space.size > 0.0 => full.push(Full::new(&mount.point, space)),
            Some(_) => {}
            None => silent.push(mount.point.as_str()),
        }
    }
    full.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    let verdict = of_fullest(&full, thresholds);
    if silent.is_empty() {
        return verdict;
    }
    // A file system that does not answer stops every program that uses it.
    let message = format!("no answer from {}; {}", silent.join(", "), verdict.message);
    let status = match verdict.status {
        Status::Unhealthy => Status::Unhealthy,
        _ => Status::Degraded,
    };
    Verdict {
        status,
        message,
        details: verdict.details,
    }
}

fn of_fullest(full: &[Full<'_>], thresholds: &DiskCheck) -> Verdict {
    let Some(worst) = full.first() else {
        return Verdict::healthy("no file system to look at");
    };
    let over: Vec<&Full<'_>> = full
        .iter()
        .filter(|full| full.percent >= thresholds.degraded)
        .collect();
    let message = if over.is_empty() {
        format!("fullest of {}: {}", full.len(), worst.describe())
    } else {
        over.iter()
            .map(|full| full.describe())
            .collect::<Vec<_>>()
            .join("; ")
    };
    let verdict = Verdict::by_thresholds(
        worst.percent,
        thresholds.degraded,
        thresholds.unhealthy,
        message,
    );
    full.iter().fold(verdict, |verdict, full| {
        verdict.detail(full.point, format!("{:.1} %", full.percent))
    })
}

impl<'a> Full<'a> {
    fn new(point: &'a str, space: Space) -> Self {
        let used = space.size - space.free;
        // Some blocks are for root alone: neither used nor to be had.
        let percent = used / (used + space.available).max(1.0) * 100.0;
        Self {
            point,
            percent,
            space,
        }
    }

    fn describe(&self) -> String {
        let left = bytes(self.space.available);
        format!("{} {:.0} % used, {left} left", self.point, self.percent)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn mount(point: &str) -> Mount {
        Mount {
            device: "/dev/sda1".into(),
            kind: "ext4".into(),
            point: point.into(),
            path: point.into(),
            is_read_only: false,
        }
    }

    fn used(percent: f64) -> Space {
        let free = (100.0 - percent) * 1_073_741_824.0;
        let size = 107_374_182_400.0;
        Space {
            size,
            free,
            available: free,
            files: 1.0,
            files_free: 1.0,
        }
    }

    fn judged(found: &[(&str, Option<Space>)]) -> Verdict {
        let mounts: Vec<Mount> = found.iter().map(|(point, _)| mount(point)).collect();
        let survey = mounts
            .iter()
            .zip(found)
            .map(|(mount, (_, space))| (mount, *space));
        judge(survey, &DiskCheck::default())
    }

    #[test]
    fn the_fullest_decides_and_is_named() {
        let verdict = judged(&[("/", Some(used(40.0))), ("/home", Some(used(60.0)))]);
        assert_eq!(verdict.status, Status::Healthy);
        assert_eq!(
            verdict.message,
            "fullest of 2: /home 60 % used, 40.0 GiB left"
        );
        let verdict = judged(&[
            ("/", Some(used(90.0))),
            ("/home", Some(used(96.0))),
            ("/srv", Some(used(1.0))),
        ]);
        assert_eq!(verdict.status, Status::Unhealthy);
        assert_eq!(
            verdict.message,
            "/home 96 % used, 4.0 GiB left; / 90 % used, 10.0 GiB left"
        );
        assert_eq!(judged(&[("/", Some(used(85.0)))]).status, Status::Degraded);
    }

    #[test]
    fn one_that_does_not_answer_is_named() {
        let verdict = judged(&[("/", Some(used(10.0))), ("/nfs", None)]);
        assert_eq!(verdict.status, Status::Degraded);
        assert!(
            verdict.message.starts_with("no answer from /nfs; "),
            "{}",
            verdict.message
        );
        let verdict = judged(&[("/", Some(used(99.0))), ("/nfs", None)]);
        assert_eq!(verdict.status, Status::Unhealthy);
    }

    #[test]
    fn without_file_systems_it_is_healthy() {
        assert_eq!(judged(&[]).status, Status::Healthy);
    }

    #[test]
    fn this_machine_by_its_thresholds() {
        let settings = gaxx_sdk::json!({
            "disk_check": { "degraded": -1, "unhealthy": -1 },
            "filesystem": { "mount_points_exclude": "^$", "types_exclude": "^proc$" },
        });
        let mut check = gaxx_sdk::testing::check::<Disk>(settings).unwrap();
        let verdict = check.check().unwrap();
        assert_eq!(verdict.status, Status::Unhealthy);
        assert!(verdict.message.contains("% used"), "{}", verdict.message);
    }
}
