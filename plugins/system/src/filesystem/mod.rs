//! Space on the mounted file systems.

pub(crate) mod mounts;
pub(crate) mod space;

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use self::{
    mounts::Mounts,
    space::{Space, Surveyor},
};
use crate::pattern::Pattern;

gaxx_sdk::component!(collector "filesystem" => Filesystem, "Space and files on the mounted file systems.");

/// `node_exporter`'s own defaults.
pub(crate) const MOUNT_POINTS_EXCLUDE: &str =
    "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";
pub(crate) const TYPES_EXCLUDE: &str = "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts\
    |devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs\
    |securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$";

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
}

/// Which file systems are looked at, by the collector and by the check `disk`.
#[settings]
pub(crate) struct FilesystemSettings {
    /// A regular expression for the mount points that are left out.
    #[default(Pattern::fixed(MOUNT_POINTS_EXCLUDE))]
    pub(crate) mount_points_exclude: Pattern,
    /// A regular expression for the types that are left out.
    #[default(Pattern::fixed(TYPES_EXCLUDE))]
    pub(crate) types_exclude: Pattern,
    /// How long a file system may take to answer: a dead file server would take for ever.
    #[default(Duration::from_secs(2))]
    pub(crate) patience: Duration,
}

/// A gauge of each file system.
type OfMount = Family<Gauge, 3>;

struct Filesystem {
    mounts: Mounts,
    surveyor: Surveyor,
    size: OfMount,
    free: OfMount,
    available: OfMount,
    files: OfMount,
    files_free: OfMount,
    read_only: OfMount,
    device_error: OfMount,
}

impl Component for Filesystem {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let gauge = |name, help| context.gauges(name, help, ["device", "fstype", "mountpoint"]);
        Ok(Self {
            surveyor: Surveyor::new(settings.filesystem.patience),
            mounts: Mounts::new(&settings.procfs, settings.rootfs, settings.filesystem),
            size: gauge("node_filesystem_size_bytes", "Size of the file system.")?,
            free: gauge("node_filesystem_free_bytes", "Bytes free for root.")?,
            available: gauge("node_filesystem_avail_bytes", "Bytes free for all users.")?,
            files: gauge(
                "node_filesystem_files",
                "Files that the file system can hold.",
            )?,
            files_free: gauge(
                "node_filesystem_files_free",
                "Files that it still can take.",
            )?,
            read_only: gauge(
                "node_filesystem_readonly",
                "Whether it cannot be written to: 1 or 0.",
            )?,
            device_error: gauge(
                "node_filesystem_device_error",
                "Whether its figures could not be read: 1 or 0.",
            )?,
        })
    }
}

impl Collector for Filesystem {
    fn collect(&mut self, deadline: Deadline) -> Result<()> {
        let mounts = self.mounts.read()?;
        let families = [
            &self.size,
            &self.free,
            &self.available,
            &self.files,
            &self.files_free,
            &self.read_only,
            &self.device_error,
        ];
        families.into_iter().for_each(Family::reset);
        for mount in mounts.iter() {
            let labels = [mount.device.as_str(), &mount.kind, &mount.point];
            self.read_only
                .with(labels)
                .set(f64::from(u8::from(mount.is_read_only)));
            let space = self.surveyor.survey(&mount.path, deadline);
            let failed = space.is_err();
            self.device_error
                .with(labels)
                .set(f64::from(u8::from(failed)));
            if let Ok(space) = space {
                self.tell(labels, space);
            }
        }
        Ok(())
    }
}

impl Filesystem {
    fn tell(&self, labels: [&str; 3], space: Space) {
        self.size.with(labels).set(space.size);
        self.free.with(labels).set(space.free);
        self.available.with(labels).set(space.available);
        self.files.with(labels).set(space.files);
        self.files_free.with(labels).set(space.files_free);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // The mount points are not there, so that what is told does not depend on this machine's disk.
    crate::golden::tests!(Filesystem, "filesystem");

    #[test]
    fn tells_the_space_of_a_mount() {
        let root = tempfile::tempdir().unwrap();
        let machine = root.path().join("machine");
        std::fs::create_dir_all(machine.join("data disk")).unwrap();
        std::fs::create_dir_all(root.path().join("proc/1")).unwrap();
        let mounts = "/dev/sda1 /data\\040disk ext4 rw 0 0\n\
            /dev/sdb1 /gone xfs ro 0 0\n\
            proc /proc proc rw 0 0\n\
            /dev/sdc1 /dev/disk ext4 rw 0 0\n";
        std::fs::write(root.path().join("proc/1/mounts"), mounts).unwrap();
        let settings = gaxx_sdk::json!({ "procfs": root.path().join("proc"), "rootfs": machine });
        let mut filesystem = gaxx_sdk::testing::collector::<Filesystem>(settings).unwrap();
        let samples = filesystem.collect().unwrap();
        let value = |name: &str, point| {
            samples.value(&format!("node_filesystem_{name}"), &[("mountpoint", point)])
        };
        let real = rustix::fs::statvfs(&machine).unwrap();
        let size = real.f_blocks as f64 * real.f_frsize as f64;
        assert_eq!(value("size_bytes", "/data disk"), Some(size));
        assert_eq!(value("device_error", "/data disk"), Some(0.0));
        assert_eq!(value("readonly", "/data disk"), Some(0.0));
        assert_eq!(value("size_bytes", "/gone"), None);
        assert_eq!(value("device_error", "/gone"), Some(1.0));
        assert_eq!(value("readonly", "/gone"), Some(1.0));
        for left_out in ["/proc", "/dev/disk"] {
            assert_eq!(value("readonly", left_out), None, "{left_out}");
        }
        assert_eq!(samples.findings(), Vec::<String>::new());
    }
}
