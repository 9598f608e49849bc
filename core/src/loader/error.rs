//! Why a library is not loaded, and what to do about it.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use super::Digest;

/// A file or folder that was refused. It stays a row among the plugins, and the rest runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {refusal}; {}", file.display(), refusal.remedy())]
pub struct LoadError {
    /// The library, or the folder of libraries.
    pub file: PathBuf,
    /// What is wrong with it.
    pub refusal: Refusal,
}

impl LoadError {
    pub(super) fn new(file: &Path, refusal: Refusal) -> Self {
        Self {
            file: file.to_owned(),
            refusal,
        }
    }

    /// The refusal as one of a closed set of words, for metrics.
    pub fn reason(&self) -> &'static str {
        self.refusal.reason()
    }
}

/// What is wrong with a library, in the order in which it is looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The folder of libraries cannot be read.
    #[error("the folder cannot be read: {0}")]
    FolderUnreadable(String),
    /// What should be a folder is something else.
    #[error("it is not a folder")]
    NotAFolder,
    /// The folder belongs to somebody who is neither root nor this user.
    #[error("its folder belongs to user {uid}")]
    FolderOwner {
        /// The folder's owner.
        uid: u32,
    },
    /// Somebody else may put files into the folder.
    #[error("others may write to its folder (mode {mode:04o})")]
    FolderMode {
        /// The folder's permission bits.
        mode: u32,
    },
    /// It is a symbolic link.
    #[error("it is a symbolic link, and links are not followed")]
    Link,
    /// It is no regular file.
    #[error("it is a {0}, not a file")]
    NotRegular(&'static str),
    /// It cannot be opened or read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It belongs to somebody who is neither root nor this user.
    #[error("it belongs to user {uid}")]
    Owner {
        /// The file's owner.
        uid: u32,
    },
    /// Somebody else may write to it.
    #[error("others may write to it (mode {mode:04o})")]
    Mode {
        /// The file's permission bits.
        mode: u32,
    },
    /// It has no bytes.
    #[error("it is empty")]
    Empty,
    /// It is over the size limit.
    #[error("it has {size} bytes, over the limit of {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// It was written to while it was read, or since it was inspected.
    #[error("it changed while it was being loaded")]
    Changed,
    /// It is no ELF file.
    #[error("it is not an ELF library")]
    NotElf,
    /// Parts that its headers name are not in the file.
    #[error("it is cut off or damaged: {0}")]
    Truncated(&'static str),
    /// It was built for another machine.
    #[error("it is built for {found}, and this is {}", std::env::consts::ARCH)]
    WrongArchitecture {
        /// The machine it was built for.
        found: String,
    },
    /// It is an executable, an object or a core dump.
    #[error("it is not a shared library")]
    NotShared,
    /// It asks for memory that is writable and executable.
    #[error("it wants {0}")]
    Unsafe(&'static str),
    /// It has no ABI note.
    #[error(
        "it is not a gaxx-mon plugin: it has no {} note",
        gaxx_abi::note::SECTION
    )]
    NoNote,
    /// Its ABI note cannot be read.
    #[error("its ABI note is damaged: {0}")]
    BadNote(&'static str),
    /// It was built for another major version of the ABI.
    #[error("it is built for ABI {found}, and this gaxx-mon speaks {supported}")]
    WrongAbi {
        /// The major version of the library.
        found: u16,
        /// The major version of this program.
        supported: u16,
    },
    /// It would abort the process where others panic.
    #[error("it is built with panic=\"abort\", so that its panics could not be contained")]
    PanicAbort,
    /// Its name is not made of lower-case words joined by dashes.
    #[error("its name {0:?} is not made of lower-case words joined by dashes, at most 64 letters")]
    BadName(String),
    /// Its version or description is too long or holds control characters.
    #[error("its {0} is too long or holds control characters")]
    BadText(&'static str),
    /// Its digest is not among those allowed.
    #[error("its digest {digest} is not among those allowed")]
    NotAllowed {
        /// BLAKE3 of the file.
        digest: Digest,
    },
    /// It bears no signature where one is required.
    #[error("it bears no signature, and plugins.trust.require_signature asks for one")]
    Unsigned,
    /// Its signature file is no file that could be trusted or read.
    #[error("its signature file (.minisig) cannot be used: {0}")]
    SignatureUnreadable(Box<Refusal>),
    /// Its signature file holds something else.
    #[error("its signature file (.minisig) is not one of minisign: {0}")]
    BadSignatureFile(&'static str),
    /// It is signed with a key that is not trusted.
    #[error("it is signed with a key that is not among plugins.trust.keys")]
    UntrustedKey,
    /// The signature is that of other bytes.
    #[error("its signature does not fit: the library or the signature was changed")]
    BadSignature,
    /// It is older than it may be.
    #[error("it is version {version}, and the oldest that may be loaded is {min}")]
    TooOld {
        /// Its version.
        version: String,
        /// The oldest version that is loaded.
        min: String,
    },
    /// A version is pinned, and whether its own is older cannot be told.
    #[error("its version {version:?} is not like 1.4.0, so it may be older than {min}")]
    VersionUnclear {
        /// Its version.
        version: String,
        /// The oldest version that is loaded.
        min: String,
    },
    /// Another library bears the same name.
    #[error("{} is a plugin named {name:?} too", other.display())]
    Duplicate {
        /// The name of both.
        name: String,
        /// The other library.
        other: PathBuf,
    },
    /// The private copy cannot be written.
    #[error("its private copy cannot be written to {}: {text}", folder.display())]
    CopyFailed {
        /// The folder of private copies.
        folder: PathBuf,
        /// What the system said.
        text: String,
    },
    /// Nothing can be executed from the folder of private copies.
    #[error("its private copy cannot be loaded: {} is mounted noexec", folder.display())]
    NoExec {
        /// The folder of private copies.
        folder: PathBuf,
    },
    /// The private copies take as much space as they may.
    #[error(
        "the libraries loaded so far and this one are over the limit of {limit} bytes{}",
        replaced(*superseded)
    )]
    LoadedFull {
        /// The limit in bytes.
        limit: u64,
        /// How many bytes are versions that were replaced.
        superseded: u64,
    },
    /// The dynamic linker refused it.
    #[error("the dynamic linker refused it: {0}")]
    Dlopen(String),
    /// It exports no root module.
    #[error("it has the ABI note of a plugin but no entry point")]
    NoRoot,
    /// The entry point is not what it should be.
    #[error("its interface differs from this program's: {0}")]
    Layout(String),
    /// Entering the library failed.
    #[error("it could not be entered: {0}")]
    Entry(String),
    /// What it says once loaded is not what its note says.
    #[error("its note says {what} {note:?}, and its manifest {manifest:?}")]
    ManifestMismatch {
        /// `name` or `version`.
        what: &'static str,
        /// What the note says.
        note: String,
        /// What the manifest says.
        manifest: String,
    },
    /// Its manifest is unusable.
    #[error("its manifest is not valid: {0}")]
    BadManifest(String),
}

impl Refusal {
    /// The refusal as one of a closed set of words, for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::FolderUnreadable(_) => "folder_unreadable",
            Self::NotAFolder => "not_a_folder",
            Self::FolderOwner { .. } => "folder_owner",
            Self::FolderMode { .. } => "folder_mode",
            Self::Link => "link",
            Self::NotRegular(_) => "not_regular",
            Self::Unreadable(_) => "unreadable",
            Self::Owner { .. } => "owner",
            Self::Mode { .. } => "mode",
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::Changed => "changed",
            Self::NotElf => "not_elf",
            Self::Truncated(_) => "truncated",
            Self::WrongArchitecture { .. } => "wrong_architecture",
            Self::NotShared => "not_shared",
            Self::Unsafe(_) => "unsafe_memory",
            Self::NoNote => "no_note",
            Self::BadNote(_) => "bad_note",
            Self::WrongAbi { .. } => "wrong_abi",
            Self::PanicAbort => "panic_abort",
            Self::BadName(_) => "bad_name",
            Self::BadText(_) => "bad_text",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Unsigned => "unsigned",
            Self::SignatureUnreadable(_) => "signature_unreadable",
            Self::BadSignatureFile(_) => "bad_signature_file",
            Self::UntrustedKey => "untrusted_key",
            Self::BadSignature => "bad_signature",
            Self::TooOld { .. } => "too_old",
            Self::VersionUnclear { .. } => "version_unclear",
            Self::Duplicate { .. } => "duplicate",
            Self::CopyFailed { .. } => "copy_failed",
            Self::NoExec { .. } => "noexec",
            Self::LoadedFull { .. } => "loaded_full",
            Self::Dlopen(_) => "dlopen",
            Self::NoRoot => "no_root",
            Self::Layout(_) => "layout",
            Self::Entry(_) => "entry",
            Self::ManifestMismatch { .. } => "manifest_mismatch",
            Self::BadManifest(_) => "bad_manifest",
        }
    }

    /// What the operator or the author can do.
    pub fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::FolderUnreadable(_) => "let this user read and enter the folder",
            Self::NotAFolder => "name the folder that holds the library",
            Self::FolderOwner { .. } => "give the folder to root or to the user that runs gaxx-mon",
            Self::FolderMode { .. } => "run chmod go-w on the folder",
            Self::Link => "put a copy of the file in the link's place",
            Self::NotRegular(_) => "remove it, or name it without .so",
            Self::Unreadable(_) => "let this user read the file",
            Self::Owner { .. } => "give the file to root or to the user that runs gaxx-mon",
            Self::Mode { .. } => "run chmod go-w on the file",
            Self::TooLarge { .. } => "strip the library, or raise limits.max_library_size",
            Self::Changed => "write a new version beside it, and rename it into place",
            Self::Empty | Self::NotElf | Self::Truncated(_) | Self::BadNote(_) => {
                "build it again, or copy the file again"
            }
            Self::WrongArchitecture { .. } => {
                return format!("build it for {}", std::env::consts::ARCH).into();
            }
            Self::NotShared => "set crate-type = [\"cdylib\"] and build it again",
            Self::Unsafe(_) => "build it position-independent and without an executable stack",
            Self::NoNote => "build it with gaxx-sdk, or take it out of the folder",
            Self::WrongAbi { found, supported } if found > supported => "update gaxx-mon",
            Self::WrongAbi { .. } => "build the plugin with a current gaxx-sdk",
            Self::PanicAbort => "build it with panic = \"unwind\"",
            Self::BadName(_) | Self::BadText(_) => "correct it in the plugin's source",
            Self::NotAllowed { .. } => {
                "if you trust the file, add its digest to plugins.trust.digests"
            }
            Self::Unsigned => {
                "put its signature (NAME.so.minisig) beside it, or sign it: minisign -S -m NAME.so"
            }
            Self::SignatureUnreadable(_) => {
                "put the signature in its place as a plain file that only its owner may write"
            }
            Self::BadSignatureFile(_) => "sign it again with minisign 0.10 or later",
            Self::UntrustedKey => {
                "if you trust who signed it, add the public key to plugins.trust.keys"
            }
            Self::BadSignature => "get library and signature again from who signed it",
            Self::TooOld { .. } => "install a newer one, or lower the plugin's min_version",
            Self::VersionUnclear { .. } => {
                "give the plugin a version of three numbers, or remove its min_version"
            }
            Self::Duplicate { .. } => "take one of them out of the folder",
            Self::CopyFailed { .. } => "make room there, or set state_folder to another place",
            Self::NoExec { .. } => "set state_folder to a place that is not mounted noexec",
            Self::LoadedFull { superseded: 0, .. } => "raise limits.max_loaded_size, or load fewer",
            Self::LoadedFull { .. } => {
                "restart gaxx-mon, which lets go of replaced versions, or raise limits.max_loaded_size"
            }
            Self::Dlopen(_) => "build it for this system, and install the libraries it needs",
            Self::NoRoot | Self::Layout(_) | Self::Entry(_) => {
                "build the plugin again with a gaxx-sdk of this ABI"
            }
            Self::ManifestMismatch { .. } | Self::BadManifest(_) => {
                "correct the plugin's manifest, or ask its author to"
            }
        })
    }
}

/// How much of what is loaded only a restart lets go of.
fn replaced(bytes: u64) -> String {
    match bytes {
        0 => String::new(),
        bytes => format!("; {bytes} of them are versions that were replaced"),
    }
}
