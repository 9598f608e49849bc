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
    let result = logging::within(host, || panic::catch_unwind(AssertUnwindSafe(call)));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::TestHost;

    fn host() -> (TestHost, Host) {
        logging::install();
        let host = TestHost::default();
        (host.clone(), Host::new(host.reference()))
    }

    fn fails(call: impl FnOnce() -> Result<()>) -> Error {
        guard(&host().1, call).unwrap_err()
    }

    #[test]
    fn a_panic_says_what_and_where() {
        let line = line!() + 1;
        let error = fails(|| panic!("no {}", "luck"));
        assert_eq!(error.kind(), ErrorKind::Panic);
        let place = format!("panicked at {}:{line}:", file!());
        assert!(error.message().starts_with(&place), "{error}");
        assert!(error.message().ends_with(": no luck"), "{error}");
    }

    #[test]
    fn a_payload_that_is_no_text_is_told_as_such() {
        let error = fails(|| panic::panic_any(7));
        assert!(
            error.message().ends_with(": a payload that is no text"),
            "{error}"
        );
    }

    /// Dropping this panics, within the catching of the first panic.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }

    #[test]
    fn a_payload_is_not_dropped() {
        let error = fails(|| panic::panic_any(Bomb));
        assert_eq!(error.kind(), ErrorKind::Panic);
    }

    #[test]
    fn what_does_not_panic_passes() {
        let (_, host) = host();
        assert_eq!(guard(&host, || Ok(1)).unwrap(), 1);
        assert_eq!(
            fails(|| Err(Error::permanent("no"))),
            Error::permanent("no")
        );
    }

    #[test]
    fn a_place_is_that_of_its_own_panic() {
        let (_, host) = host();
        let error = fails(|| {
            // The author catches this one.
            let _ = panic::catch_unwind(|| panic!("inner"));
            let inner = guard(&host, || -> Result<()> { panic!("second") }).unwrap_err();
            assert!(inner.message().ends_with("second"), "{inner}");
            panic!("third")
        });
        assert!(error.message().ends_with(": third"), "{error}");
    }

    #[test]
    fn where_nothing_can_fail_a_panic_is_a_line_in_the_log() {
        let (kept, host) = host();
        let answer: Option<u8> = guard_infallible(&host, || panic!("stopping"));
        assert_eq!(answer, None);
        let log = kept.lock().log.clone();
        assert_eq!((log.len(), log[0].level), (1, "error"));
        assert!(log[0].message.ends_with(": stopping"), "{log:?}");
    }
}
