//! A file from a node.

use std::{
    io::{self, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, StatusCode, header};
use tokio::sync::mpsc;

use super::{
    Moved, Progress, Remote, Step, TransferError, again, digest, meta::Meta, partial::Partial,
};
use crate::{
    client::{Client, ClientError, body::Body, pool::request, reply::Reply},
    task,
};

/// What a file at the node is.
struct Told {
    tag: String,
    mode: u32,
    modified: Option<(i64, i64)>,
}

impl Client {
    /// Fetches a file. It comes beside its target, and replaces what is there in one step once it is
    /// whole and durable. With `verify` the node makes its digest, and both are compared before.
    pub async fn download(
        &self,
        from: &Remote,
        to: &Path,
        verify: bool,
        progress: Arc<dyn Progress>,
    ) -> Result<Moved, TransferError> {
        let mut resumed = None;
        let bytes = again(&*progress, async || {
            self.try_download(from, to, verify, &progress, &mut resumed)
                .await
        })
        .await?;
        Ok(Moved {
            bytes,
            resumed: resumed.unwrap_or(0),
            files: 1,
        })
    }

    async fn try_download(
        &self,
        from: &Remote,
        to: &Path,
        verify: bool,
        progress: &Arc<dyn Progress>,
        resumed: &mut Option<u64>,
    ) -> Result<u64, TransferError> {
        let told = self.look(from, to).await?;
        let partial = Partial::open(to, &format!("{}\0{from}\0{}", self.node(), told.tag))?;
        let there = partial.length()?;
        let (reply, there) = self.get(from, &told, there).await?;
        let total = reply.length().map(|length| length + there);
        let known = reply.header("x-content-blake3").map(str::to_owned);
        resumed.get_or_insert(there);
        progress.step(Step::Moving { total, there });
        let mut hasher = blake3::Hasher::new();
        let partial = rewind(partial, to, there, &mut hasher).await?;
        let (partial, bytes, made) = take(reply, partial, hasher, to, progress).await?;
        let expected = if verify {
            progress.step(Step::Verifying);
            Some(self.digest(from).await?)
        } else {
            known
        };
        if let Some(expected) = expected.filter(|expected| *expected != made) {
            partial.discard();
            return Err(TransferError::Differs {
                what: from.to_string(),
                here: made,
                there: expected,
            });
        }
        let published =
            task::spawn_blocking("publish", move || partial.publish(told.mode, told.modified));
        published.await.expect("the thread does not panic")?;
        Ok(there + bytes)
    }

    /// What there is at the node, which has to be a file.
    async fn look(&self, from: &Remote, to: &Path) -> Result<Told, TransferError> {
        let request = request(Method::GET, &(from.url() + "?stat"));
        let mut reply = self
            .send(request, Body::Empty, self.limits().answer)
            .await?;
        reply.bytes(1 << 20).await?;
        if reply.header("x-file-kind") == Some("folder") {
            return Err(TransferError::Unfit {
                path: to.to_owned(),
                why: "is to be a folder: say --recursive to fetch it with all that is in it",
            });
        }
        let tag = reply.header(header::ETAG.as_str()).map(str::to_owned);
        let (mode, modified) = Meta::told(&reply);
        Ok(Told {
            tag: tag.ok_or_else(|| reply.malformed("it tells no ETag"))?,
            mode,
            modified,
        })
    }

    /// The bytes behind the first `there`, or all of them where those are of another version;
    /// answers where they begin.
    async fn get(
        &self,
        from: &Remote,
        told: &Told,
        there: u64,
    ) -> Result<(Reply, u64), ClientError> {
        let whole = request(Method::GET, &from.url());
        if there == 0 {
            let reply = self.send(whole, Body::Empty, self.limits().answer).await?;
            return Ok((reply, 0));
        }
        // The last byte once more where all are there: no range is empty.
        let first = there - 1;
        let part = request(Method::GET, &from.url())
            .header(header::RANGE, format!("bytes={first}-"))
            .header(header::IF_RANGE, &told.tag);
        match self.send(part, Body::Empty, self.limits().answer).await {
            Ok(reply) if reply.status() == StatusCode::PARTIAL_CONTENT => {
                let range = reply.header(header::CONTENT_RANGE.as_str());
                if !range.is_some_and(|range| range.starts_with(&format!("bytes {first}-"))) {
                    return Err(reply.malformed("it is another part than was asked for"));
                }
                Ok((reply, first))
            }
            Ok(reply) => Ok((reply, 0)),
            Err(error) => {
                let gone = StatusCode::RANGE_NOT_SATISFIABLE;
                if error.answer().is_none_or(|answer| answer.status != gone) {
                    return Err(error);
                }
                let reply = self.send(whole, Body::Empty, self.limits().answer).await?;
                Ok((reply, 0))
            }
        }
    }
}

/// Cuts what is behind an offset, and hashes what is before it.
async fn rewind(
    mut partial: Partial,
    to: &Path,
    there: u64,
    hasher: &mut blake3::Hasher,
) -> Result<Partial, TransferError> {
    let mut begun = hasher.clone();
    let failed = TransferError::local("cannot write beside", to);
    let rewound = task::spawn_blocking("rewind", move || {
        partial.file.set_len(there)?;
        partial.file.seek(SeekFrom::Start(0))?;
        digest::of(&mut partial.file, there, &mut begun, &super::Silent)?;
        Ok((partial, begun))
    });
    let rewound: io::Result<_> = rewound.await.expect("the thread does not panic");
    let (partial, begun) = rewound.map_err(failed)?;
    *hasher = begun;
    Ok(partial)
}

/// Writes what comes; answers how much it was, and the digest of the whole.
async fn take(
    mut reply: Reply,
    mut partial: Partial,
    mut hasher: blake3::Hasher,
    to: &Path,
    progress: &Arc<dyn Progress>,
) -> Result<(Partial, u64, String), TransferError> {
    let (pieces, mut arriving) = mpsc::channel::<Bytes>(4);
    let counter = Arc::clone(progress);
    let writing = task::spawn_blocking("write", move || {
        let mut bytes = 0;
        while let Some(piece) = arriving.blocking_recv() {
            partial.file.write_all(&piece)?;
            hasher.update(&piece);
            bytes += piece.len() as u64;
            counter.done(piece.len() as u64);
        }
        Ok((partial, bytes, hasher.finalize().to_hex().to_string()))
    });
    let came = pass(&mut reply, pieces).await;
    // What came is written in any case: a later try goes on behind it.
    let written: io::Result<_> = writing.await.expect("the thread does not panic");
    let written = written.map_err(TransferError::local("cannot write beside", to))?;
    came?;
    Ok(written)
}

/// Passes a body on, until it ends or nobody takes it.
pub(super) async fn pass(
    reply: &mut Reply,
    pieces: mpsc::Sender<Bytes>,
) -> Result<(), ClientError> {
    while let Some(piece) = reply.piece(Some(reply.silence())).await? {
        if pieces.send(piece).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}
