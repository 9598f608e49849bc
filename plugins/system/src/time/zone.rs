//! The machine's time zone, as the C library knows it.

use std::{ffi::CStr, mem::MaybeUninit};

/// The name of the zone in force at this time, and the seconds that it is east of UTC.
#[allow(unsafe_code)]
pub(super) fn local(unix_seconds: u64) -> Option<(String, f64)> {
    let time = libc::time_t::try_from(unix_seconds).ok()?;
    let mut broken_down = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live values of the right types. Zeroes are a valid `tm`, so the
    // value is initialised whatever the call does.
    let broken_down = unsafe {
        if libc::localtime_r(&raw const time, broken_down.as_mut_ptr()).is_null() {
            return None;
        }
        broken_down.assume_init()
    };
    if broken_down.tm_zone.is_null() {
        return None;
    }
    // SAFETY: after a successful call this points to a name that ends in a zero byte; the C
    // library keeps the names of all zones that it has ever used.
    let name = unsafe { CStr::from_ptr(broken_down.tm_zone) };
    let name = name.to_string_lossy().into_owned();
    Some((name, broken_down.tm_gmtoff as f64))
}
