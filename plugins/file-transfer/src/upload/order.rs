//! What an upload is to become.

use std::{fs, sync::OnceLock};

use gaxx_sdk::{
    Request,
    serde_json::{Map, Value},
};

use super::check_size;
use crate::{
    digest::Algorithm,
    headers::{Conditions, ContentRange, Expected, Metadata, UploadId},
    refusal::{Reason, Refusal},
    root::random,
    service::Task,
};

/// What an upload is to become, as its headers say.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) metadata: Metadata,
    pub(super) expected: Expected,
    pub(super) conditions: Conditions,
    /// By what it can be resumed.
    pub(super) id: Option<UploadId>,
    /// The piece of it that this request brings; nothing: all of it.
    pub(super) piece: Option<ContentRange>,
    /// Where what comes ends, in bytes of the whole; nothing where that shows when it is over.
    pub(super) end: Option<u64>,
    /// Whether a SHA-256 is wanted beside the BLAKE3.
    pub(super) sha256: bool,
}

impl Order {
    pub(super) fn read(task: &Task<'_>, request: &Request) -> Result<Self, Refusal> {
        let expected = Expected::read(request)?;
        let id = request
            .header("x-upload-id")
            .map(UploadId::parse)
            .transpose()?;
        let piece = request
            .header("content-range")
            .map(ContentRange::parse)
            .transpose()?;
        let length = request
            .header("content-length")
            .and_then(|length| length.parse::<u64>().ok());
        let wrong =
            |message: &str, remedy: &str| Err(Refusal::new(Reason::Header, message, remedy));
        if let Some(piece) = piece {
            if id.is_none() {
                return wrong(
                    "Content-Range needs X-Upload-Id",
                    "name the upload that the piece is of, the same for all of its pieces",
                );
            }
            if length.is_some_and(|length| length != piece.end - piece.first) {
                return wrong(
                    "Content-Range and Content-Length do not agree",
                    "send as many bytes as the range has",
                );
            }
        }
        if request
            .header("content-encoding")
            .is_some_and(|coding| coding != "identity")
        {
            return wrong(
                "Content-Encoding is not understood",
                "send the file as it is to be stored",
            );
        }
        let total = piece.map(|piece| piece.total).or(length);
        check_size(total.unwrap_or(0), task.root.settings.max_file)?;
        Ok(Self {
            metadata: Metadata::read(request)?,
            conditions: Conditions::read(request),
            sha256: expected.sha256() || task.query.digest == Some(Algorithm::Sha256),
            end: piece.map(|piece| piece.end).or(length),
            expected,
            id,
            piece,
        })
    }

    /// Whether the file is whole after this request.
    pub(super) fn is_last(&self) -> bool {
        self.piece.is_none_or(ContentRange::is_last)
    }

    /// For the audit log.
    pub(super) fn describe(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        if let Some(piece) = self.piece {
            fields.insert("first".into(), piece.first.into());
        }
        if let Some(end) = self.end {
            fields.insert("end".into(), end.into());
        }
        fields
    }
}

/// Which start of the system this is.
pub(super) fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        // Where nobody says, nothing is resumed that was begun before this process.
        id.map_or_else(|_| random(), |id| id.trim().to_owned())
    })
}
