//! The machine's metrics beside those of a real `node_exporter` on the same machine.

use std::collections::{BTreeMap, BTreeSet};

use gaxx_tests::{Exposition, Family, Monitor, NodeExporter, require};

/// Names that dashboards and alerts lean on; the machine has them wherever Linux runs.
const EXPECTED: [&str; 14] = [
    "node_boot_time_seconds",
    "node_context_switches_total",
    "node_cpu_seconds_total",
    "node_disk_io_time_seconds_total",
    "node_filefd_allocated",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_load1",
    "node_load15",
    "node_load5",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
    "node_network_receive_bytes_total",
    "node_time_seconds",
];

/// What upstream leaves out by default, and what Debian's package changes.
const UPSTREAM: [&str; 3] = [
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
    "--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$",
    "--collector.netdev.device-exclude=^$",
];

/// Families that `node_exporter` gives no type, and that we give the one they have.
fn is_untyped_there(name: &str) -> bool {
    ["node_netstat_", "node_vmstat_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

struct Both {
    ours: Exposition,
    theirs: Exposition,
}

fn both() -> Option<Both> {
    let tool = require("prometheus-node-exporter")?;
    // As its authors ship it: Debian's build leaves other devices and mounts out.
    let node = NodeExporter::start_with(&tool, &UPSTREAM.map(str::to_owned));
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    Some(Both {
        ours: monitor.metrics(),
        theirs: node.metrics(),
    })
}

#[test]
fn shared_names_have_the_same_type_and_labels() {
    let Some(Both { ours, theirs }) = both() else {
        return;
    };
    for name in EXPECTED {
        assert!(
            theirs.families.contains_key(name),
            "node_exporter has no {name} here"
        );
        assert!(ours.families.contains_key(name), "we have no {name}");
    }
    let shared = ours
        .families
        .iter()
        .filter(|(name, _)| name.starts_with("node_"));
    let mut wrong = Vec::new();
    for (name, family) in shared {
        let Some(other) = theirs.families.get(name) else {
            continue;
        };
        if family.kind != other.kind && !is_untyped_there(name) {
            wrong.push(format!("{name}: {} instead of {}", family.kind, other.kind));
        }
        if label_names(family) != label_names(other) {
            wrong.push(format!(
                "{name}: {:?} instead of {:?}",
                label_names(family),
                label_names(other)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What does not change between two looks must be the same series with the same values.
#[test]
fn steady_values_are_equal() {
    let Some(Both { ours, theirs }) = both() else {
        return;
    };
    for name in [
        "node_memory_MemTotal_bytes",
        "node_memory_SwapTotal_bytes",
        "node_filesystem_size_bytes",
        "node_filesystem_readonly",
        "node_network_mtu_bytes",
        "node_filefd_maximum",
        "node_boot_time_seconds",
    ] {
        let Some(family) = theirs.families.get(name) else {
            continue;
        };
        let Some(own) = ours.families.get(name) else {
            continue;
        };
        assert_eq!(values(own), values(family), "{name}");
    }
}

/// What does change must be of the same size: a unit mistaken is a factor of 100 or more.
#[test]
fn moving_values_are_of_the_same_size() {
    let Some(Both { ours, theirs }) = both() else {
        return;
    };
    for name in [
        "node_cpu_seconds_total",
        "node_memory_MemAvailable_bytes",
        "node_disk_io_time_seconds_total",
        "node_disk_written_bytes_total",
        "node_network_receive_bytes_total",
        "node_filefd_allocated",
        "node_context_switches_total",
        "node_time_seconds",
    ] {
        let (Some(own), Some(other)) = (ours.families.get(name), theirs.families.get(name)) else {
            continue;
        };
        let (own, other) = (sum(own), sum(other));
        // Close to zero nothing can be said about a factor.
        if other > 100.0 {
            assert!(
                (0.5..2.0).contains(&(own / other)),
                "{name}: {own} beside {other}"
            );
        }
    }
}

fn label_names(family: &Family) -> BTreeSet<&str> {
    family
        .samples
        .iter()
        .flat_map(|sample| sample.labels.keys())
        .map(String::as_str)
        .collect()
}

fn values(family: &Family) -> BTreeMap<String, f64> {
    let samples = family.samples.iter();
    samples
        .map(|sample| (format!("{:?}", sample.labels), sample.value))
        .collect()
}

fn sum(family: &Family) -> f64 {
    family.samples.iter().map(|sample| sample.value).sum()
}
