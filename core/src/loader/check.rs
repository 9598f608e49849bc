//! What is looked at in a library before it is loaded, and what it came to.

use super::error::Refusal;

/// What a check looks at, in the order in which refusals count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Kind, owner and mode of the folder.
    Folder,
    /// Kind, owner and mode of the file.
    File,
    /// Its size, and that it is not written to meanwhile.
    Size,
    /// That it is a whole ELF library for this machine.
    Structure,
    /// The major version of the ABI it was built for.
    Abi,
    /// What else its ABI note says: name, version, description.
    Note,
    /// Whether its panics can be contained.
    Panics,
    /// The digest of its bytes.
    Digest,
    /// Whether that digest is among those allowed.
    AllowList,
    /// Who signed these bytes.
    Signature,
    /// Whether it is older than it may be.
    Version,
}

impl Subject {
    /// Each of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Folder,
        Self::File,
        Self::Size,
        Self::Structure,
        Self::Abi,
        Self::Note,
        Self::Panics,
        Self::Digest,
        Self::AllowList,
        Self::Signature,
        Self::Version,
    ];

    /// A word for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::File => "file",
            Self::Size => "size",
            Self::Structure => "structure",
            Self::Abi => "abi",
            Self::Note => "note",
            Self::Panics => "panics",
            Self::Digest => "digest",
            Self::AllowList => "allow-list",
            Self::Signature => "signature",
            Self::Version => "version",
        }
    }
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is well: what was found.
    Passed(String),
    /// The library is refused.
    Refused(Refusal),
    /// The configuration does not ask for it: which key would.
    NotAsked(String),
    /// It could not be looked at, because an earlier check failed.
    NotReached,
}

impl From<Result<String, Refusal>> for Outcome {
    fn from(result: Result<String, Refusal>) -> Self {
        match result {
            Ok(found) => Self::Passed(found),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}
