//! Why a process ended, in words.

use std::{io, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use gaxx_abi::{
    Fault,
    abi_std::{RString, RVec},
    fault::kind,
};
use rustix::process::Signal;

use super::signal;
use crate::isolation::ENDED;

/// Why a process ended; a closed set, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A signal ended it that the core did not send.
    Signal,
    /// It ended itself.
    Exit,
    /// It used more CPU time than it may.
    Cpu,
    /// It did not answer in time.
    Deadline,
    /// It sent what cannot be read, or not what it was asked for.
    Protocol,
    /// It asked its host too often.
    Flood,
    /// It could not be started, or could not load its plugin again.
    Start,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Signal,
        Self::Exit,
        Self::Cpu,
        Self::Deadline,
        Self::Protocol,
        Self::Flood,
        Self::Start,
    ];

    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Exit => "exit",
            Self::Cpu => "cpu",
            Self::Deadline => "deadline",
            Self::Protocol => "protocol",
            Self::Flood => "flood",
            Self::Start => "start",
        }
    }
}

/// The end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::isolation) struct Ending {
    /// Why.
    pub(in crate::isolation) cause: Cause,
    /// What happened. The sentence begins with what would stand behind the component's name.
    pub(in crate::isolation) message: String,
    /// What to do about it.
    pub(in crate::isolation) remedy: String,
}

/// Who reads this has no means to look into the plugin.
const AUTHOR: &str = "tell the plugin's author";

impl Ending {
    /// It ended by itself, or by somebody else than the core. `plugin` is its plugin's name,
    /// `last` the last line that it printed just before.
    pub(super) fn by_itself(plugin: &str, status: ExitStatus, last: Option<&str>) -> Self {
        if let Some(raw) = status.signal() {
            return Self::by_signal(plugin, raw, last);
        }
        // What has no signal has a status.
        let status = status.code().unwrap_or_default();
        let message = format!("its process exited with status {status} though nobody asked it to");
        Self {
            cause: Cause::Exit,
            message: with_last_line(message, last.filter(|_| status != 0)),
            remedy: format!("a plugin must not end its process: {AUTHOR}"),
        }
    }

    fn by_signal(plugin: &str, raw: i32, last: Option<&str>) -> Self {
        let signal = Signal::from_named_raw(raw);
        if signal == Some(Signal::XCPU) {
            return Self {
                cause: Cause::Cpu,
                ..Self::cpu(plugin)
            };
        }
        let name = signal::describe(raw);
        let message = format!("its process was ended by signal {raw} ({name})");
        let aborted = signal == Some(Signal::ABORT);
        let wants_memory = last.is_some_and(|last| last.contains("memory allocation of"));
        let remedy = match signal {
            Some(Signal::ABORT) if wants_memory => {
                format!("raise plugins.{plugin}.process.memory, or {AUTHOR} what it needs it for")
            }
            Some(Signal::KILL | Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT) => {
                "look into the kernel's log for `oom`, or find who sends signals to it".to_owned()
            }
            _ => format!("{AUTHOR}, with the log of that time"),
        };
        Self {
            cause: Cause::Signal,
            message: with_last_line(message, last.filter(|_| aborted)),
            remedy,
        }
    }

    /// It used more CPU time than it may.
    pub(super) fn cpu(plugin: &str) -> Self {
        Self {
            cause: Cause::Cpu,
            message: format!(
                "its process used more CPU time than plugins.{plugin}.process.cpu allows"
            ),
            remedy: format!("raise that, or have it work less often: plugins.{plugin}.interval"),
        }
    }

    /// Nobody could find out how it ended.
    pub(super) fn unknown() -> Self {
        Self {
            cause: Cause::Exit,
            message: "its process has gone, and somebody else took its status".to_owned(),
            remedy: "find the library in this program that waits for all child processes"
                .to_owned(),
        }
    }

    /// It did not answer within so long.
    pub(super) fn late(plugin: &str, limit: Duration) -> Self {
        let limit = humantime::format_duration(rounded(limit));
        Self {
            cause: Cause::Deadline,
            message: format!(
                "did not answer within {limit}: its process was ended, and is started again"
            ),
            remedy: format!(
                "raise plugins.{plugin}.deadline (of a check: health.checks.NAME.timeout), or find \
                 out what it waits for"
            ),
        }
    }

    /// It sent something else than it should.
    pub(super) fn protocol(what: &str) -> Self {
        Self {
            cause: Cause::Protocol,
            message: format!("its process was ended because it broke the protocol: {what}"),
            remedy: format!("it overwrites memory or writes to sockets not its own: {AUTHOR}"),
        }
    }

    /// It asked its host more often than it may.
    pub(super) fn flood(most: u32) -> Self {
        Self {
            cause: Cause::Flood,
            message: format!(
                "its process was ended because it asked its host more than {most} times a second"
            ),
            remedy: format!("{AUTHOR}: series are registered once, and logs have a limit"),
        }
    }

    /// Its plugin could not be loaded again.
    pub(super) fn not_loaded(error: &str, remedy: &str) -> Self {
        Self {
            cause: Cause::Start,
            message: format!("its process could not load it again: {error}"),
            remedy: remedy.to_owned(),
        }
    }

    /// The system did not start it.
    pub(super) fn not_started(error: &io::Error) -> Self {
        Self {
            cause: Cause::Start,
            message: format!("its process cannot be started: {error}"),
            remedy: "see that this user may have more processes, files and memory".to_owned(),
        }
    }

    /// What calls answer that were under way.
    pub(in crate::isolation) fn fault(&self) -> Fault {
        let kind = match self.cause {
            Cause::Deadline => kind::DEADLINE,
            _ => ENDED,
        };
        fault(kind, self.message.as_str(), self.remedy.as_str())
    }
}

/// A fault with these words.
pub(in crate::isolation) fn fault(
    kind: u32,
    message: impl Into<RString>,
    remedy: impl Into<RString>,
) -> Fault {
    Fault {
        kind,
        message: message.into(),
        remedy: remedy.into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}

/// Without the digits that nobody reads.
pub(super) fn rounded(time: Duration) -> Duration {
    let whole = match time.as_millis() {
        0..1_000 => Duration::from_millis(1),
        1_000..10_000 => Duration::from_millis(100),
        _ => Duration::from_secs(1),
    };
    let steps = time.as_nanos().div_ceil(whole.as_nanos());
    whole.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX))
}

fn with_last_line(message: String, last: Option<&str>) -> String {
    match last {
        Some(last) => format!("{message}, after it printed {last:?}"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(raw: i32, last: Option<&str>) -> Ending {
        Ending::by_itself("demo", ExitStatus::from_raw(raw), last)
    }

    #[test]
    fn every_signal_has_words() {
        for signal in 1..=64 {
            let ending = ended(signal, None);
            assert!(!ending.remedy.is_empty());
            if signal == Signal::XCPU.as_raw() {
                assert_eq!(ending, Ending::cpu("demo"));
                continue;
            }
            assert_eq!(ending.cause, Cause::Signal);
            let start = format!("its process was ended by signal {signal} (");
            assert!(ending.message.starts_with(&start), "{}", ending.message);
        }
        assert!(ended(40, None).message.contains("real-time"));
    }

    #[test]
    fn every_status_has_words() {
        for status in 0..=255 {
            let ending = ended(status << 8, Some("last"));
            assert_eq!(ending.cause, Cause::Exit);
            let message = ending.message;
            assert!(
                message.contains(&format!("status {status} though")),
                "{message}"
            );
            assert_eq!(message.contains("\"last\""), status != 0);
        }
    }

    #[test]
    fn an_abort_for_want_of_memory_names_the_key() {
        let last = "memory allocation of 1073741824 bytes failed";
        let ending = ended(Signal::ABORT.as_raw(), Some(last));
        assert!(ending.message.contains(last));
        assert!(ending.remedy.contains("plugins.demo.process.memory"));
        let other = ended(Signal::ABORT.as_raw(), Some("assertion failed"));
        assert!(!other.remedy.contains("memory"));
    }

    #[test]
    fn calls_that_were_late_are_told_apart() {
        let late = Ending::late("demo", Duration::from_millis(4_900)).fault();
        assert_eq!(late.kind, kind::DEADLINE);
        assert!(late.message.contains("4s 900ms"), "{}", late.message);
        assert_eq!(ended(11, None).fault().kind, ENDED);
    }

    #[test]
    fn nobody_reads_more_digits_than_help() {
        for (exact, shown) in [
            (Duration::ZERO, Duration::ZERO),
            (Duration::from_micros(1), Duration::from_millis(1)),
            (Duration::from_millis(1_234), Duration::from_millis(1_300)),
            (Duration::from_millis(12_345), Duration::from_secs(13)),
        ] {
            assert_eq!(rounded(exact), shown);
        }
    }
}
