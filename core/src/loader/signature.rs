//! Detached signatures in minisign's form (<https://jedisct1.github.io/minisign/>): Ed25519 over
//! the `BLAKE2b` digest of the library, in a text file beside it.
//!
//! A file may hold several signatures one after another, each of four lines, of which one has to
//! be right: those of two people, or of two versions while one replaces the other.

use std::ffi::{OsStr, OsString};

use minisign_verify::{Error, Signature};

use super::{error::Refusal, file::Folder};
use crate::config::TrustedKey;

/// The longest signature file, in bytes.
const MAX_SIZE: u64 = 16 << 10;
/// The most signatures in one.
const MOST: usize = 8;
/// Lines of a signature: two comments, each followed by base64.
const LINES: usize = 4;
/// Characters of a trusted comment that are repeated.
const SHOWN: usize = 200;

/// The name of a library's signature file.
pub(super) fn file_name(library: &OsStr) -> OsString {
    let mut name = library.to_owned();
    name.push(".minisig");
    name
}

/// Reads the signature file of a library with the same care as the library; nothing where there
/// is none.
pub(super) fn read(folder: &Folder, library: &OsStr) -> Result<Option<Vec<u8>>, Refusal> {
    let read = || {
        let Some(file) = folder.file(&file_name(library))? else {
            return Ok(None);
        };
        file.check()?;
        file.read(MAX_SIZE).map(Some)
    };
    read().map_err(|refusal: Refusal| Refusal::SignatureUnreadable(Box::new(refusal)))
}

/// Who signed a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signer {
    pub(super) key: TrustedKey,
    /// What the signer wrote beside it, under the signature too.
    pub(super) comment: String,
}

/// Finds a signature of one of the keys that is right for these bytes.
pub(super) fn verify(text: &[u8], bytes: &[u8], keys: &[TrustedKey]) -> Result<Signer, Refusal> {
    let mut worst = Refusal::UntrustedKey;
    for signature in all(text)? {
        for key in keys {
            // Older signatures, over the bytes themselves, are not accepted.
            match key.key().verify(bytes, &signature, false) {
                Ok(()) => {
                    return Ok(Signer {
                        key: key.clone(),
                        comment: shown(signature.trusted_comment()),
                    });
                }
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::UnexpectedAlgorithm) => {
                    worst = Refusal::BadSignatureFile("it has the old form, without a digest");
                }
                Err(_) => worst = Refusal::BadSignature,
            }
        }
    }
    Err(worst)
}

fn all(text: &[u8]) -> Result<Vec<Signature>, Refusal> {
    let text = str::from_utf8(text).map_err(|_| Refusal::BadSignatureFile("it is not text"))?;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.len() > MOST * LINES {
        return Err(Refusal::BadSignatureFile("it holds too many signatures"));
    }
    let signatures = lines.chunks(LINES).map(|four| {
        Signature::decode(&four.join("\n"))
            .map_err(|_| Refusal::BadSignatureFile("it is cut off or damaged"))
    });
    signatures.collect()
}

/// A comment on one line, without what plays tricks on a terminal.
fn shown(comment: &str) -> String {
    let words = comment.split('\t').collect::<Vec<_>>().join(" ");
    words
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect()
}
