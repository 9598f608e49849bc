//! A collector of any number of series, for the benchmarks; told to, it hangs or spins.
//!
//! The benchmarks make many plugins of this one library: they replace its name in copies of the
//! file by another of the same length. The name is also a label, so that the copies' series differ.

use std::{hint::black_box, thread};

use gaxx_sdk::prelude::*;

/// In each copy of the library another one of this length.
const NAME: &str = "load-000";
/// Series of one metric.
const GROUP: u32 = 100;

/// Settings under `plugins.load-000` in config.yaml.
#[settings]
struct Settings {
    /// How many series it has.
    #[default(1)]
    series: u32,
    /// Whether a collection never returns, and waits.
    #[default(false)]
    hang: bool,
    /// Whether a collection never returns, and computes.
    #[default(false)]
    spin: bool,
}

struct Load {
    settings: Settings,
    gauges: Vec<Gauge>,
    collections: f64,
}

impl Component for Load {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let mut gauges = Vec::new();
        for group in 0..settings.series.div_ceil(GROUP) {
            let name = format!("load_{group:03}_bytes");
            let family = context.gauges(&name, "Numbers that change.", ["plugin", "device"])?;
            let rest = settings.series - group * GROUP;
            for device in 0..rest.min(GROUP) {
                gauges.push(family.try_with([NAME, &format!("device-{device:02}")])?);
            }
        }
        Ok(Self {
            settings,
            gauges,
            collections: 0.0,
        })
    }
}

impl Collector for Load {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        if self.settings.hang {
            loop {
                thread::sleep(Duration::from_hours(1));
            }
        }
        if self.settings.spin {
            loop {
                black_box(());
            }
        }
        // Whole numbers and others in turn: bytes and seconds, as real machines have them.
        self.collections += 1.0;
        let mut value = self.collections * 4096.0;
        for pair in self.gauges.chunks(2) {
            for (gauge, value) in pair.iter().zip([value, value / 1000.0]) {
                gauge.set(value);
            }
            value += 12_288.0;
        }
        Ok(())
    }
}

gaxx_sdk::plugin! {
    name = "load-000";
    description = "Numbers that change, for the benchmarks.";
    collector "load" => Load;
}
