//! What udev knows of a disk: model, serial number, file system, volume.

use std::{fs, path::PathBuf};

use gaxx_sdk::prelude::*;

use crate::numbers::number;

/// Property, metric and help of what ATA disks tell.
const ATA: [(&str, &str, &str); 3] = [
    (
        "ID_ATA_WRITE_CACHE",
        "node_disk_ata_write_cache",
        "Whether the disk has a write cache.",
    ),
    (
        "ID_ATA_WRITE_CACHE_ENABLED",
        "node_disk_ata_write_cache_enabled",
        "Whether the disk's write cache is on.",
    ),
    (
        "ID_ATA_ROTATION_RATE_RPM",
        "node_disk_ata_rotation_rate_rpm",
        "Rotations a minute; 0 where nothing turns.",
    ),
];

/// The metrics whose labels udev knows.
#[derive(Debug)]
pub(super) struct Udev {
    /// udev's files, one a device.
    folder: PathBuf,
    info: Family<Gauge, 8>,
    filesystem: Family<Gauge, 5>,
    mapper: Family<Gauge, 6>,
    ata: Vec<(&'static str, Family<Gauge, 1>)>,
}

impl Udev {
    pub(super) fn new(folder: PathBuf, context: &Context) -> Result<Self> {
        let ata = |(property, name, help)| {
            context
                .gauges(name, help, ["device"])
                .map(|family| (property, family))
        };
        Ok(Self {
            folder,
            info: context.gauges(
                "node_disk_info",
                "Model and numbers of the disk, in the labels; always 1.",
                [
                    "device", "major", "minor", "path", "wwn", "model", "serial", "revision",
                ],
            )?,
            filesystem: context.gauges(
                "node_disk_filesystem_info",
                "File system on the disk, in the labels; always 1.",
                ["device", "type", "usage", "uuid", "version"],
            )?,
            mapper: context.gauges(
                "node_disk_device_mapper_info",
                "Volume of the device mapper, in the labels; always 1.",
                ["device", "name", "uuid", "vg_name", "lv_name", "lv_layer"],
            )?,
            ata: ATA.into_iter().map(ata).collect::<Result<_>>()?,
        })
    }

    pub(super) fn reset(&self) {
        self.info.reset();
        self.filesystem.reset();
        self.mapper.reset();
        self.ata.iter().for_each(|(_, family)| family.reset());
    }

    /// Tells what is known of a disk, by its major and minor number.
    pub(super) fn tell(&self, disk: &str, (major, minor): (&str, &str)) {
        let file = self.folder.join(format!("b{major}:{minor}"));
        // Without udev, as in containers, its part of the labels is empty.
        let text = fs::read(file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let of = |name| property(&text, name).unwrap_or_default();
        let serial = ["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"]
            .map(of)
            .into_iter()
            .find(|serial| !serial.is_empty());
        self.info
            .with([
                disk,
                major,
                minor,
                of("ID_PATH"),
                of("ID_WWN"),
                of("ID_MODEL"),
                serial.unwrap_or_default(),
                of("ID_REVISION"),
            ])
            .set(1.0);
        if let Some(kind) = property(&text, "ID_FS_TYPE").filter(|kind| !kind.is_empty()) {
            let labels = [
                disk,
                kind,
                of("ID_FS_USAGE"),
                of("ID_FS_UUID"),
                of("ID_FS_VERSION"),
            ];
            self.filesystem.with(labels).set(1.0);
        }
        if let Some(name) = property(&text, "DM_NAME").filter(|name| !name.is_empty()) {
            let volume = [
                of("DM_UUID"),
                of("DM_VG_NAME"),
                of("DM_LV_NAME"),
                of("DM_LV_LAYER"),
            ];
            let [uuid, group, volume, layer] = volume;
            self.mapper
                .with([disk, name, uuid, group, volume, layer])
                .set(1.0);
        }
        if !of("ID_ATA").is_empty() {
            for (name, family) in &self.ata {
                if let Some(value) = property(&text, name).and_then(number) {
                    family.with([disk]).set(value);
                }
            }
        }
    }
}

/// A property in udev's file: its line is `E:NAME=value`.
fn property<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        line.strip_prefix("E:")?
            .strip_prefix(name)?
            .strip_prefix('=')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn properties() {
        let text = "S:disk/by-id/x\nE:ID_ATA=1\nE:ID_MODEL=A=B\nE:EMPTY=\n";
        assert_eq!(property(text, "ID_MODEL"), Some("A=B"));
        assert_eq!(property(text, "ID_AT"), None);
        assert_eq!(property(text, "EMPTY"), Some(""));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(E:[A-Z_]{0,8}=?\\PC{0,9}\n|\\PC*\n){0,6}") {
            prop_assert!(property(&text, "ID").is_none_or(|value| !value.contains('\n')));
        }
    }
}
