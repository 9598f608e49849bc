//! Which file a command is.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read, Seek},
    os::{
        fd::OwnedFd,
        unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use gaxx_sdk::{Error, Result};
use sha2::{Digest as _, Sha256};

use crate::hex;

/// Device and number of a file: the same for all of its names.
pub(super) type Identity = (u64, u64);

/// Why a command is no program that can be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    #[error("no program of that name is in {0}")]
    NotInPath(String),
    #[error("it is neither an absolute path nor a name without slashes")]
    Relative,
    #[error("{path}: {error}")]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{0} is no file")]
    NoFile(PathBuf),
    #[error("{0} is not executable")]
    NotExecutable(PathBuf),
}

/// A program that a command names.
#[derive(Debug)]
pub(super) struct Found {
    /// The path before links were followed.
    pub(super) path: PathBuf,
    /// The path after.
    pub(super) resolved: PathBuf,
    pub(super) identity: Identity,
}

/// Finds the program that a command names: an absolute path, or a name to be looked for in these
/// folders.
pub(super) fn find(command: &str, folders: &[PathBuf]) -> Result<Found, ProgramError> {
    if command.starts_with('/') {
        return resolve(Path::new(command));
    }
    if command.contains('/') || command == "." || command == ".." {
        return Err(ProgramError::Relative);
    }
    let found = folders
        .iter()
        .find_map(|folder| resolve(&folder.join(command)).ok());
    found.ok_or_else(|| {
        let folders: Vec<_> = folders
            .iter()
            .map(|folder| folder.to_string_lossy())
            .collect();
        ProgramError::NotInPath(folders.join(":"))
    })
}

fn resolve(path: &Path) -> Result<Found, ProgramError> {
    let unreadable = |error| ProgramError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let resolved = fs::canonicalize(path).map_err(unreadable)?;
    let file = fs::metadata(&resolved).map_err(unreadable)?;
    if !file.is_file() {
        return Err(ProgramError::NoFile(resolved));
    }
    if file.permissions().mode() & 0o111 == 0 {
        return Err(ProgramError::NotExecutable(resolved));
    }
    let identity = (file.dev(), file.ino());
    Ok(Found {
        path: path.to_owned(),
        resolved,
        identity,
    })
}

/// The program of a rule.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// As the rule says it. It is also what the program sees as its own name: of a program that is
    /// many in one it is the one that the rule means.
    pub(super) path: PathBuf,
    digest: Option<Digest>,
}

impl Program {
    pub(super) fn new(key: &str, path: &Path, digest: Option<&str>) -> Result<Self> {
        let digest = digest.map(|text| Digest::parse(key, text)).transpose()?;
        Ok(Self {
            path: path.to_owned(),
            digest,
        })
    }

    /// Whether a program that was found is this one: the same file, by a name that does not make
    /// another program of it.
    pub(super) fn is(&self, found: &Found) -> bool {
        let name = |path: &Path| path.file_name().map(OsStr::to_owned);
        let called = name(&found.path);
        if called != name(&self.path) && called != name(&found.resolved) {
            return false;
        }
        self.path == found.resolved
            || fs::canonicalize(&self.path).is_ok_and(|resolved| resolved == found.resolved)
    }

    /// The open file that is to be run, where its digest is the one demanded; nothing where none
    /// is. The error is the sentence about it.
    pub(super) fn image(&self, found: &Found) -> Result<Option<OwnedFd>, String> {
        let Some(digest) = &self.digest else {
            return Ok(None);
        };
        let path = found.resolved.display();
        let told = |error: io::Error| format!("{path} cannot be read to check its digest: {error}");
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(&found.resolved)
            .map_err(told)?;
        let mut start = [0; 2];
        let length = file.read(&mut start).map_err(told)?;
        if start[..length] == *b"#!" {
            return Err(format!(
                "{path} is a script, and its interpreter would read the file anew after its digest was checked"
            ));
        }
        file.rewind().map_err(told)?;
        let actual = digest.of(&mut file).map_err(told)?;
        if actual != digest.hex {
            return Err(format!(
                "{path} has the digest {}:{actual}",
                digest.kind.name()
            ));
        }
        file.rewind().map_err(told)?;
        Ok(Some(file.into()))
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Blake3,
    Sha256,
}

#[derive(Debug, Clone)]
struct Digest {
    kind: Kind,
    /// Small letters.
    hex: String,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Blake3 => "blake3",
            Self::Sha256 => "sha256",
        }
    }
}

impl Digest {
    fn parse(key: &str, text: &str) -> Result<Self> {
        let kind = |name: &str| match name {
            "blake3" => Some(Kind::Blake3),
            "sha256" => Some(Kind::Sha256),
            _ => None,
        };
        let parts = text
            .split_once(':')
            .and_then(|(name, hex)| Some((kind(name)?, hex)));
        let whole = |hex: &str| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        match parts.filter(|(_, hex)| whole(hex)) {
            Some((kind, hex)) => Ok(Self {
                kind,
                hex: hex.to_ascii_lowercase(),
            }),
            None => Err(Error::settings(format!("{key} is no digest")).remedy(
                "write `sha256:` and what sha256sum says, or `blake3:` and what b3sum says",
            )),
        }
    }

    fn of(&self, file: &mut File) -> io::Result<String> {
        match self.kind {
            Kind::Blake3 => {
                let mut hasher = blake3::Hasher::new();
                hasher.update_reader(file)?;
                Ok(hasher.finalize().to_hex().to_string())
            }
            Kind::Sha256 => {
                let mut hasher = Sha256::new();
                io::copy(file, &mut hasher)?;
                Ok(hex::encode(&hasher.finalize()))
            }
        }
    }
}
