//! Files and folders, to a node and from it: `/v0/files`.
//!
//! A file is moved in one go, and goes on where it ended after a broken connection: of the same call,
//! and of a later one of the same file to the same place. A folder is one tar stream, which begins
//! anew. Whatever the size, a few pieces of 256 KiB are in memory.

mod digest;
mod download;
mod error;
mod meta;
mod pack;
mod partial;
mod progress;
mod publish;
mod remote;
mod source;
mod unpack;
mod upload;
mod verify;

#[cfg(test)]
mod tests;

pub use error::TransferError;
pub use progress::{Progress, Silent, Step};
pub use remote::{Remote, RemoteError};

use super::Backoff;

/// What a transfer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Bytes of the file, or of the tar stream.
    pub bytes: u64,
    /// Bytes that had come before, and were not sent again.
    pub resumed: u64,
    /// Files.
    pub files: u64,
}

/// How many bytes are read, sent and written at once.
const PIECE: usize = 256 * 1024;

/// Tries until it works, as long as the error is one after which another try may do better.
async fn again<T>(
    progress: &dyn Progress,
    mut attempt: impl AsyncFnMut() -> Result<T, TransferError>,
) -> Result<T, TransferError> {
    let mut backoff = Backoff::default();
    loop {
        let error = match attempt().await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let wait = error.retry().and_then(|asked| backoff.next(asked));
        let Some(wait) = wait else { return Err(error) };
        progress.step(Step::Again {
            error: &error,
            wait,
        });
        tokio::time::sleep(wait).await;
    }
}
