//! A folder from a node.

use std::{
    io::{self, Read},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use bytes::{Buf, Bytes};
use http::Method;
use tar::{Archive, EntryType};
use tokio::sync::mpsc;

use super::{
    Moved, Progress, Remote, Step, TransferError, again,
    download::pass,
    meta::Meta,
    publish::{self, Staged},
};
use crate::{
    client::{Client, body::Body, pool::request},
    task,
};

impl Client {
    /// Fetches a folder with all that is in it, as one tar stream. It comes beside its target, and is
    /// put in place once it is whole: by one rename where nothing is there, file by file into a
    /// folder that is. With `verify` the digest of each file is compared with the node's before.
    pub async fn download_folder(
        &self,
        from: &Remote,
        to: &Path,
        verify: bool,
        progress: Arc<dyn Progress>,
    ) -> Result<Moved, TransferError> {
        let unpacked = again(&*progress, async || {
            self.try_unpack(from, to, &progress).await
        });
        let (staged, bytes, files) = unpacked.await?;
        let count = files.len() as u64;
        if verify {
            progress.step(Step::Verifying);
            self.compare_folder(staged.path(), files, from).await?;
        }
        let published = task::spawn_blocking("publish", move || staged.publish());
        published.await.expect("the thread does not panic")?;
        Ok(Moved {
            bytes,
            resumed: 0,
            files: count,
        })
    }

    async fn try_unpack(
        &self,
        from: &Remote,
        to: &Path,
        progress: &Arc<dyn Progress>,
    ) -> Result<(Staged, u64, Vec<PathBuf>), TransferError> {
        let (mode, modified) = self.look_at_folder(from, to).await?;
        let request = request(Method::GET, &(from.url() + "?tar"));
        let mut reply = self
            .send(request, Body::Empty, self.limits().answer)
            .await?;
        let staged = Staged::new(to)?;
        progress.step(Step::Moving {
            total: reply.length(),
            there: 0,
        });
        let (pieces, arriving) = mpsc::channel(4);
        let mut stream = Stream {
            arriving,
            piece: Bytes::new(),
            progress: Arc::clone(progress),
            bytes: 0,
        };
        let unpacking = task::spawn_blocking("unpack", move || {
            let files = unpack(&mut stream, staged.path())?;
            // What is behind the archive's end belongs to the answer all the same.
            let rest = io::copy(&mut stream, &mut io::sink());
            rest.map_err(TransferError::local(
                "cannot read what comes for",
                staged.path(),
            ))?;
            let settled = publish::settle_folder(staged.path(), mode, modified);
            settled.map_err(TransferError::local("cannot finish", staged.path()))?;
            Ok((staged, stream.bytes, files))
        });
        let came = pass(&mut reply, pieces).await;
        let unpacked = unpacking.await.expect("the thread does not panic");
        // A stream that was cut leaves half an archive: that it was cut is why.
        came?;
        unpacked
    }
}

impl Client {
    /// Permissions and time of what there is at the node, which has to be a folder.
    async fn look_at_folder(
        &self,
        from: &Remote,
        to: &Path,
    ) -> Result<(u32, Option<(i64, i64)>), TransferError> {
        let request = request(Method::GET, &(from.url() + "?stat"));
        let mut reply = self
            .send(request, Body::Empty, self.limits().answer)
            .await?;
        reply.bytes(1 << 20).await?;
        if reply.header("x-file-kind") == Some("file") {
            return Err(TransferError::Unfit {
                path: to.to_owned(),
                why: "is to be a folder, and there is a file at the node: leave out --recursive",
            });
        }
        Ok(Meta::told(&reply))
    }
}

/// Takes an archive apart; answers which files there are.
fn unpack(stream: &mut Stream, folder: &Path) -> Result<Vec<PathBuf>, TransferError> {
    let failed = || TransferError::local("cannot take apart what comes for", folder);
    let mut archive = Archive::new(stream);
    archive.set_preserve_mtime(true);
    let mut files = Vec::new();
    // Folders come last, those within others first: one that may not be written to could not be
    // filled, and what comes into one changes its time.
    let mut folders = Vec::new();
    for entry in archive.entries().map_err(failed())? {
        let mut entry = entry.map_err(failed())?;
        let path = entry.path().map_err(failed())?.into_owned();
        let refused = |what: String| TransferError::Archive {
            what,
            path: path.clone(),
        };
        let harmless = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(harmless) {
            return Err(refused("a path that leads elsewhere".to_owned()));
        }
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => files.push(path.clone()),
            EntryType::Directory => {
                publish::make_folder(&folder.join(&path)).map_err(failed())?;
                folders.push((path, entry.header().clone()));
                continue;
            }
            EntryType::Symlink => {}
            other => return Err(refused(format!("an entry of the kind {other:?}"))),
        }
        // Which refuses what leads out by a link, too.
        if !entry.unpack_in(folder).map_err(failed())? {
            return Err(refused("a path that leads elsewhere".to_owned()));
        }
    }
    folders.sort_by(|one, other| other.0.cmp(&one.0));
    for (path, header) in folders {
        let mode = header.mode().map_err(failed())? & 0o777;
        let modified = i64::try_from(header.mtime().map_err(failed())?).unwrap_or_default();
        let modified = Some((modified, 0));
        publish::settle_folder(&folder.join(path), mode, modified).map_err(failed())?;
    }
    Ok(files)
}

/// The tar stream on its way in.
struct Stream {
    arriving: mpsc::Receiver<Bytes>,
    piece: Bytes,
    progress: Arc<dyn Progress>,
    bytes: u64,
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let Some(piece) = self.arriving.blocking_recv() else {
                return Ok(0);
            };
            self.bytes += piece.len() as u64;
            self.progress.done(piece.len() as u64);
            self.piece = piece;
        }
        let length = room.len().min(self.piece.len());
        self.piece
            .copy_to_slice(room.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}
