//! No network: a filter of system calls, see seccomp(2).
//!
//! It needs no privilege, holds root too, costs a microsecond, and nobody can put it off again. What
//! it lets through is said in docs/security.md.
#![allow(
    // rustix has no `seccomp`.
    unsafe_code,
    // Codes and numbers of system calls are small and positive; libc has them wider.
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, sock_filter,
};
use rustix::io::Errno;

/// This machine's own system calls, of `linux/audit.h`; others (32 bits) have other numbers.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;
/// From here on numbers are those of x32, on `x86_64`.
const FOREIGN: u32 = 0x4000_0000;

/// Where they stand in `seccomp_data`. Of the first argument the lower half counts.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
const IF_EQUAL: u32 = BPF_JMP | BPF_JEQ | BPF_K;
const IF_AT_LEAST: u32 = BPF_JMP | BPF_JGE | BPF_K;
const RETURN: u32 = BPF_RET | BPF_K;

const LENGTH: usize = 15;

/// Sockets of no family but Unix; no `io_uring`, which opens sockets past any filter; no sockets
/// taken out of other processes; no system calls of another kind, which would be other numbers.
#[derive(Debug)]
pub(super) struct Filter([sock_filter; LENGTH]);

impl Filter {
    pub(super) fn new() -> Self {
        // A jump counts the instructions that it leaves out.
        Self([
            instruction(LOAD, ARCH, 0, 0),
            instruction(IF_EQUAL, ARCHITECTURE, 1, 0),
            instruction(RETURN, SECCOMP_RET_KILL_PROCESS, 0, 0),
            instruction(LOAD, NUMBER, 0, 0),
            instruction(IF_AT_LEAST, FOREIGN, 9, 0),
            instruction(IF_EQUAL, number(libc::SYS_socket), 4, 0),
            instruction(IF_EQUAL, number(libc::SYS_socketpair), 3, 0),
            instruction(IF_EQUAL, number(libc::SYS_io_uring_setup), 6, 0),
            instruction(IF_EQUAL, number(libc::SYS_pidfd_getfd), 4, 0),
            instruction(RETURN, SECCOMP_RET_ALLOW, 0, 0),
            instruction(LOAD, FIRST_ARGUMENT, 0, 0),
            instruction(IF_EQUAL, libc::AF_UNIX.unsigned_abs(), 0, 1),
            instruction(RETURN, SECCOMP_RET_ALLOW, 0, 0),
            instruction(RETURN, refused(libc::EACCES), 0, 0),
            instruction(RETURN, refused(libc::ENOSYS), 0, 0),
        ])
    }

    /// Puts this process under the filter for good; it can gain no privileges any more. Only makes
    /// a system call.
    pub(super) fn obey(&self) -> Result<(), Errno> {
        let program = libc::sock_fprog {
            len: LENGTH as u16,
            filter: self.0.as_ptr().cast_mut(),
        };
        // SAFETY: the kernel copies the program, and does not write to it.
        let done = unsafe {
            libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::c_ulong::from(libc::SECCOMP_MODE_FILTER),
                &raw const program,
            )
        };
        match done {
            0 => Ok(()),
            _ => Err(super::birth::last_errno()),
        }
    }
}

/// Whether the kernel has it.
pub(super) fn is_there() -> bool {
    // SAFETY: it answers with the process's mode.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP) >= 0 }
}

const fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

/// The number of a system call fits.
const fn number(call: libc::c_long) -> u32 {
    call as u32
}

/// That the call fails so.
const fn refused(error: i32) -> u32 {
    SECCOMP_RET_ERRNO | error.unsigned_abs()
}
