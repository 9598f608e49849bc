//! The machine at a glance: figures of the dashboard, made from the families that say them.
//!
//! The families have `node_exporter`'s names, whoever delivers them; a tile whose families are not
//! there is not there.

use serde::Serialize;

use crate::registry::{Sample, Snapshot, Value};

/// A tile of the dashboard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Tile {
    /// A short name for it.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// `percent`, `bytes_per_second` or `load`.
    pub unit: &'static str,
    /// The figure of now.
    pub value: Option<f64>,
    /// The most that it can be, where that is known.
    pub maximum: Option<f64>,
    /// What people should know beside it.
    pub detail: Option<String>,
    /// Its last minutes.
    pub series: Vec<Line>,
}

/// A line of a tile's chart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    /// Its name; empty where there is only one.
    pub label: &'static str,
    /// Unix seconds and values.
    pub points: Vec<(f64, f64)>,
}

/// What a tile is made of.
pub(super) struct Source {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) labels: &'static [&'static str],
    /// Whether the figures are totals, of which the tile shows the growth.
    pub(super) growth: bool,
    /// The figures of this moment, one for each label; nothing where the families are not there.
    pub(super) read: fn(&Snapshot) -> Option<Reading>,
}

/// The figures of one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Reading {
    pub(super) values: Vec<f64>,
    /// Where the figures are parts of a total that grows too (busy of all CPU time): that total.
    pub(super) of: Option<f64>,
    pub(super) maximum: Option<f64>,
    pub(super) detail: Option<String>,
}

/// All tiles, in the order in which they are shown.
pub(super) const SOURCES: [Source; 6] = [
    Source {
        id: "cpu",
        title: "CPU",
        unit: "percent",
        labels: &[""],
        growth: true,
        read: cpu,
    },
    Source {
        id: "memory",
        title: "Memory",
        unit: "percent",
        labels: &[""],
        growth: false,
        read: memory,
    },
    Source {
        id: "load",
        title: "Load",
        unit: "load",
        labels: &[""],
        growth: false,
        read: load,
    },
    Source {
        id: "filesystem",
        title: "Root filesystem",
        unit: "percent",
        labels: &[""],
        growth: false,
        read: filesystem,
    },
    Source {
        id: "disk",
        title: "Disk",
        unit: "bytes_per_second",
        labels: &["read", "written"],
        growth: true,
        read: disk,
    },
    Source {
        id: "network",
        title: "Network",
        unit: "bytes_per_second",
        labels: &["received", "sent"],
        growth: true,
        read: network,
    },
];

fn cpu(snapshot: &Snapshot) -> Option<Reading> {
    let (mut all, mut idle) = (0.0, 0.0);
    let mut cpus = 0;
    for sample in snapshot.family("node_cpu_seconds_total")?.samples() {
        let Value::Number(seconds) = sample.value else {
            continue;
        };
        let mode = label(&sample, "mode");
        // Waiting for a device is being idle too.
        idle += if matches!(mode, "idle" | "iowait") {
            seconds
        } else {
            0.0
        };
        cpus += usize::from(mode == "idle");
        all += seconds;
    }
    let detail = Some(if cpus == 1 {
        "1 core".to_owned()
    } else {
        format!("{cpus} cores")
    });
    Some(Reading {
        values: vec![all - idle],
        of: Some(all),
        maximum: Some(100.0),
        detail,
    })
}

fn memory(snapshot: &Snapshot) -> Option<Reading> {
    let total = snapshot.value("node_memory_MemTotal_bytes", &[])?;
    let available = snapshot.value("node_memory_MemAvailable_bytes", &[])?;
    let used = total - available;
    Some(Reading {
        values: vec![100.0 * used / total],
        maximum: Some(100.0),
        detail: Some(format!("{} of {}", bytes(used), bytes(total))),
        of: None,
    })
}

fn load(snapshot: &Snapshot) -> Option<Reading> {
    let one = snapshot.value("node_load1", &[])?;
    let five = snapshot.value("node_load5", &[]).unwrap_or(one);
    let fifteen = snapshot.value("node_load15", &[]).unwrap_or(one);
    let detail = Some(format!("{five:.2} over 5 min, {fifteen:.2} over 15 min"));
    Some(Reading {
        values: vec![one],
        detail,
        ..Reading::default()
    })
}

fn filesystem(snapshot: &Snapshot) -> Option<Reading> {
    let of_root = |name| {
        let mut samples = snapshot.family(name)?.samples();
        samples.find_map(|sample| match sample.value {
            Value::Number(value) if label(&sample, "mountpoint") == "/" => Some(value),
            _ => None,
        })
    };
    let size = of_root("node_filesystem_size_bytes")?;
    let used = size - of_root("node_filesystem_free_bytes")?;
    let available = of_root("node_filesystem_avail_bytes")?;
    Some(Reading {
        // As df has it: what only root may use counts as neither.
        values: vec![100.0 * used / (used + available)],
        maximum: Some(100.0),
        detail: Some(format!("{} free of {}", bytes(available), bytes(size))),
        of: None,
    })
}

fn disk(snapshot: &Snapshot) -> Option<Reading> {
    // A device made of others would be counted twice.
    let whole = |device: &str| {
        !["dm-", "md", "loop", "ram", "zram"]
            .iter()
            .any(|p| device.starts_with(p))
    };
    let read = sum(snapshot, "node_disk_read_bytes_total", whole)?;
    let written = sum(snapshot, "node_disk_written_bytes_total", whole)?;
    Some(Reading {
        values: vec![read, written],
        ..Reading::default()
    })
}

fn network(snapshot: &Snapshot) -> Option<Reading> {
    // What stays inside the machine, or passes a bridge to it, would be counted twice.
    let real = |device: &str| {
        !["lo", "veth", "docker", "br-", "virbr", "cni"]
            .iter()
            .any(|p| device.starts_with(p))
    };
    let received = sum(snapshot, "node_network_receive_bytes_total", real)?;
    let sent = sum(snapshot, "node_network_transmit_bytes_total", real)?;
    Some(Reading {
        values: vec![received, sent],
        ..Reading::default()
    })
}

fn sum(snapshot: &Snapshot, family: &str, counts: impl Fn(&str) -> bool) -> Option<f64> {
    let samples = snapshot.family(family)?.samples();
    let values = samples.filter(|sample| counts(label(sample, "device")));
    Some(
        values
            .filter_map(|sample| match sample.value {
                Value::Number(value) => Some(value),
                Value::Histogram { .. } => None,
            })
            .sum(),
    )
}

fn label<'a>(sample: &Sample<'a>, name: &str) -> &'a str {
    sample
        .labels()
        .find(|(own, _)| *own == name)
        .map_or("", |(_, value)| value)
}

fn bytes(value: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = value.max(0.0);
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable() {
        assert_eq!(
            [bytes(0.0), bytes(1536.0), bytes(3.0e12)],
            ["0.0 B", "1.5 KiB", "2.7 TiB"]
        );
    }
}
