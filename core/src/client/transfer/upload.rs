//! A file to a node.

use std::{path::Path, sync::Arc};

use http::{Method, StatusCode, header};
use serde::Deserialize;

use super::{Moved, Progress, Remote, Step, TransferError, again, source::Source};
use crate::{
    client::{Client, ClientError, body::Body, pool::request, stall},
    task,
};

/// Answers about uploads are short.
const LONGEST: usize = 1 << 20;

/// How far an upload is.
#[derive(Deserialize)]
struct Offset {
    offset: u64,
}

impl Client {
    /// Sends a file. The node gets its digest with it, and puts it in place only if that fits, whole
    /// and durable. With `parents` it makes missing folders above it. With `verify` the digests of
    /// what then lies there and of the local file are compared once more.
    pub async fn upload(
        &self,
        from: &Path,
        to: &Remote,
        parents: bool,
        verify: bool,
        progress: Arc<dyn Progress>,
    ) -> Result<Moved, TransferError> {
        let (path, remote, watcher) = (from.to_owned(), to.clone(), Arc::clone(&progress));
        let opened = task::spawn_blocking("look", move || Source::open(&path, &remote, &*watcher));
        let source = Arc::new(opened.await.expect("the thread does not panic")?);
        let mut resumed = None;
        again(&*progress, async || {
            self.try_upload(&source, to, parents, &progress, &mut resumed)
                .await
        })
        .await?;
        if verify {
            progress.step(Step::Verifying);
            self.compare(to, &source.digest).await?;
        }
        Ok(Moved {
            bytes: source.size,
            resumed: resumed.unwrap_or(0),
            files: 1,
        })
    }

    async fn try_upload(
        &self,
        source: &Arc<Source>,
        to: &Remote,
        parents: bool,
        progress: &Arc<dyn Progress>,
        resumed: &mut Option<u64>,
    ) -> Result<(), TransferError> {
        let offset = self.offset(source, to).await?.min(source.size);
        // The last byte is sent again where all are there, since a request has to bring something.
        let offset = if offset == source.size {
            offset.saturating_sub(1)
        } else {
            offset
        };
        resumed.get_or_insert(offset);
        progress.step(Step::Moving {
            total: Some(source.size),
            there: offset,
        });
        let query = if parents { "?parents" } else { "" };
        let mut request = request(Method::PUT, &(to.url() + query))
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header("X-Upload-Id", &source.upload)
            .header("X-Content-Blake3", &source.digest)
            .header("X-File-Mode", source.meta.mode_text())
            .header("X-File-Mtime", source.meta.modified_text());
        if source.size > 0 {
            let range = format!("bytes {offset}-{}/{}", source.size - 1, source.size);
            request = request.header(header::CONTENT_RANGE, range);
        }
        let (pieces, body) = Body::streamed(Some(source.size - offset));
        let watched = stall::Watched::new(Arc::clone(progress), Some(source.size - offset));
        let (reader, counter) = (Arc::clone(source), watched.counter());
        let reading = task::spawn_blocking("read", move || reader.pour(offset, &pieces, &*counter));
        let sent = watched.send(self, request, body).await;
        // A request that broke off ends its reader too; what it could not read is why.
        let read = reading.await.expect("the thread does not panic");
        match (sent, read) {
            (Ok(mut reply), Ok(())) => {
                reply.bytes(LONGEST).await?;
                Ok(())
            }
            (_, Err(error)) => Err(error),
            (Err(error), Ok(())) => Err(error.into()),
        }
    }

    /// How many bytes of this upload the node has.
    async fn offset(&self, source: &Source, to: &Remote) -> Result<u64, ClientError> {
        let request =
            request(Method::GET, &(to.url() + "?stat")).header("X-Upload-Id", &source.upload);
        let reply = self.send(request, Body::Empty, self.limits().answer).await;
        match reply {
            Ok(mut reply) => Ok(reply.json::<Offset>(LONGEST).await?.offset),
            // Nothing has come yet; what else is missing, the upload itself will be told.
            Err(error)
                if error
                    .answer()
                    .is_some_and(|it| it.status == StatusCode::NOT_FOUND) =>
            {
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }
}
