//! What runs within an interrupted thread.
#![allow(
    // A handler of signals is told by the kernel, through pointers, what it interrupted.
    unsafe_code
)]

use std::{
    ffi::{c_int, c_void},
    io, mem, ptr,
};

use super::{recorder, walk::Registers};

/// Has this signal handled here from now on.
///
/// It stays so when nothing is sampled any more: a signal that comes late would end the process,
/// and one that is ignored would be ignored by programs that it executes, too.
pub(super) fn install() -> io::Result<()> {
    // SAFETY: all zeros are a value of this struct: no flags, and no signal blocked.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_signal;
    action.sa_sigaction = handler as libc::sighandler_t;
    // Calls that the kernel can go on with by itself, it does.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    // SAFETY: the handler has the type that SA_SIGINFO asks for, and does only what is allowed
    // between any two instructions of a thread.
    match unsafe { libc::sigaction(libc::SIGPROF, &raw const action, ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

extern "C" fn on_signal(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the address of this thread's errno, which always is there.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above. What is interrupted may be about to read it.
    let before = unsafe { *errno };
    // SAFETY: the kernel gives a handler with SA_SIGINFO what it interrupted.
    let registers = unsafe { registers(context.cast()) };
    recorder::record(registers, thread_name());
    // SAFETY: as above.
    unsafe { *errno = before };
}

/// The name of this thread, with zeros behind it.
fn thread_name() -> [u8; 16] {
    let mut name = [0; 16];
    // SAFETY: the kernel writes at most 16 bytes there.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}

/// The registers that tell where a thread is.
///
/// # Safety
///
/// `context` is what the kernel gave a handler that runs.
#[cfg(target_arch = "x86_64")]
unsafe fn registers(context: *const libc::ucontext_t) -> Registers {
    // SAFETY: as the caller says.
    let saved = unsafe { &(*context).uc_mcontext.gregs };
    let register = |number: c_int| saved[number.unsigned_abs() as usize].cast_unsigned();
    Registers {
        instruction: register(libc::REG_RIP),
        stack: register(libc::REG_RSP),
        frame: register(libc::REG_RBP),
    }
}

/// As above.
#[cfg(target_arch = "aarch64")]
unsafe fn registers(context: *const libc::ucontext_t) -> Registers {
    // SAFETY: as the caller says.
    let saved = unsafe { &(*context).uc_mcontext };
    Registers {
        instruction: saved.pc,
        stack: saved.sp,
        frame: saved.regs[29],
    }
}
