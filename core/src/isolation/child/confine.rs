//! What this process does to itself before the first code of a plugin runs, and how it ends.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use rustix::{
    process::{Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal},
    stdio::dup2_stdin,
    thread::set_name,
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

/// Why a process does not become a child.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfineError {
    /// Somebody else than the program started it.
    #[error("plugin-host is not a command for people: gaxx-mon starts it for each plugin")]
    NotForPeople,
    /// The core ended before this process could ask to end with it.
    #[error("the program that started this process has ended")]
    Orphan,
    /// The system refused something that every process may do.
    #[error("cannot {0}: {1}")]
    System(&'static str, io::Error),
}

/// Ties this process to the core, and gives the control socket.
pub(super) fn enter(
    mut arguments: impl Iterator<Item = OsString>,
) -> Result<OwnedFd, ConfineError> {
    let core = arguments
        .next()
        .and_then(|number| number.to_str()?.parse().ok())
        .and_then(Pid::from_raw)
        .ok_or(ConfineError::NotForPeople)?;
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|errno| ConfineError::System("ask to end with the program", errno.into()))?;
    // It may have ended before that was asked for, and nobody would tell.
    if getppid() != Some(core) {
        return Err(ConfineError::Orphan);
    }
    // Started through a link, it would be shown by that link's name.
    set_name(c"gaxx-plugin")
        .map_err(|errno| ConfineError::System("name the process", errno.into()))?;
    outlive_stops().map_err(|error| ConfineError::System("take the signals of a stop", error))?;
    take_input().map_err(|error| ConfineError::System("take the control socket", error))
}

/// A stop that is told to all processes of a service at once must not end this one before the core
/// has stopped the plugin.
///
/// The signals do nothing here. They are not ignored: programs that a plugin starts would inherit
/// that, and could not be ended as usual.
pub(in crate::isolation) fn outlive_stops() -> io::Result<()> {
    let unread = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&unread))?;
    }
    Ok(())
}

/// Moves the socket away from standard input, which the plugin and all it starts can read.
pub(in crate::isolation) fn take_input() -> io::Result<OwnedFd> {
    let control = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    Ok(control)
}

/// Ends this process at once.
///
/// An ordinary end would run what the plugin has left for the end of its process (`atexit`,
/// destructors of statics) while its threads still run: that may hang, or crash. Nobody needs it;
/// components are stopped before the core closes the control socket.
pub(super) fn end() -> ! {
    loop {
        // It cannot fail for the process itself, and does not return then.
        let _ = kill_process(getpid(), Signal::KILL);
        thread::yield_now();
    }
}
