//! A stream that still hears a node that takes no more.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A stream that still hears a node that takes no more.
///
/// A node may answer before it has read the whole request: it refuses it, or a command has ended that
/// did not want all of its input. It then closes the connection, so that writing fails while the
/// answer still waits to be read. HTTP gives up at the first error of either; so what cannot be
/// written is dropped here without a word, and reading tells whether there was an answer.
#[derive(Debug)]
pub(super) struct Hearing {
    stream: TcpStream,
    /// Whether the node takes no more.
    unheard: bool,
}

impl Hearing {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            unheard: false,
        }
    }

    /// What comes of writing `length` bytes.
    fn written(&mut self, done: Poll<io::Result<usize>>, length: usize) -> Poll<io::Result<usize>> {
        match done {
            Poll::Ready(Err(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                self.unheard = true;
                Poll::Ready(Ok(length))
            }
            done => done,
        }
    }
}

impl AsyncRead for Hearing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, room)
    }
}

impl AsyncWrite for Hearing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unheard {
            return Poll::Ready(Ok(bytes.len()));
        }
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(done, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        if self.unheard {
            return Poll::Ready(Ok(length));
        }
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.written(done, length)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unheard {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn an_answer_is_heard_although_nothing_can_be_said_any_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (ours, theirs) = tokio::join!(connecting, listener.accept());
        let (mut ours, mut theirs) = (Hearing::new(ours.unwrap()), theirs.unwrap().0);
        ours.write_all(&[1; 1000]).await.unwrap();
        theirs.readable().await.unwrap();
        theirs.write_all(b"enough").await.unwrap();
        // With bytes that nobody has read: the connection is reset.
        drop(theirs);
        while !ours.unheard {
            ours.write_all(&[1; 1000]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = [0; 6];
        ours.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"enough");
    }
}
