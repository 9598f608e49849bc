//! Tests that every collector goes through.
//!
//! Golden: it runs on the files of a machine in `testdata`, and what it gives is compared with the
//! text beside them; `UPDATE_GOLDEN=1` writes those texts anew. Live: it runs on this machine, and
//! gives nothing that `node_exporter` does not.

use std::{env, fs, path::PathBuf};

use gaxx_sdk::{
    Collector, json, schemars,
    serde_json::Value,
    testing::{self, Samples},
};

/// The machines: a big one with odd values, and a container that has next to nothing.
pub(crate) const MACHINES: [&str; 2] = ["server", "container"];

/// Collectors that have something to tell on every Linux.
const ALWAYS: [&str; 13] = [
    "cpu",
    "entropy",
    "filefd",
    "loadavg",
    "meminfo",
    "netclass",
    "netdev",
    "processes",
    "selinux",
    "stat",
    "time",
    "uname",
    "vmstat",
];

/// What begins so is named after fields of the kernel, which differ from one to the next.
const KERNEL_FIELDS: [&str; 5] = [
    "node_hwmon_",
    "node_memory_",
    "node_netstat_",
    "node_sockstat_",
    "node_vmstat_",
];

/// The golden and the live test of a collector.
macro_rules! tests {
    ($type:ty, $name:literal) => {
        #[test]
        fn golden() {
            for machine in $crate::golden::MACHINES {
                $crate::golden::check::<$type>(machine, $name);
            }
        }

        $crate::golden::live_test!($type, $name);
    };
}

/// The live test of a collector that reads no files, or not from where it is told.
macro_rules! live_test {
    ($type:ty, $name:literal) => {
        #[test]
        fn live() {
            $crate::golden::live::<$type>($name);
        }
    };
}

pub(crate) use {live_test, tests};

/// Runs a collector on the files of a machine, twice, and compares.
pub(crate) fn check<T: Collector>(machine: &str, name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(machine);
    let roots = json!({
        "procfs": folder.join("proc"),
        "sysfs": folder.join("sys"),
        "rootfs": folder.join("root"),
    });
    let (samples, said) = collect_twice::<T>(known_to::<T>(roots));
    if samples.iter().next().is_none() {
        assert!(
            said.contains(&"info"),
            "{machine}: {name} gives nothing and does not say so"
        );
    }
    let expected = folder.join("expected").join(format!("{name}.txt"));
    let found = samples.to_string();
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(folder.join("expected")).expect("a folder for what is expected");
        fs::write(&expected, &found).expect("what is expected is written");
    }
    let expected = fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(
        found, expected,
        "{machine}; UPDATE_GOLDEN=1 writes it anew if this is right"
    );
}

/// Runs a collector on this machine.
pub(crate) fn live<T: Collector>(name: &str) {
    let (samples, _) = collect_twice::<T>(json!({}));
    assert!(
        samples.iter().next().is_some() || !ALWAYS.contains(&name),
        "{name} tells nothing of this machine"
    );
    for name in samples.names() {
        assert!(
            is_of_node_exporter(name),
            "{name} is no name of node_exporter"
        );
    }
    for finding in samples.findings() {
        let name = finding.split(':').next().unwrap_or_default();
        assert!(is_of_node_exporter(name), "{finding}");
    }
    for sample in samples.iter() {
        assert!(sample.value.is_finite(), "{sample:?}");
    }
}

/// A collection after another, as most are; what it gives, and the levels of what it said. It must
/// give the same metrics and say nothing a second time.
fn collect_twice<T: Collector>(settings: Value) -> (Samples, Vec<&'static str>) {
    let mut collector = testing::collector::<T>(settings).expect("the collector starts");
    let first = collector.collect().expect("the first collection works");
    let said = collector.log();
    let second = collector.collect().expect("the second collection works");
    assert_eq!(first.names(), second.names());
    assert_eq!(said, collector.log(), "what is absent is said once");
    (second, said.iter().map(|line| line.level).collect())
}

/// The keys of these settings that the component knows, as the host sorts them out.
fn known_to<T: Collector>(mut settings: Value) -> Value {
    let schema = schemars::schema_for!(T::Settings).to_value();
    let known = schema.get("properties").cloned().unwrap_or_default();
    if let Some(settings) = settings.as_object_mut() {
        settings.retain(|key, _| known.get(key).is_some());
    }
    settings
}

fn is_of_node_exporter(name: &str) -> bool {
    let names = include_str!("../testdata/node_exporter_names.txt");
    KERNEL_FIELDS.iter().any(|prefix| name.starts_with(prefix))
        || names.lines().any(|line| line == name)
}
