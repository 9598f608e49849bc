//! Frames on a socket: four bytes that say how long the message is (little-endian), and the
//! message in postcard's format.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
    time::Instant,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};
use serde::{Serialize, de::DeserializeOwned};

/// Bytes in front of a message.
const HEADER: usize = 4;
/// Room that a channel keeps between messages; what a larger one needed is given back.
const KEPT: usize = 64 << 10;

/// Why a message did not pass.
#[derive(Debug, thiserror::Error)]
pub(in crate::isolation) enum WireError {
    /// The other side has gone.
    #[error("the other side has closed its end")]
    Closed,
    /// The time is over. What has passed of the message is lost: the channel is of no use now.
    #[error("it took too long")]
    Late,
    /// The other side says that a message of so many bytes comes.
    #[error("a message of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// As it said.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The message cannot be read.
    #[error("a message cannot be read: {0}")]
    Garbage(postcard::Error),
    /// The system refused it.
    #[error("the socket failed: {0}")]
    System(io::Error),
}

/// One end of a socket that carries frames.
#[derive(Debug)]
pub(in crate::isolation) struct Channel {
    socket: Arc<OwnedFd>,
    /// The longest message that is taken, in bytes.
    limit: usize,
    room: Vec<u8>,
}

impl Channel {
    /// A channel on this socket, a stream, that takes messages of at most `limit` bytes.
    pub(in crate::isolation) fn new(socket: impl Into<Arc<OwnedFd>>, limit: usize) -> Self {
        Self {
            socket: socket.into(),
            limit,
            room: Vec::new(),
        }
    }

    /// Sends a message; waits until then at most, and for ever where nothing is given.
    pub(in crate::isolation) fn send(
        &mut self,
        message: &impl Serialize,
        until: Option<Instant>,
    ) -> Result<(), WireError> {
        let mut frame = std::mem::take(&mut self.room);
        frame.clear();
        frame.extend_from_slice(&[0; HEADER]);
        let mut frame = postcard::to_extend(message, frame).map_err(WireError::Garbage)?;
        let size = frame.len() - HEADER;
        let length = u32::try_from(size).map_err(|_| WireError::TooLarge {
            size,
            limit: u32::MAX as usize,
        })?;
        frame[..HEADER].copy_from_slice(&length.to_le_bytes());
        let sent = send_all(self.socket.as_fd(), &frame, until);
        self.keep(frame);
        sent
    }

    /// The next message; waits until then at most, and for ever where nothing is given.
    pub(in crate::isolation) fn receive<T: DeserializeOwned>(
        &mut self,
        until: Option<Instant>,
    ) -> Result<T, WireError> {
        // Exactly what belongs to the message: descriptors may come with the next byte.
        let mut header = [0; HEADER];
        receive_all(self.socket.as_fd(), &mut header, until)?;
        let size = u32::from_le_bytes(header) as usize;
        if size > self.limit {
            let limit = self.limit;
            return Err(WireError::TooLarge { size, limit });
        }
        let mut message = std::mem::take(&mut self.room);
        message.clear();
        message.resize(size, 0);
        receive_all(self.socket.as_fd(), &mut message, until)?;
        let read = postcard::from_bytes(&message).map_err(WireError::Garbage);
        self.keep(message);
        read
    }

    /// Waits for the next message, no longer than until then; answers whether it or the end is
    /// there. May come back earlier.
    pub(in crate::isolation) fn wait(&self, until: Instant) -> Result<bool, WireError> {
        wait(self.socket.as_fd(), PollFlags::IN, Some(until))
    }

    /// The socket itself, to wait for it or to pass descriptors.
    pub(in crate::isolation) fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    fn keep(&mut self, room: Vec<u8>) {
        if room.capacity() <= KEPT {
            self.room = room;
        }
    }
}

fn send_all(
    socket: BorrowedFd<'_>,
    mut bytes: &[u8],
    until: Option<Instant>,
) -> Result<(), WireError> {
    let flags = match until {
        Some(_) => SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        None => SendFlags::NOSIGNAL,
    };
    while !bytes.is_empty() {
        match send(socket, bytes, flags) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(Errno::AGAIN) => {
                wait(socket, PollFlags::OUT, until)?;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(failure(errno)),
        }
    }
    Ok(())
}

fn receive_all(
    socket: BorrowedFd<'_>,
    mut room: &mut [u8],
    until: Option<Instant>,
) -> Result<(), WireError> {
    let flags = match until {
        Some(_) => RecvFlags::DONTWAIT,
        None => RecvFlags::empty(),
    };
    while !room.is_empty() {
        match recv(socket, &mut *room, flags) {
            Ok((0, _)) => return Err(WireError::Closed),
            Ok((received, _)) => room = &mut room[received..],
            Err(Errno::AGAIN) => {
                wait(socket, PollFlags::IN, until)?;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(failure(errno)),
        }
    }
    Ok(())
}

/// Waits until the socket is ready, or somebody has closed the other end; answers whether that is
/// so. Who is told that it is not looks again: the time is over then, or it was disturbed.
fn wait(
    socket: BorrowedFd<'_>,
    what: PollFlags,
    until: Option<Instant>,
) -> Result<bool, WireError> {
    let mut ready = [PollFd::from_borrowed_fd(socket, what)];
    let left = match until {
        Some(until) => Some(
            until
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())
                .ok_or(WireError::Late)?,
        ),
        None => None,
    };
    // Longer than the system can count is for ever.
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    match poll(&mut ready, left.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(errno) => Err(failure(errno)),
    }
}

fn failure(errno: Errno) -> WireError {
    match errno {
        Errno::PIPE | Errno::CONNRESET => WireError::Closed,
        errno => WireError::System(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{thread, time::Duration};

    use proptest::prelude::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    use super::*;
    use crate::isolation::wire::message::{Ask, Told};

    fn pair(limit: usize) -> (Channel, Channel) {
        let (one, other) = socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )
        .unwrap();
        (Channel::new(one, limit), Channel::new(other, limit))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    #[test]
    fn messages_of_any_size_pass_in_order() {
        let (mut near, mut far) = pair(10 << 20);
        let sizes = [0, 1, 100, 300_000, 7];
        let sender = thread::spawn(move || {
            for size in sizes {
                near.send(&"x".repeat(size), None).unwrap();
            }
        });
        for size in sizes {
            assert_eq!(far.receive::<String>(None).unwrap().len(), size);
        }
        sender.join().unwrap();
        assert!(matches!(
            far.receive::<String>(None),
            Err(WireError::Closed)
        ));
    }

    #[test]
    fn nobody_waits_longer_than_asked() {
        let (mut near, mut far) = pair(10 << 20);
        assert!(matches!(
            far.receive::<String>(Some(soon())),
            Err(WireError::Late)
        ));
        // More than the socket holds, and nobody reads.
        let sent = near.send(&"x".repeat(5 << 20), Some(soon()));
        assert!(matches!(sent, Err(WireError::Late)));
    }

    #[test]
    fn a_lie_about_the_length_is_seen_before_memory_is_taken() {
        let (near, mut far) = pair(1000);
        send_all(near.socket.as_fd(), &[0xff; 4], None).unwrap();
        assert!(matches!(
            far.receive::<String>(None),
            Err(WireError::TooLarge {
                size: 0xffff_ffff,
                limit: 1000
            })
        ));
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_nothing_worse(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            length in proptest::option::of(0_u32..400),
        ) {
            let (near, mut far) = pair(350);
            let length = length.unwrap_or(u32::try_from(bytes.len()).unwrap());
            send_all(near.socket.as_fd(), &length.to_le_bytes(), None).unwrap();
            send_all(near.socket.as_fd(), &bytes, None).unwrap();
            drop(near);
            let _ = far.receive::<Told>(None);
            let _ = far.receive::<Ask>(None);
        }
    }
}
