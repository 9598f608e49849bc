//! What plugins are ordered to do.

use crate::options::Isolation;

/// A fault.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The word by which the plugin knows it.
    pub(crate) word: &'static str,
    /// What it is, for people.
    pub(crate) means: &'static str,
    /// Whether the program survives it only where the plugin has a process of its own.
    alone: bool,
    /// Whether a component can have it while it is made.
    making: bool,
}

/// A part of a plugin that has faults of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Collector,
    Check,
    Endpoint,
    Exporter,
    /// Any of them, while it is made.
    Making,
}

/// All faults.
pub(crate) const FAULTS: [Fault; 25] = [
    Fault::anywhere("panic", "panics").made(),
    Fault::anywhere("error", "answers an error, and at length").made(),
    Fault::anywhere("late", "returns after three deadlines"),
    Fault::anywhere("lie", "hands over what no value, verdict or header can be"),
    Fault::anywhere("flood-series", "registers 2,000 series and may have 100"),
    Fault::anywhere("flood-log", "logs 100,000 lines"),
    Fault::alone("hang", "never returns, and waits").made(),
    Fault::alone("spin", "never returns, and computes"),
    Fault::alone("stop", "stops its process (SIGSTOP)"),
    Fault::alone("abort", "ends its process by abort").made(),
    Fault::alone("exit", "ends its process by exit(0)").made(),
    Fault::alone("segfault", "ends its process by SIGSEGV").made(),
    Fault::alone("kill", "ends its process by SIGKILL"),
    Fault::alone("overflow", "runs out of stack"),
    Fault::alone("orphan", "ends, and leaves a process of its own behind"),
    Fault::alone("leak-memory", "takes memory until there is none"),
    Fault::alone("leak-files", "opens files until it may not"),
    Fault::alone("leak-threads", "starts 200 threads that wait"),
    Fault::alone("flood-output", "writes 64 MiB to its standard error"),
    Fault::alone("flood-host", "asks its host 100,000 times"),
    Fault::alone("garbage", "sends garbage to its host"),
    Fault::alone("huge-frame", "announces a message of 4 GiB"),
    Fault::alone("half-frame", "announces a message that does not come"),
    Fault::alone("hang-up", "closes its sockets, and lives on"),
    Fault::alone("silent", "closes its sockets for what it says"),
];

/// The parts, those more often that are called more often.
const PARTS: [Part; 14] = {
    use Part::{Check, Collector, Endpoint, Exporter, Making};
    [
        Collector, Check, Endpoint, Exporter, Making, Collector, Check, Endpoint, Collector, Check,
        Endpoint, Collector, Check, Endpoint,
    ]
};

impl Fault {
    const fn anywhere(word: &'static str, means: &'static str) -> Self {
        let (alone, making) = (false, false);
        Self {
            word,
            means,
            alone,
            making,
        }
    }

    const fn alone(word: &'static str, means: &'static str) -> Self {
        let fault = Self::anywhere(word, means);
        Self {
            alone: true,
            ..fault
        }
    }

    const fn made(self) -> Self {
        Self {
            making: true,
            ..self
        }
    }
}

impl Part {
    /// The word by which the plugin knows it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Check => "check",
            Self::Endpoint => "endpoint",
            Self::Exporter => "exporter",
            Self::Making => "making",
        }
    }

    /// The parts to draw from. In the program components are made too seldom to count on.
    pub(crate) fn all(isolation: Isolation) -> Vec<Self> {
        let makes = |part: &Self| isolation == Isolation::Process || *part != Self::Making;
        PARTS.into_iter().filter(makes).collect()
    }

    /// The faults that it can have.
    pub(crate) fn faults(self, isolation: Isolation) -> Vec<&'static Fault> {
        let can = |fault: &&Fault| {
            (isolation == Isolation::Process || !fault.alone)
                && (self != Self::Making || fault.making)
        };
        FAULTS.iter().filter(can).collect()
    }
}
