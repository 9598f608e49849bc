//! Catches what must not cross.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use crate::{Error, ErrorKind, Host, Result, logging};

thread_local! {
    /// How many guards are on this thread's stack.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Where the panic that is under way began.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs the author's code. A panic becomes an error that says what and where.
pub(crate) fn guard<T>(host: &Host, call: impl FnOnce() -> Result<T>) -> Result<T> {
    note_places();
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    // A component whose call panicked is told apart by its fault; the host decides what becomes of
    // it, so that broken invariants on the author's side stay there.
    let result = panic::catch_unwind(AssertUnwindSafe(|| logging::within(host, call)));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    result.unwrap_or_else(|payload| {
        let place = PLACE
            .with(RefCell::take)
            .unwrap_or_else(|| "an unknown place".to_owned());
        let message = format!("panicked at {place}: {}", text(&*payload));
        // Dropping a payload may run the author's code, and that may panic again.
        std::mem::forget(payload);
        Err(Error::new(ErrorKind::Panic, message))
    })
}

/// A guard for calls that have no way to fail.
pub(crate) fn guard_infallible<T: Default>(host: &Host, call: impl FnOnce() -> T) -> T {
    guard(host, || Ok(call())).unwrap_or_else(|error| {
        logging::within(host, || log::error!("{error}"));
        T::default()
    })
}

/// Makes panics within a guard note their place and print nothing.
///
/// Symbolising a backtrace takes tens of milliseconds, and the fault says all that is needed.
fn note_places() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if DEPTH.try_with(Cell::get).unwrap_or(0) == 0 {
                return before(info);
            }
            let place = info.location().map(ToString::to_string);
            // Without the thread's local data the place is lost, and nothing else.
            let _ = PLACE.try_with(|cell| *cell.borrow_mut() = place);
        }));
    });
}

fn text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a payload that is no text")
}
