//! Collectors.

use std::hint::black_box;

use gaxx_sdk::{component, prelude::*};

use crate::{awful_text, hang, told};

/// Defines a collector of one gauge that does something first, once it is told to.
macro_rules! collector {
    ($type:ident, $name:literal, $metric:literal, $misbehave:expr) => {
        struct $type {
            collections: Counter,
        }

        impl Component for $type {
            type Settings = NoSettings;

            fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
                let collections = context.counter($metric, "Collections that came to their end.")?;
                Ok(Self { collections })
            }
        }

        impl Collector for $type {
            fn collect(&mut self, _deadline: Deadline) -> Result<()> {
                if told($name) {
                    let misbehave: fn() -> Result<()> = $misbehave;
                    misbehave()?;
                }
                self.collections.increment();
                Ok(())
            }
        }

        component!(collector $name => $type);
    };
}

pub(crate) use collector;

collector!(Calm, "calm", "rogue_calm_total", || Ok(()));
collector!(Panics, "panics", "rogue_panics_total", || panic!(
    "told to panic"
));
collector!(Errors, "errors", "rogue_errors_total", || Err(
    Error::failed("told to fail").remedy("tell it otherwise")
));
collector!(Raves, "raves", "rogue_raves_total", || Err(Error::failed(
    awful_text()
)
.remedy(awful_text())));
collector!(Hangs, "hangs", "rogue_hangs_total", || hang());
collector!(Spins, "spins", "rogue_spins_total", || loop {
    black_box(());
});
collector!(Slow, "slow", "rogue_slow_total", || {
    std::thread::sleep(Duration::from_secs(3));
    Ok(())
});
collector!(LogsMuch, "logs-much", "rogue_logs_much_total", || {
    for _ in 0..10_000 {
        warn!("{}", &awful_text()[..200]);
    }
    Ok(())
});

/// Defines a collector that misbehaves when it is made.
macro_rules! unmade {
    ($type:ident, $name:literal, $misbehave:expr) => {
        struct $type;

        impl Component for $type {
            type Settings = NoSettings;

            fn new(_settings: NoSettings, _context: &Context) -> Result<Self> {
                if told($name) {
                    $misbehave;
                }
                Ok(Self)
            }
        }

        impl Collector for $type {
            fn collect(&mut self, _deadline: Deadline) -> Result<()> {
                Ok(())
            }
        }

        component!(collector $name => $type);
    };
}

unmade!(PanicsWhenMade, "panics-when-made", panic!("told to panic"));
unmade!(HangsWhenMade, "hangs-when-made", hang());
unmade!(AbortsWhenMade, "aborts-when-made", std::process::abort());
unmade!(
    FailsWhenMade,
    "fails-when-made",
    return Err(Error::settings("told to fail"))
);

/// Hangs or aborts when it is stopped, or panics when it is dropped.
struct EndsBadly;

impl Component for EndsBadly {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, _context: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn stop(&mut self, _deadline: Deadline) {
        if told("hangs-when-stopped") {
            hang();
        }
        if told("aborts-when-stopped") {
            std::process::abort();
        }
    }
}

impl Drop for EndsBadly {
    fn drop(&mut self) {
        assert!(!told("panics-when-dropped"), "told to panic");
    }
}

impl Collector for EndsBadly {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        Ok(())
    }
}

component!(collector "ends-badly" => EndsBadly);

/// Registers series without end.
struct Floods {
    series: Family<Gauge, 1>,
    next: u64,
}

impl Component for Floods {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        let series = context.gauges("rogue_flood", "One series after the other.", ["number"])?;
        Ok(Self { series, next: 0 })
    }
}

impl Collector for Floods {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        let many = if told("floods") { 50_000 } else { 1 };
        for number in self.next..self.next + many {
            self.series.with([&number.to_string()]).set(1.0);
        }
        if many > 1 {
            self.next += many;
        }
        Ok(())
    }
}

component!(collector "floods" => Floods);

/// Measures what no number is.
struct OddValues {
    values: Family<Gauge, 1>,
}

impl Component for OddValues {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        let values = context.gauges(
            "rogue_odd",
            "Values at the edges, and labels too.",
            ["which"],
        )?;
        Ok(Self { values })
    }
}

impl Collector for OddValues {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        for (which, value) in [
            ("nan", f64::NAN),
            ("infinity", f64::INFINITY),
            ("minus infinity", f64::NEG_INFINITY),
            ("minus zero", -0.0),
            ("huge", f64::MAX),
            ("tiny", 5e-324),
            ("quote \" backslash \\ line\nfeed <b>", 1.0),
        ] {
            self.values.with([which]).set(value);
        }
        Ok(())
    }
}

component!(collector "odd-values" => OddValues);
