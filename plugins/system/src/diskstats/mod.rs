//! Work of the disks, from `/proc/diskstats`, and what udev knows of them.

mod udev;

use std::path::PathBuf;

use gaxx_sdk::prelude::*;

use self::udev::Udev;
use crate::{
    numbers::columns,
    pattern::{Excluded, Pattern},
    source::Source,
};

gaxx_sdk::component!(collector "diskstats" => Diskstats, "Reads, writes and other work of the disks.");

/// Sectors in the kernel's statistics have this many bytes, whatever the disk's have.
const SECTOR: f64 = 512.0;
const MILLISECOND: f64 = 1e-3;

/// The column of work under way, the only one that does not just grow.
const IN_PROGRESS: usize = 8;

/// Metric, help and factor, as the columns are ordered. Kernels before 4.18 have no discards,
/// those before 5.5 no flushes.
const COLUMNS: [(&str, &str, f64); 17] = [
    ("node_disk_reads_completed_total", "Reads completed.", 1.0),
    (
        "node_disk_reads_merged_total",
        "Reads merged with others.",
        1.0,
    ),
    ("node_disk_read_bytes_total", "Bytes read.", SECTOR),
    (
        "node_disk_read_time_seconds_total",
        "Seconds that all reads took.",
        MILLISECOND,
    ),
    ("node_disk_writes_completed_total", "Writes completed.", 1.0),
    (
        "node_disk_writes_merged_total",
        "Writes merged with others.",
        1.0,
    ),
    ("node_disk_written_bytes_total", "Bytes written.", SECTOR),
    (
        "node_disk_write_time_seconds_total",
        "Seconds that all writes took.",
        MILLISECOND,
    ),
    ("node_disk_io_now", "Reads and writes under way.", 1.0),
    (
        "node_disk_io_time_seconds_total",
        "Seconds in which the disk was busy.",
        MILLISECOND,
    ),
    (
        "node_disk_io_time_weighted_seconds_total",
        "Seconds in which the disk was busy, times the work under way.",
        MILLISECOND,
    ),
    (
        "node_disk_discards_completed_total",
        "Discards completed.",
        1.0,
    ),
    (
        "node_disk_discards_merged_total",
        "Discards merged with others.",
        1.0,
    ),
    (
        "node_disk_discarded_sectors_total",
        "Sectors discarded.",
        1.0,
    ),
    (
        "node_disk_discard_time_seconds_total",
        "Seconds that all discards took.",
        MILLISECOND,
    ),
    ("node_disk_flush_requests_total", "Flushes completed.", 1.0),
    (
        "node_disk_flush_requests_time_seconds_total",
        "Seconds that all flushes took.",
        MILLISECOND,
    ),
];

#[settings]
pub(crate) struct Settings {
    /// Where the kernel's process file system is mounted.
    #[default("/proc".into())]
    procfs: PathBuf,
    /// Where the machine's root directory is found: in a container, where it is mounted.
    #[default("/".into())]
    rootfs: PathBuf,
    /// Which disks' work is collected.
    #[default]
    diskstats: DiskstatsSettings,
}

/// Which disks' work is collected.
#[settings]
pub(crate) struct DiskstatsSettings {
    /// A regular expression for the names of disks that are left out: by default partitions, and
    /// disks in memory or in files.
    #[default(Pattern::fixed(r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"))]
    device_exclude: Pattern,
}

struct Diskstats {
    table: Source,
    excluded: Excluded,
    columns: Vec<Column>,
    udev: Udev,
}

enum Column {
    Total(Family<Counter, 1>, f64),
    State(Family<Gauge, 1>),
}

impl Component for Diskstats {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let column = |(at, (name, help, factor))| {
            Ok(if at == IN_PROGRESS {
                Column::State(context.gauges(name, help, ["device"])?)
            } else {
                Column::Total(context.counters(name, help, ["device"])?, factor)
            })
        };
        Ok(Self {
            table: Source::new(&settings.procfs, "diskstats"),
            excluded: Excluded::new(settings.diskstats.device_exclude),
            columns: COLUMNS
                .into_iter()
                .enumerate()
                .map(column)
                .collect::<Result<_>>()?,
            udev: Udev::new(settings.rootfs.join("run/udev/data"), context)?,
        })
    }
}

impl Collector for Diskstats {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Some(text) = self.table.read_if_there()? else {
            return Ok(());
        };
        self.columns.iter().for_each(Column::reset);
        self.udev.reset();
        for disk in text.lines().filter_map(disk) {
            if self.excluded.has(disk.name) {
                continue;
            }
            for (column, value) in self.columns.iter().zip(disk.columns) {
                if let Some(value) = value {
                    column.set(disk.name, value);
                }
            }
            self.udev.tell(disk.name, disk.number);
        }
        Ok(())
    }
}

impl Column {
    fn reset(&self) {
        match self {
            Self::Total(family, _) => family.reset(),
            Self::State(family) => family.reset(),
        }
    }

    fn set(&self, disk: &str, value: f64) {
        match self {
            Self::Total(family, factor) => family.with([disk]).set_total(value * factor),
            Self::State(family) => family.with([disk]).set(value),
        }
    }
}

/// A line of the file.
struct Disk<'a> {
    /// Its major and minor number.
    number: (&'a str, &'a str),
    name: &'a str,
    columns: [Option<f64>; COLUMNS.len()],
}

fn disk(line: &str) -> Option<Disk<'_>> {
    let mut words = line.split_ascii_whitespace();
    Some(Disk {
        number: (words.next()?, words.next()?),
        name: words.next()?,
        columns: columns(words),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Diskstats, "diskstats");

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line in "( *[0-9]{1,4}){0,2} [a-z]{0,4}[0-9 ]{0,80}|\\PC*") {
            if let Some(disk) = disk(&line) {
                prop_assert!(!disk.name.is_empty());
            }
        }
    }
}
