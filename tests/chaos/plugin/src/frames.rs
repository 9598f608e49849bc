//! Lies behind the SDK's back, on the sockets that lead from the plugin's process to its host.
//!
//! Descriptors of one's own process can be had by their numbers through a descriptor of the process
//! itself, so nothing of this needs unsafe code.

use std::{fs, os::fd::OwnedFd};

use gaxx_sdk::Result;
use rustix::{
    net::{SendFlags, Shutdown, send, shutdown},
    process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open},
};

use crate::{actor::Scene, deeds::hang};

/// Bytes of garbage on each socket.
const GARBAGE: u32 = 4_096;

/// Bytes that mean nothing.
pub(crate) fn garbage(_: &Scene<'_>) -> Result<()> {
    // Every byte but no message: multiples of a prime that is no power of two, in the middle bits.
    let bytes = (1..=GARBAGE).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]);
    send_everywhere(&bytes.collect::<Vec<_>>())
}

/// A frame of 4 GiB is announced.
pub(crate) fn huge(_: &Scene<'_>) -> Result<()> {
    send_everywhere(&u32::MAX.to_le_bytes())
}

/// A frame of a size that may be is announced, and does not come.
pub(crate) fn half(_: &Scene<'_>) -> Result<()> {
    send_everywhere(&1_000_000_u32.to_le_bytes())
}

/// The plugin's end of each socket is closed, and it lives on.
pub(crate) fn hang_up(_: &Scene<'_>) -> Result<()> {
    for socket in sockets()? {
        shutdown(&socket, Shutdown::Both)?;
    }
    hang()
}

/// Nothing is said any more, though the other side may still speak.
pub(crate) fn silent(_: &Scene<'_>) -> Result<()> {
    for socket in sockets()? {
        shutdown(&socket, Shutdown::Write)?;
    }
    Ok(())
}

fn send_everywhere(bytes: &[u8]) -> Result<()> {
    for socket in sockets()? {
        // One that is full or closed takes nothing, and the others do.
        let _ = send(&socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
    }
    Ok(())
}

/// Every socket of the process, whoever's it is.
fn sockets() -> Result<Vec<OwnedFd>> {
    let itself = pidfd_open(getpid(), PidfdFlags::empty())?;
    let mut sockets = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")?.flatten() {
        let leads_to = fs::read_link(entry.path()).unwrap_or_default();
        let number = entry.file_name().to_string_lossy().parse();
        if let (true, Ok(number)) = (leads_to.to_string_lossy().starts_with("socket:"), number) {
            sockets.push(pidfd_getfd(&itself, number, PidfdGetfdFlags::empty())?);
        }
    }
    Ok(sockets)
}
