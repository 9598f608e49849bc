//! jemalloc's own interface: values and commands by name.
//!
//! The names are documented in jemalloc(3). What it calls experimental is in
//! `include/jemalloc/internal/prof_hook.h` of its source.
#![allow(
    // It is a C function that takes and gives pointers.
    unsafe_code
)]

use std::{
    ffi::{CStr, c_char, c_uint, c_void},
    io, ptr, slice,
    sync::OnceLock,
};

use tikv_jemalloc_ctl::raw;

/// Stands for all arenas together in jemalloc's names.
pub(super) const ALL_ARENAS: usize = 4096;

/// What jemalloc tells as a plain number. It refuses to give a value as one of another size.
pub(super) trait Number: Copy {}

impl Number for u32 {}
impl Number for u64 {}
impl Number for usize {}

/// A value by its name; nothing where this build has none, or one of another size.
pub(super) fn read<T: Number>(name: &CStr) -> Option<T> {
    // SAFETY: the name ends in a zero. jemalloc writes as many bytes as the type has or none, and
    // a number is valid whatever they are.
    unsafe { raw::read(name.to_bytes_with_nul()) }.ok()
}

/// A value that jemalloc has several times, with a number in its name.
pub(super) struct Numbered<const PARTS: usize> {
    path: [usize; PARTS],
    at: usize,
}

impl<const PARTS: usize> Numbered<PARTS> {
    /// That of this name, which has so many parts; the part at `at` is the number.
    pub(super) fn new(name: &CStr, at: usize) -> Option<Self> {
        let mut path = [0; PARTS];
        raw::name_to_mib(name.to_bytes_with_nul(), &mut path).ok()?;
        Some(Self { path, at })
    }

    /// The value that has this number.
    pub(super) fn read<T: Number>(&mut self, number: usize) -> Option<T> {
        *self.path.get_mut(self.at)? = number;
        // SAFETY: as above.
        unsafe { raw::read_mib(&self.path) }.ok()
    }
}

/// Has all arenas give their unused pages back.
pub(super) fn purge() -> io::Result<()> {
    let name = format!("arena.{ALL_ARENAS}.purge\0");
    // SAFETY: the name ends in a zero, and this command reads and writes no value.
    let status = unsafe {
        tikv_jemalloc_sys::mallctl(
            name.as_ptr().cast(),
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            0,
        )
    };
    outcome(status)
}

/// Writes the profile of what is allocated into a file, in jemalloc's text.
///
/// # Errors
///
/// `NotFound` where profiling is off, `EFAULT` where the file cannot be written.
pub(crate) fn dump(path: &CStr) -> io::Result<()> {
    let mut path: *const c_char = path.as_ptr();
    // SAFETY: this command takes a pointer to a name that ends in a zero, reads it during the
    // call, and gives nothing.
    let status = unsafe {
        tikv_jemalloc_sys::mallctl(
            c"prof.dump".as_ptr(),
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::from_mut(&mut path).cast(),
            size_of::<*const c_char>(),
        )
    };
    outcome(status)
}

/// How often, in bytes, an allocation is taken as a sample; nothing where profiling is off.
pub(crate) fn sample_interval() -> Option<u64> {
    let exponent: usize = read(c"prof.lg_sample")?;
    1_u64.checked_shl(u32::try_from(exponent).ok()?)
}

/// What is told of a sample: the return addresses of the calls, the innermost first, and the
/// bytes that were allocated.
pub(crate) type Observer = fn(stack: &[usize], bytes: usize);

static OBSERVER: OnceLock<Observer> = OnceLock::new();

/// Tells of each sample, in the thread that allocates, as it does. The observer may allocate, which
/// is not sampled. It may not panic. There is one for the process.
///
/// # Errors
///
/// `NotFound` where profiling is off.
pub(crate) fn observe(observer: Observer) -> io::Result<()> {
    type Hook = unsafe extern "C" fn(*const c_void, usize, *const *const c_void, c_uint, usize);
    let _ = OBSERVER.set(observer);
    // SAFETY: the value of this name is a function of this type.
    unsafe { raw::write::<Hook>(b"experimental.hooks.prof_sample\0", sampled) }
        .map_err(|_| io::ErrorKind::NotFound.into())
}

/// Hands a sample to the observer.
///
/// # Safety
///
/// `stack` points to `depth` addresses that stay during the call.
unsafe extern "C" fn sampled(
    _object: *const c_void,
    _asked: usize,
    stack: *const *const c_void,
    depth: c_uint,
    bytes: usize,
) {
    let (Some(observer), Ok(depth)) = (OBSERVER.get(), usize::try_from(depth)) else {
        return;
    };
    if !stack.is_null() {
        // SAFETY: jemalloc keeps the stack of a sample while it tells of it, and an address has the
        // size and the alignment of a number.
        observer(unsafe { slice::from_raw_parts(stack.cast(), depth) }, bytes);
    }
}

/// Does something of which no allocation is sampled.
pub(crate) fn unsampled<T>(work: impl FnOnce() -> T) -> T {
    const SAMPLED: &[u8] = b"thread.prof.active\0";

    struct Resume;

    impl Drop for Resume {
        fn drop(&mut self) {
            // SAFETY: the value of this name is a bool.
            let _ = unsafe { raw::write(SAMPLED, true) };
        }
    }

    // SAFETY: as above. Where profiling is off it refuses, and there is nothing to do.
    let _resume = unsafe { raw::write(SAMPLED, false) }.map(|()| Resume);
    work()
}

fn outcome(status: i32) -> io::Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(status))
    }
}
