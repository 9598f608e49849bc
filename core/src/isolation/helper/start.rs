//! Starts a helper.

use std::{io, os::fd::OwnedFd, path::Path, process::Stdio};

use rustix::{
    fs::{OFlags, fcntl_setfl},
    process::{PidfdFlags, pidfd_open},
};

use super::HELPER;
use crate::isolation::{
    Code,
    process::{Output, Reaper, again},
    wire::descriptor,
};

/// A helper that runs, and what the thread that watches it needs.
pub(super) struct Started {
    /// Can be read once it has ended.
    pub(super) handle: OwnedFd,
    pub(super) output: Output,
    pub(super) reaper: Reaper,
}

/// Starts a helper; the first is the component's end of its socket, the only one besides the
/// helper's own.
pub(super) fn start(
    program: &Path,
    (plugin, name): (&str, &str),
    code: &Code,
) -> io::Result<(OwnedFd, Started)> {
    let (near, far) = descriptor::pair()?;
    let (output, printed) = io::pipe()?;
    fcntl_setfl(&output, OFlags::NONBLOCK)?;
    let mut command = again(program, HELPER);
    command.args([plugin, name]);
    if let Code::Library(copy) = code {
        command.arg(copy);
    }
    command
        .stdin(far)
        .stdout(Stdio::from(printed.try_clone()?))
        .stderr(printed);
    let reaper = Reaper::spawn(command)?;
    let handle = pidfd_open(reaper.pid()?, PidfdFlags::empty())?;
    let output = Output::new(plugin, format!("its helper {name}"), output.into());
    let started = Started {
        handle,
        output,
        reaper,
    };
    Ok((near, started))
}
