//! A folder to a node.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, header};
use tar::Builder;
use tokio::sync::mpsc;

use super::{Moved, PIECE, Progress, Remote, Step, TransferError, again};
use crate::{
    client::{Client, ClientError, body::Body, pool::request, reply::Reply, stall},
    task,
};

/// What is in a folder.
struct Contents {
    /// Paths beneath it, folders before what is in them.
    entries: Vec<PathBuf>,
    /// Those of them that are files.
    files: Vec<PathBuf>,
    /// Bytes of the files.
    bytes: u64,
}

impl Client {
    /// Sends a folder with all that is in it, as one tar stream. The node puts it in place once it
    /// is whole and durable. Its digest of the stream is compared; with `verify` also that of each
    /// file.
    pub async fn upload_folder(
        &self,
        from: &Path,
        to: &Remote,
        parents: bool,
        verify: bool,
        progress: Arc<dyn Progress>,
    ) -> Result<Moved, TransferError> {
        let (path, watcher) = (from.to_owned(), Arc::clone(&progress));
        let looked = task::spawn_blocking("look", move || Contents::of(&path, &*watcher));
        let contents = Arc::new(looked.await.expect("the thread does not panic")?);
        let bytes = again(&*progress, async || {
            self.try_folder(from, &contents, to, parents, &progress)
                .await
        })
        .await?;
        if verify {
            progress.step(Step::Verifying);
            self.compare_folder(from, contents.files.clone(), to)
                .await?;
        }
        let files = contents.files.len() as u64;
        Ok(Moved {
            bytes,
            resumed: 0,
            files,
        })
    }

    async fn try_folder(
        &self,
        from: &Path,
        contents: &Arc<Contents>,
        to: &Remote,
        parents: bool,
        progress: &Arc<dyn Progress>,
    ) -> Result<u64, TransferError> {
        progress.step(Step::Moving {
            total: Some(contents.bytes),
            there: 0,
        });
        let query = if parents { "?parents" } else { "" };
        let request = request(Method::PUT, &(to.url() + query))
            .header(header::CONTENT_TYPE, "application/x-tar");
        let (pieces, body) = Body::streamed(None);
        let watched = stall::Watched::new(Arc::clone(progress), None);
        let (folder, inside) = (from.to_owned(), Arc::clone(contents));
        let mut stream = Stream::new(pieces, watched.counter());
        let packing = task::spawn_blocking("pack", move || {
            let packed = inside.pack(&folder, &mut stream);
            // With the stream: were it dropped after an error, its end would look like a good one.
            (stream, packed)
        });
        let mut sending = pin!(watched.send(self, request, body));
        let (stream, packed) = tokio::select! {
            packed = packing => packed.expect("the thread does not panic"),
            // It would not have all of it.
            reply = &mut sending => return Err(refused(reply)),
        };
        if let Err(error) = packed {
            if stream.is_wanted() {
                return Err(error);
            }
            return Err(refused(sending.await));
        }
        let (bytes, here) = stream.finish();
        let mut reply = sending.await?;
        let there = reply.header("x-content-blake3").map(str::to_owned);
        reply.bytes(1 << 20).await?;
        match there {
            Some(there) if there != here => Err(TransferError::Differs {
                what: format!("the tar stream of {to}"),
                here,
                there,
            }),
            _ => Ok(bytes),
        }
    }
}

/// What an answer means that came before all was sent.
fn refused(reply: Result<Reply, ClientError>) -> TransferError {
    match reply {
        Ok(reply) => reply
            .malformed("it took the folder before all of it was sent")
            .into(),
        Err(error) => error.into(),
    }
}

impl Contents {
    /// Looks through a folder. What is neither file, folder nor link is told and left out.
    fn of(folder: &Path, progress: &dyn Progress) -> Result<Self, TransferError> {
        let mut contents = Self {
            entries: Vec::new(),
            files: Vec::new(),
            bytes: 1024,
        };
        let mut waiting = vec![PathBuf::new()];
        while let Some(inner) = waiting.pop() {
            let path = folder.join(&inner);
            let failed = |error| TransferError::local("cannot read", &path)(error);
            for entry in fs::read_dir(&path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let inner = inner.join(entry.file_name());
                let metadata = entry.metadata().map_err(failed)?;
                let kind = metadata.file_type();
                if !(kind.is_file() || kind.is_dir() || kind.is_symlink()) {
                    progress.step(Step::LeftOut(&inner));
                    continue;
                }
                // A header, and the content in blocks.
                contents.bytes += 512;
                if kind.is_file() {
                    contents.bytes += metadata.len().next_multiple_of(512);
                    contents.files.push(inner.clone());
                } else if kind.is_dir() {
                    waiting.push(inner.clone());
                }
                contents.entries.push(inner);
            }
        }
        Ok(contents)
    }

    fn pack(&self, folder: &Path, stream: &mut Stream) -> Result<(), TransferError> {
        let mut archive = Builder::new(stream);
        archive.follow_symlinks(false);
        for entry in &self.entries {
            let path = folder.join(entry);
            archive
                .append_path_with_name(&path, entry)
                .map_err(TransferError::local("cannot send", &path))?;
        }
        let finished = archive.into_inner().and_then(Write::flush);
        finished.map_err(TransferError::local("cannot send", folder))
    }
}

/// The tar stream on its way out.
struct Stream {
    pieces: mpsc::Sender<Bytes>,
    progress: Arc<dyn Progress>,
    waiting: Vec<u8>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Stream {
    fn new(pieces: mpsc::Sender<Bytes>, progress: Arc<dyn Progress>) -> Self {
        Self {
            pieces,
            progress,
            waiting: Vec::with_capacity(PIECE),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        }
    }

    /// Whether anybody still takes it.
    fn is_wanted(&self) -> bool {
        !self.pieces.is_closed()
    }

    /// Ends it; answers its length and its digest.
    fn finish(self) -> (u64, String) {
        (self.bytes, self.hasher.finalize().to_hex().to_string())
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.waiting.len());
        self.waiting
            .extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.waiting.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE));
        let length = piece.len() as u64;
        self.hasher.update(&piece);
        let sent = self.pieces.blocking_send(piece.into());
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.bytes += length;
        self.progress.done(length);
        Ok(())
    }
}
