//! Passing sockets to a child: one byte on a socket, with descriptors beside it.

use std::{
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd},
};

use rustix::{
    io::{Errno, IoSlice, IoSliceMut},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
};

/// The most descriptors that are passed at once.
const MOST: usize = 2;

/// Two ends of a stream that is closed in programs this process starts.
pub(in crate::isolation) fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
}

/// Passes descriptors, at most two; both sides know how many. Waits where the socket is full.
pub(in crate::isolation) fn send(
    socket: BorrowedFd<'_>,
    descriptors: &[BorrowedFd<'_>],
) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !beside.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(Errno::INVAL);
    }
    loop {
        match sendmsg(
            socket,
            &[IoSlice::new(&[0])],
            &mut beside,
            SendFlags::NOSIGNAL,
        ) {
            Err(Errno::INTR) => {}
            sent => return sent.map(drop),
        }
    }
}

/// Takes descriptors that the other side passes now; nothing where it has gone.
pub(in crate::isolation) fn receive<const N: usize>(
    socket: BorrowedFd<'_>,
) -> Result<Option<[OwnedFd; N]>, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let received = loop {
        let mut room = [IoSliceMut::new(&mut byte)];
        match recvmsg(socket, &mut room, &mut beside, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            received => break received?,
        }
    };
    let mut descriptors = Vec::new();
    for message in beside.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            descriptors.extend(passed);
        }
    }
    if received.bytes == 0 {
        return Ok(None);
    }
    // What came too many is closed here.
    let descriptors = <[OwnedFd; N]>::try_from(descriptors).map_err(|_| Errno::PROTO)?;
    Ok(Some(descriptors))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::fd::AsFd;

    use rustix::io::{read, write};

    use super::*;

    #[test]
    fn what_was_passed_is_the_same_socket() {
        let (near, far) = pair().unwrap();
        let (one, other) = pair().unwrap();
        send(near.as_fd(), &[one.as_fd()]).unwrap();
        let [passed] = receive(far.as_fd()).unwrap().unwrap();
        write(&passed, b"x").unwrap();
        let mut byte = [0];
        assert_eq!(read(&other, &mut byte).unwrap(), 1);
        assert_eq!(&byte, b"x");
    }

    #[test]
    fn the_end_and_a_wrong_number_are_told() {
        let (near, far) = pair().unwrap();
        send(near.as_fd(), &[near.as_fd(), near.as_fd()]).unwrap();
        assert!(matches!(receive::<1>(far.as_fd()), Err(Errno::PROTO)));
        drop(near);
        assert!(matches!(receive::<1>(far.as_fd()), Ok(None)));
    }
}
