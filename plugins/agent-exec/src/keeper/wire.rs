//! Messages on a stream socket, with descriptors beside them.
//!
//! A frame is the length of its body, four bytes, little-endian, and the body in postcard's form.
//! Descriptors travel with its first byte.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd},
};

use rustix::{
    io::{Errno, IoSlice, IoSliceMut, read, retry_on_intr},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, send as send_bytes,
        sendmsg, socketpair,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{End, Step, Usage};

/// The longest body: four times what Linux lets a program have as arguments and environment, by
/// default.
const LONGEST: usize = 8 << 20;
/// The most descriptors beside a frame.
const MOST: usize = 4;
const HEAD: usize = size_of::<u32>();

/// What a keeper says of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Message {
    /// The command runs.
    Started { pid: u32 },
    /// It does not: this step failed. Nothing follows.
    Failed { step: Step, errno: i32 },
    /// It ended, and nothing of it is left.
    Ended {
        end: End,
        usage: Usage,
        /// The keeper waits for another order; otherwise nothing follows.
        is_ready: bool,
    },
}

/// Two ends of a stream that is closed in programs this process starts.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    Ok(socketpair(family, kind, SocketFlags::CLOEXEC, None)?)
}

/// Sends a message; a short one at once or not at all.
pub(super) fn send<T: Serialize>(
    socket: BorrowedFd<'_>,
    message: &T,
    beside: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut frame = postcard::to_extend(message, vec![0; HEAD]).map_err(io::Error::other)?;
    let length = frame.len() - HEAD;
    if length > LONGEST {
        // What the kernel would say.
        return Err(Errno::TOOBIG.into());
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    if let Some(head) = frame.first_chunk_mut::<HEAD>() {
        *head = length.to_le_bytes();
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut descriptors = SendAncillaryBuffer::new(&mut space);
    if !beside.is_empty() && !descriptors.push(SendAncillaryMessage::ScmRights(beside)) {
        return Err(Errno::INVAL.into());
    }
    let all = [IoSlice::new(&frame)];
    let sent = retry_on_intr(|| sendmsg(socket, &all, &mut descriptors, SendFlags::NOSIGNAL))?;
    let mut rest = frame.get(sent..).unwrap_or_default();
    while !rest.is_empty() {
        let sent = retry_on_intr(|| send_bytes(socket, rest, SendFlags::NOSIGNAL))?;
        rest = rest.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Waits for a message; nothing where the other side has gone.
pub(super) fn receive<T: DeserializeOwned>(
    socket: BorrowedFd<'_>,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut head = [0; HEAD];
    let received = retry_on_intr(|| {
        let mut room = [IoSliceMut::new(&mut head)];
        recvmsg(socket, &mut room, &mut beside, RecvFlags::CMSG_CLOEXEC)
    })?;
    let mut descriptors = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            descriptors.extend(passed);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    fill(socket, head.get_mut(received.bytes..).unwrap_or_default())?;
    let length = usize::try_from(u32::from_le_bytes(head)).map_err(io::Error::other)?;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    fill(socket, &mut body)?;
    let message = postcard::from_bytes(&body)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Some((message, descriptors)))
}

/// Reads so many bytes, and fails where they do not come.
fn fill(socket: BorrowedFd<'_>, mut room: &mut [u8]) -> io::Result<()> {
    while !room.is_empty() {
        let got = retry_on_intr(|| read(socket, &mut *room))?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        room = room.get_mut(got..).unwrap_or_default();
    }
    Ok(())
}

/// A path as bytes: serde's own form of it must be text.
pub(super) mod path {
    use std::{
        ffi::OsString,
        path::{Path, PathBuf},
    };

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        path: &Path,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        path.as_os_str().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<PathBuf, D::Error> {
        OsString::deserialize(deserializer).map(PathBuf::from)
    }
}

/// Paths as bytes, where there are any.
pub(super) mod paths {
    use std::{
        ffi::{OsStr, OsString},
        path::PathBuf,
    };

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option)] // serde passes it so.
    pub(in super::super) fn serialize<S: Serializer>(
        paths: &Option<Vec<PathBuf>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let paths: Option<Vec<&OsStr>> = paths
            .as_ref()
            .map(|paths| paths.iter().map(|path| path.as_os_str()).collect());
        paths.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Option<Vec<PathBuf>>, D::Error> {
        let paths = Option::<Vec<OsString>>::deserialize(deserializer)?;
        Ok(paths.map(|paths| paths.into_iter().map(PathBuf::from).collect()))
    }
}
