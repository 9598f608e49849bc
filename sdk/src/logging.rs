//! Sends log lines to the host.
//!
//! A library has its own copy of the `log` crate, so the host's logger is not there: this one
//! hands each line over. Within a call it goes to the component's own host; a background thread's
//! goes to the host of the component made last in this library.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, Once, PoisonError},
};

use gaxx_abi::{HostRef, host::level};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::Host;

thread_local! {
    static CURRENT: RefCell<Option<Arc<HostRef>>> = const { RefCell::new(None) };
}

static LATEST: Mutex<Option<Arc<HostRef>>> = Mutex::new(None);

struct Forward;

/// Makes the `log` macros of this library reach the host.
///
/// Linked into the host it does nothing: there the host's own logger came first.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if log::set_logger(&Forward).is_ok() {
            log::set_max_level(LevelFilter::Trace);
        }
    });
}

/// Lines from threads that are in no call go to this host from now on.
pub(crate) fn use_for_background(host: &Host) {
    *LATEST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&host.0));
}

/// Runs `call`; its lines go to this host.
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
        current().is_some_and(|host| number(metadata.level()) <= host.log_level())
    }

    fn log(&self, record: &Record<'_>) {
        let Some(host) = current() else { return };
        let level = number(record.level());
        if level <= host.log_level() {
            let message = record.args().to_string();
            host.log(level, record.target().into(), message.as_str().into());
        }
    }

    fn flush(&self) {}
}
