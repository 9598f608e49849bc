//! Sends log lines to the host.
//!
//! A library has its own copy of the `log` crate, so the host's logger is not there: this one
//! hands each line over. Within a call it goes to the component's own host; a background thread's
//! goes to the host of the component made last in this library.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use gaxx_abi::{HostRef, host::level};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::Host;

thread_local! {
    static CURRENT: RefCell<Option<Arc<HostRef>>> = const { RefCell::new(None) };
}

static LATEST: Mutex<Option<Arc<HostRef>>> = Mutex::new(None);

/// Whether lines that have no host are printed.
static PRINTS: AtomicBool = AtomicBool::new(false);

struct Forward;

/// Makes the `log` macros of this library reach the host.
///
/// Linked into the host it does nothing: there the host's own logger came first. In a process of
/// its own a plugin that is linked in needs it as a library does.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&Forward).is_ok() {
            log::set_max_level(LevelFilter::Trace);
        }
    });
}

/// Lines that have no host go to standard error from now on, down to those of `info`: in a helper
/// there is none, and gaxx-mon reads what it prints.
pub(crate) fn print() {
    PRINTS.store(true, Ordering::Relaxed);
}

/// Lines from threads that are in no call go to this host from now on.
pub(crate) fn use_for_background(host: &Host) {
    *LATEST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&host.0));
}

/// Runs `call`, which must not panic; its lines go to this host.
pub(crate) fn within<T>(host: &Host, call: impl FnOnce() -> T) -> T {
    let before = CURRENT.with(|current| current.replace(Some(Arc::clone(&host.0))));
    let result = call();
    CURRENT.with(|current| current.replace(before));
    result
}

fn current() -> Option<Arc<HostRef>> {
    CURRENT
        .try_with(|current| current.try_borrow().ok()?.clone())
        .ok()
        .flatten()
        .or_else(|| {
            LATEST
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        })
}

fn number(level: Level) -> u32 {
    match level {
        Level::Error => level::ERROR,
        Level::Warn => level::WARN,
        Level::Info => level::INFO,
        Level::Debug => level::DEBUG,
        Level::Trace => level::TRACE,
    }
}

impl Log for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match current() {
            Some(host) => number(metadata.level()) <= host.log_level(),
            None => metadata.level() <= Level::Info && PRINTS.load(Ordering::Relaxed),
        }
    }

    fn log(&self, record: &Record<'_>) {
        let Some(host) = current() else {
            if self.enabled(record.metadata()) {
                let level = record.level().as_str().to_lowercase();
                // Where nobody reads it nothing can be told.
                let _ = writeln!(io::stderr(), "{level}: {}", record.args());
            }
            return;
        };
        let level = number(record.level());
        if level <= host.log_level() {
            let message = record.args().to_string();
            host.log(level, record.target().into(), message.as_str().into());
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Error, Result,
        border::guard,
        testing::{LogLine, TestHost},
    };

    fn host() -> (TestHost, Host) {
        install();
        let host = TestHost::default();
        (host.clone(), Host::new(host.reference()))
    }

    fn said(host: &TestHost) -> Vec<(&'static str, String)> {
        let line = |line: &LogLine| (line.level, line.message.clone());
        host.lock().log.iter().map(line).collect()
    }

    #[test]
    fn each_level_arrives_as_itself() {
        let (kept, host) = host();
        within(&host, || {
            log::error!("a");
            log::warn!("b");
            log::info!("c");
            log::debug!("d");
            log::trace!("{}", "e");
        });
        let levels: Vec<_> = said(&kept).into_iter().map(|(level, _)| level).collect();
        assert_eq!(levels, ["error", "warn", "info", "debug", "trace"]);
    }

    #[test]
    fn a_line_goes_to_the_host_of_the_innermost_call() {
        let ((outer_kept, outer), (inner_kept, inner)) = (host(), host());
        within(&outer, || {
            log::info!("before");
            within(&inner, || log::info!("within"));
            log::info!("after");
        });
        assert_eq!(
            said(&outer_kept),
            [("info", "before".into()), ("info", "after".into())]
        );
        assert_eq!(said(&inner_kept), [("info", "within".into())]);
    }

    #[test]
    fn a_panic_leaves_the_call_as_a_return_does() {
        let ((outer_kept, outer), (inner_kept, inner)) = (host(), host());
        within(&outer, || {
            let failed: Result<()> = guard(&inner, || panic!("no"));
            log::info!(
                "{}",
                failed.is_err_and(|error: Error| error.message().ends_with("no"))
            );
        });
        assert_eq!(said(&outer_kept), [("info", "true".into())]);
        assert_eq!(said(&inner_kept), []);
    }
}
