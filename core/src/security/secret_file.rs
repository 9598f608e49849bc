//! Reads small files of secrets and of what guards them.

use std::io::Read;

use rustix::{
    fs::{FileType, Mode, OFlags, fstat, open},
    io::retry_on_intr,
    process::geteuid,
};

use super::{SecurityError, error::NamedFile};

/// Largest file that is read, in bytes. A bundle of all public CAs has a quarter of it.
const MAX_SIZE: u64 = 1024 * 1024;

/// How much must be kept from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guarded {
    /// Everybody may read it; what everybody may write decides nothing.
    FromWriting,
    /// Only root and the program's user may read or have it.
    FromReading,
}

/// Reads a file, if owner and mode of it are as they must be. Links are followed, since
/// certificates are commonly exchanged by them; what is judged is the open file.
pub(super) fn read(file: &NamedFile, guarded: Guarded) -> Result<Vec<u8>, SecurityError> {
    // Without O_NONBLOCK a pipe would wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = retry_on_intr(|| open(&file.path, flags, Mode::empty()));
    let opened = opened.map_err(|error| file.unreadable(error))?;
    let stat = fstat(&opened).map_err(|error| file.unreadable(error))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(file.content("is no regular file", "give the path of a file"));
    }
    let mode = stat.st_mode & 0o7777;
    let (setting, path) = (file.setting.clone(), file.path.clone());
    match guarded {
        Guarded::FromReading => {
            let own = geteuid();
            if stat.st_uid != 0 && stat.st_uid != own.as_raw() {
                return Err(SecurityError::Owner {
                    setting,
                    path,
                    owner: stat.st_uid,
                    own: own.as_raw(),
                });
            }
            if mode & 0o077 != 0 {
                return Err(SecurityError::Exposed {
                    setting,
                    path,
                    mode,
                });
            }
        }
        Guarded::FromWriting => {
            if mode & 0o002 != 0 {
                return Err(SecurityError::Writable {
                    setting,
                    path,
                    mode,
                });
            }
        }
    }
    let mut bytes = Vec::new();
    let mut reader = std::fs::File::from(opened).take(MAX_SIZE + 1);
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| file.unreadable(error))?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(file.content("is larger than 1 MiB", "give the right file"));
    }
    Ok(bytes)
}
