//! What a network device says of itself, and the metrics that it becomes.

use std::borrow::Cow;

use gaxx_sdk::prelude::*;

use crate::attributes::Attributes;

/// Attribute, metric and help.
const GAUGES: [(&str, &str, &str); 13] = [
    (
        "addr_assign_type",
        "node_network_address_assign_type",
        "How the address came about.",
    ),
    (
        "carrier",
        "node_network_carrier",
        "Whether there is a link: 1 or 0.",
    ),
    (
        "dev_id",
        "node_network_device_id",
        "Number that tells devices of one address apart.",
    ),
    (
        "dormant",
        "node_network_dormant",
        "Whether the device waits for something: 1 or 0.",
    ),
    (
        "flags",
        "node_network_flags",
        "The device's flags as a number.",
    ),
    (
        "ifindex",
        "node_network_iface_id",
        "The kernel's number of the device.",
    ),
    (
        "iflink",
        "node_network_iface_link",
        "Number of the device that this one sits on.",
    ),
    (
        "link_mode",
        "node_network_iface_link_mode",
        "Mode of the link.",
    ),
    ("mtu", "node_network_mtu_bytes", "Largest packet, in bytes."),
    (
        "name_assign_type",
        "node_network_name_assign_type",
        "How the name came about.",
    ),
    (
        "netdev_group",
        "node_network_net_dev_group",
        "Group of the device.",
    ),
    (
        "type",
        "node_network_protocol_type",
        "Protocol of the link, as a number.",
    ),
    (
        "tx_queue_len",
        "node_network_transmit_queue_length",
        "Packets that the queue for sending holds.",
    ),
];

const COUNTERS: [(&str, &str, &str); 3] = [
    (
        "carrier_changes",
        "node_network_carrier_changes_total",
        "Times that the link came or went.",
    ),
    (
        "carrier_up_count",
        "node_network_carrier_up_changes_total",
        "Times that the link came.",
    ),
    (
        "carrier_down_count",
        "node_network_carrier_down_changes_total",
        "Times that the link went.",
    ),
];

/// The attributes that are labels of the info metric, after the device.
const INFO: [&str; 5] = ["address", "broadcast", "duplex", "operstate", "ifalias"];

/// Megabits a second, as the kernel tells the speed, in bytes a second.
const MEGABIT: f64 = 1e6 / 8.0;

/// The metrics of all devices.
pub(super) struct Properties {
    gauges: Vec<(&'static str, Family<Gauge, 1>)>,
    counters: Vec<(&'static str, Family<Counter, 1>)>,
    speed: Family<Gauge, 1>,
    up: Family<Gauge, 1>,
    info: Family<Gauge, 6>,
}

impl Properties {
    pub(super) fn new(context: &Context) -> Result<Self> {
        let gauge = |(attribute, name, help)| {
            context
                .gauges(name, help, ["device"])
                .map(|family| (attribute, family))
        };
        let counter = |(attribute, name, help)| {
            context
                .counters(name, help, ["device"])
                .map(|family| (attribute, family))
        };
        Ok(Self {
            gauges: GAUGES.into_iter().map(gauge).collect::<Result<_>>()?,
            counters: COUNTERS.into_iter().map(counter).collect::<Result<_>>()?,
            speed: context.gauges(
                "node_network_speed_bytes",
                "Speed of the link, in bytes a second.",
                ["device"],
            )?,
            up: context.gauges(
                "node_network_up",
                "Whether the device works: 1 or 0.",
                ["device"],
            )?,
            info: context.gauges(
                "node_network_info",
                "Addresses and state of the device, in the labels; always 1.",
                [
                    "device",
                    "address",
                    "broadcast",
                    "duplex",
                    "operstate",
                    "ifalias",
                ],
            )?,
        })
    }

    pub(super) fn reset(&self) {
        self.gauges.iter().for_each(|(_, family)| family.reset());
        self.counters.iter().for_each(|(_, family)| family.reset());
        self.speed.reset();
        self.up.reset();
        self.info.reset();
    }

    /// Tells what the device says of itself.
    pub(super) fn tell(&self, device: &str, attributes: &mut Attributes) {
        for (attribute, family) in &self.gauges {
            if let Some(value) = attributes.number(attribute) {
                family.with([device]).set(value);
            }
        }
        for (attribute, family) in &self.counters {
            if let Some(value) = attributes.number(attribute) {
                family.with([device]).set_total(value);
            }
        }
        // A device without a speed says -1.
        if let Some(speed) = attributes.number("speed").filter(|speed| *speed >= 0.0) {
            self.speed.with([device]).set(speed * MEGABIT);
        }
        let [address, broadcast, duplex, state, alias] = INFO.map(|name| {
            attributes
                .text(name)
                .map(Cow::into_owned)
                .unwrap_or_default()
        });
        self.up
            .with([device])
            .set(f64::from(u8::from(state == "up")));
        self.info
            .with([device, &address, &broadcast, &duplex, &state, &alias])
            .set(1.0);
    }
}
