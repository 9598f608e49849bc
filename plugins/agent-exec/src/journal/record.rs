//! Records, and the lines that they are.

use gaxx_sdk::serde_json;
use serde::{Deserialize, Serialize};

use super::{Digest, Known};
use crate::report::Report;

/// Letters of a line's checksum: the first half of the BLAKE3 of the JSON, in hex.
const CHECKSUM: usize = 32;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Record {
    /// A command is about to start.
    Begin(Begin),
    /// It was not started after all: the key is as new.
    Void(Begin),
    /// It has ended.
    End { begin: Begin, report: Box<Report> },
}

/// A run of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    #[serde(with = "digits")]
    pub(super) key: Known,
    #[serde(with = "digits")]
    pub(super) digest: Digest,
    /// When this record was written, in seconds since 1970.
    pub(super) at: u64,
    pub(super) id: String,
}

impl Record {
    pub(super) fn begin(&self) -> &Begin {
        match self {
            Self::Begin(begin) | Self::Void(begin) | Self::End { begin, .. } => begin,
        }
    }

    /// The line, its end included.
    pub(super) fn line(&self) -> Result<Vec<u8>, serde_json::Error> {
        let json = serde_json::to_vec(self)?;
        let mut line = checksum(&json).into_bytes();
        line.push(b' ');
        line.extend_from_slice(&json);
        line.push(b'\n');
        Ok(line)
    }

    /// Reads a line without its end; nothing where it is damaged.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let (sum, rest) = line.split_at_checked(CHECKSUM)?;
        let json = rest.strip_prefix(b" ")?;
        (sum == checksum(json).as_bytes()).then(|| serde_json::from_slice(json).ok())?
    }
}

fn checksum(json: &[u8]) -> String {
    let mut hex = blake3::hash(json).to_hex().to_string();
    hex.truncate(CHECKSUM);
    hex
}

/// Bytes as hexadecimal digits.
mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::hex;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text).ok_or_else(|| D::Error::custom("expected hexadecimal digits"))
    }
}
