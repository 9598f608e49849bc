//! What is sent with a request.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc;

/// The body of a request.
#[derive(Debug, Default)]
pub(super) enum Body {
    /// None.
    #[default]
    Empty,
    /// All of it.
    Whole(Bytes),
    /// What comes out of a channel, which ends when its sender is dropped.
    Streamed {
        /// The pieces.
        pieces: mpsc::Receiver<Bytes>,
        /// How many bytes are still to come, where that is known: then they are announced, and
        /// fewer of them are an error that the other end sees.
        left: Option<u64>,
    },
}

impl Body {
    /// JSON, in whole.
    pub(super) fn json(value: &impl serde::Serialize) -> Self {
        Self::Whole(
            serde_json::to_vec(value)
                .expect("requests are plain data")
                .into(),
        )
    }

    /// One made of a channel; the sender waits once a few pieces are in it.
    pub(super) fn streamed(left: Option<u64>) -> (mpsc::Sender<Bytes>, Self) {
        let (sender, pieces) = mpsc::channel(4);
        (sender, Self::Streamed { pieces, left })
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut *self {
            Self::Empty => None,
            Self::Whole(_) => match std::mem::take(&mut *self) {
                Self::Whole(bytes) => Some(bytes),
                _ => None,
            },
            Self::Streamed { pieces, left } => {
                let piece = ready!(pieces.poll_recv(context));
                if let (Some(piece), Some(left)) = (&piece, left) {
                    *left = left.saturating_sub(piece.len() as u64);
                }
                piece
            }
        };
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed { left, .. } => *left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed { left, .. } => {
                left.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
        }
    }
}
