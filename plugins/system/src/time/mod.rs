//! The machine's clock: its time, zone and sources.

mod zone;

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use gaxx_sdk::prelude::*;

use crate::{
    attributes::{Attributes, Class},
    roots::Roots,
};

gaxx_sdk::component!(collector "time" => Time, "The machine's time, time zone and clock sources.");

struct Time {
    clocksources: PathBuf,
    class: Class,
    seconds: Gauge,
    zone_offset: Family<Gauge, 1>,
    available: Family<Gauge, 2>,
    current: Family<Gauge, 2>,
}

impl Component for Time {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        let sources = |name, help| context.gauges(name, help, ["device", "clocksource"]);
        Ok(Self {
            clocksources: roots.sysfs.join("devices/system/clocksource"),
            class: Class::default(),
            seconds: context.gauge(
                "node_time_seconds",
                "The machine's time, in seconds since the Unix epoch.",
            )?,
            zone_offset: context.gauges(
                "node_time_zone_offset_seconds",
                "Seconds that the machine's time zone is east of UTC.",
                ["time_zone"],
            )?,
            available: sources(
                "node_time_clocksource_available_info",
                "A clock that the kernel could use, in the labels; always 1.",
            )?,
            current: sources(
                "node_time_clocksource_current_info",
                "The clock that the kernel uses, in the labels; always 1.",
            )?,
        })
    }
}

impl Collector for Time {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.seconds.set(now.as_secs_f64());
        self.zone_offset.reset();
        if let Some((zone, offset)) = zone::local(now.as_secs()) {
            self.zone_offset.with([&zone]).set(offset);
        }
        self.sources()
    }
}

impl Time {
    fn sources(&mut self) -> Result<()> {
        self.available.reset();
        self.current.reset();
        for name in self.class.names(&self.clocksources)? {
            let Some(device) = name
                .to_str()
                .and_then(|name| name.strip_prefix("clocksource"))
            else {
                continue;
            };
            let Ok(mut attributes) = Attributes::open(&self.clocksources.join(&name)) else {
                continue;
            };
            if let Some(sources) = attributes.text("available_clocksource") {
                for source in sources.split_ascii_whitespace() {
                    self.available.with([device, source]).set(1.0);
                }
            }
            if let Some(source) = attributes.text("current_clocksource") {
                self.current.with([device, &source]).set(1.0);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    crate::golden::live_test!(Time, "time");

    #[test]
    fn tells_the_time_and_the_sources() {
        let sysfs = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/server/sys");
        let settings = gaxx_sdk::json!({ "sysfs": sysfs });
        let mut time = gaxx_sdk::testing::collector::<Time>(settings).unwrap();
        let samples = time.collect().unwrap();
        assert!(samples.value("node_time_seconds", &[]).unwrap() > 1.7e9);
        assert!(
            samples
                .value("node_time_zone_offset_seconds", &[])
                .unwrap()
                .abs()
                < 86_400.0
        );
        let hpet = [("device", "0"), ("clocksource", "hpet")];
        assert_eq!(
            samples.value("node_time_clocksource_available_info", &hpet),
            Some(1.0)
        );
        assert_eq!(
            samples.value("node_time_clocksource_current_info", &hpet),
            None
        );
        let tsc = [("device", "0"), ("clocksource", "tsc")];
        assert_eq!(
            samples.value("node_time_clocksource_current_info", &tsc),
            Some(1.0)
        );
    }
}
