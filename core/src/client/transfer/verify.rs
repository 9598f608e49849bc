//! The digests of both ends, compared.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use http::Method;

use super::{Remote, Silent, TransferError, digest};
use crate::{
    client::{Client, ClientError, body::Body, pool::request},
    task,
};

impl Client {
    /// The BLAKE3 of a file at the node, which reads it for that unless it knows.
    pub(super) async fn digest(&self, of: &Remote) -> Result<String, ClientError> {
        let request = request(Method::HEAD, &(of.url() + "?digest=blake3"));
        // Reading a large file takes as long as it takes; the connection's keep-alive sees to it
        // that the node is there.
        let mut reply = self
            .send(request, Body::Empty, std::time::Duration::MAX)
            .await?;
        let digest = reply
            .header("x-content-blake3")
            .map(str::to_ascii_lowercase);
        reply.bytes(0).await?;
        digest.ok_or_else(|| reply.malformed("it does not tell the BLAKE3 that was asked for"))
    }

    /// Compares the BLAKE3 of a file at the node with one in hexadecimal digits.
    pub(super) async fn compare(&self, there: &Remote, here: &str) -> Result<(), TransferError> {
        let digest = self.digest(there).await?;
        if digest == here {
            return Ok(());
        }
        Err(TransferError::Differs {
            what: there.to_string(),
            here: here.to_owned(),
            there: digest,
        })
    }

    /// Compares every one of these files beneath a local folder with the one at the node.
    pub(super) async fn compare_folder(
        &self,
        folder: &Path,
        files: Vec<PathBuf>,
        there: &Remote,
    ) -> Result<(), TransferError> {
        for file in files {
            let path = folder.join(&file);
            let digest = task::spawn_blocking("verify", move || local(&path));
            let digest = digest.await.expect("the thread does not panic")?;
            self.compare(&there.join(&file), &digest).await?;
        }
        Ok(())
    }
}

fn local(path: &Path) -> Result<String, TransferError> {
    let failed = |error| TransferError::local("cannot read", path)(error);
    let mut file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut hasher = blake3::Hasher::new();
    digest::of(&mut file, length, &mut hasher, &Silent).map_err(failed)?;
    Ok(hasher.finalize().to_hex().to_string())
}
