//! Traffic of the network devices, from `/proc/net/dev`.

use std::{ffi::OsStr, path::PathBuf};

use gaxx_sdk::prelude::*;

use crate::{
    devices::Devices,
    numbers::columns,
    pattern::{Excluded, Pattern},
    source::Source,
};

gaxx_sdk::component!(collector "netdev" => Netdev, "Traffic of the network devices.");

/// Metric and help, as the columns are ordered.
const COLUMNS: [(&str, &str); 16] = [
    ("node_network_receive_bytes_total", "Bytes received."),
    ("node_network_receive_packets_total", "Packets received."),
    (
        "node_network_receive_errs_total",
        "Faulty packets received.",
    ),
    (
        "node_network_receive_drop_total",
        "Received packets that were dropped.",
    ),
    (
        "node_network_receive_fifo_total",
        "Overflows of the buffer for reception.",
    ),
    (
        "node_network_receive_frame_total",
        "Received packets with a faulty frame.",
    ),
    (
        "node_network_receive_compressed_total",
        "Compressed packets received.",
    ),
    (
        "node_network_receive_multicast_total",
        "Multicast packets received.",
    ),
    ("node_network_transmit_bytes_total", "Bytes sent."),
    ("node_network_transmit_packets_total", "Packets sent."),
    (
        "node_network_transmit_errs_total",
        "Packets that could not be sent.",
    ),
    (
        "node_network_transmit_drop_total",
        "Packets dropped before they were sent.",
    ),
    (
        "node_network_transmit_fifo_total",
        "Overflows of the buffer for sending.",
    ),
    (
        "node_network_transmit_colls_total",
        "Collisions while sending.",
    ),
    (
        "node_network_transmit_carrier_total",
        "Losses of the carrier while sending.",
    ),
    (
        "node_network_transmit_compressed_total",
        "Compressed packets sent.",
    ),
];

#[settings]
pub(crate) struct Settings {
    /// Where the kernel's process file system is mounted.
    #[default("/proc".into())]
    procfs: PathBuf,
    /// Where the kernel's device file system is mounted.
    #[default("/sys".into())]
    sysfs: PathBuf,
    /// Which network devices' traffic is collected.
    #[default]
    netdev: NetdevSettings,
}

/// Which network devices' traffic is collected.
#[settings]
pub(crate) struct NetdevSettings {
    /// A regular expression for the names of devices that are left out.
    #[default(Pattern::fixed("^$"))]
    device_exclude: Pattern,
}

struct Netdev {
    dev: Source,
    devices: Devices,
    excluded: Excluded,
    columns: Vec<Family<Counter, 1>>,
    /// Packets that no protocol wanted: the one figure that is told elsewhere.
    no_handler: Family<Counter, 1>,
}

impl Component for Netdev {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let register = |(name, help)| context.counters(name, help, ["device"]);
        Ok(Self {
            dev: Source::new(&settings.procfs, "net/dev"),
            devices: Devices::new(settings.sysfs.join("class/net")),
            excluded: Excluded::new(settings.netdev.device_exclude),
            columns: COLUMNS.into_iter().map(register).collect::<Result<_>>()?,
            no_handler: context.counters(
                "node_network_receive_nohandler_total",
                "Received packets that no protocol wanted.",
                ["device"],
            )?,
        })
    }
}

impl Collector for Netdev {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let Some(text) = self.dev.read_if_there()? else {
            return Ok(());
        };
        self.columns.iter().for_each(Family::reset);
        self.no_handler.reset();
        for (device, values) in devices(&text) {
            if self.excluded.has(device) {
                continue;
            }
            for (family, value) in self.columns.iter().zip(values) {
                if let Some(value) = value {
                    family.with([device]).set_total(value);
                }
            }
            let packets = self.devices.read(OsStr::new(device), |device| {
                device.number("statistics/rx_nohandler")
            });
            if let Some(Some(packets)) = packets {
                self.no_handler.with([device]).set_total(packets);
            }
        }
        self.devices.close_unused();
        Ok(())
    }
}

/// The devices with their columns. The lines of headings have no numbers behind a colon.
fn devices(text: &str) -> impl Iterator<Item = (&str, [Option<f64>; COLUMNS.len()])> {
    text.lines().filter_map(|line| {
        let (device, values) = line.rsplit_once(':')?;
        Some((device.trim(), columns(values.split_ascii_whitespace())))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Netdev, "netdev");

    #[test]
    fn a_device_that_goes_is_absent() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("net")).unwrap();
        let write = |text| std::fs::write(root.path().join("net/dev"), text).unwrap();
        let settings = gaxx_sdk::json!({ "procfs": root.path(), "sysfs": root.path() });
        let mut netdev = gaxx_sdk::testing::collector::<Netdev>(settings).unwrap();
        let mut received = |device| {
            let samples = netdev.collect().unwrap();
            samples.value("node_network_receive_bytes_total", &[("device", device)])
        };
        write("lo: 1\nveth1: 2\n");
        assert_eq!(received("veth1"), Some(2.0));
        write("lo: 1\n");
        assert_eq!(received("veth1"), None);
        assert_eq!(received("lo"), Some(1.0));
    }

    #[test]
    fn a_wrong_pattern_names_its_key() {
        let settings = gaxx_sdk::json!({ "netdev": { "device_exclude": "(" } });
        let error = gaxx_sdk::testing::collector::<Netdev>(settings)
            .err()
            .unwrap();
        assert!(
            error.to_string().starts_with("netdev.device_exclude:"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "( *[a-z0-9:]{0,6}:[0-9 ]{0,60}\n|\\PC*\n){0,6}") {
            for (device, _) in devices(&text) {
                prop_assert_eq!(device, device.trim());
            }
        }
    }
}
