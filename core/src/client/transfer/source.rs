//! A local file that is sent.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rustix::fs::{Mode, OFlags, open};
use tokio::sync::mpsc;

use super::{PIECE, Progress, Remote, TransferError, digest, meta::Meta};

/// A local file that is sent.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    file: File,
    pub(super) size: u64,
    pub(super) meta: Meta,
    /// In hexadecimal digits.
    pub(super) digest: String,
    /// By what name the node knows the upload: the same for the same file, as long as nobody writes
    /// to it, and the same place.
    pub(super) upload: String,
}

impl Source {
    /// Opens a file and makes its digest.
    pub(super) fn open(
        path: &Path,
        to: &Remote,
        progress: &dyn Progress,
    ) -> Result<Self, TransferError> {
        // A pipe would be waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let failed = |error: io::Error| TransferError::local("cannot read", path)(error);
        let opened = open(path, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
        let mut file = File::from(opened);
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            let why = if metadata.is_dir() {
                "is a folder: say --recursive to move it with all that is in it"
            } else {
                "is neither a file nor a folder, and cannot be moved"
            };
            let path = path.to_owned();
            return Err(TransferError::Unfit { path, why });
        }
        let mut hasher = blake3::Hasher::new();
        progress.step(super::Step::Hashing(metadata.len()));
        digest::of(&mut file, metadata.len(), &mut hasher, progress).map_err(failed)?;
        let digest = hasher.finalize().to_hex();
        let name = format!("{to}\0{digest}\0{}\0{}", metadata.dev(), metadata.ino());
        Ok(Self {
            path: path.to_owned(),
            file,
            size: metadata.len(),
            meta: Meta::of(&metadata),
            digest: digest.to_string(),
            upload: blake3::hash(name.as_bytes()).to_hex().to_string(),
        })
    }

    /// Sends what is behind an offset into a channel, until its receiver is gone.
    pub(super) fn pour(
        &self,
        offset: u64,
        pieces: &mpsc::Sender<Bytes>,
        progress: &dyn Progress,
    ) -> Result<(), TransferError> {
        let failed = |error| TransferError::local("cannot read", &self.path)(error);
        let mut file = self.file.try_clone().map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut left = self.size - offset;
        while left > 0 {
            let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            let mut piece = vec![0; length];
            file.read_exact(&mut piece).map_err(failed)?;
            left -= length as u64;
            if pieces.blocking_send(piece.into()).is_err() {
                return Ok(());
            }
            progress.done(length as u64);
        }
        Ok(())
    }
}
