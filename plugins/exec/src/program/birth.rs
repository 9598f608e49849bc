//! What happens in the child between `fork` and `exec`.
#![allow(
    // `pre_exec` is the one way to act there, and rustix has no `close_range`.
    unsafe_code
)]

use std::{io, os::unix::process::CommandExt, process::Command};

use rustix::{
    io::Errno,
    process::{
        Signal, getpid, getppid, set_child_subreaper, set_parent_process_death_signal, setrlimit,
    },
};

use super::{image::Image, limits::Limits};

/// Makes the child become this program, which ends with the thread that begins it, adopts those of
/// its descendants whose parents have ended, and keeps to its limits.
///
/// The signal comes when the *thread* ends, which therefore must stay until the program has ended.
/// A program that changes its user when it is executed does not get it.
pub(super) fn prepare(command: &mut Command, image: Image, limits: Limits) {
    let limits = limits.rlimits();
    let parent = getpid();
    let in_child = move || -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Who died before that has sent no signal.
        if getppid() != Some(parent) {
            return Err(Errno::SRCH.into());
        }
        // Any process stands for "yes". It lasts beyond exec, and is not inherited.
        set_child_subreaper(Some(parent))?;
        for (resource, limit) in &limits {
            setrlimit(*resource, *limit)?;
        }
        close_others_at_exec();
        Err(image.exec())
    };
    // SAFETY: in the child only this thread is left, and locks that others held stay held. The
    // closure takes none and allocates nothing: it makes system calls with values of its own, and
    // an error of theirs is a number.
    unsafe {
        command.pre_exec(in_child);
    }
}

/// Has all files but the first three closed at exec, also those that others have opened without
/// saying so, or that this process was begun with. Linux before 5.11 cannot.
fn close_others_at_exec() {
    // SAFETY: it closes nothing yet, and the process becomes another one or ends.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        );
    }
}
