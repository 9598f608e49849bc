//! Says whether anything in a log was changed, left out, put in another order or cut off.
//!
//! Reads one line at a time; nothing is locked, so the log may grow meanwhile.

mod report;
mod walk;

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
    str::FromStr,
};

use blake3::Hash;
use rustix::fs::{Mode, OFlags, open};

pub use report::{Finding, Report};

use self::walk::Walk;
use super::{
    chain::{Header, Link},
    folder::{file_name, files as list},
    head::{self, HEAD, Stored},
    lines::{Lines, Piece},
};

/// How often a log that changes while it is read is read before what was found counts.
const TRIES: u32 = 3;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no log.
    #[error("{} holds no audit log", .0.display())]
    Nothing(PathBuf),
}

/// A record and the hash of its line, noted elsewhere while the log was known to be good: `SEQ:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor(Link);

/// Not an [`Anchor`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a record's number, a colon and the 64 hexadecimal digits of its hash")]
pub struct NoAnchor;

impl FromStr for Anchor {
    type Err = NoAnchor;

    fn from_str(text: &str) -> Result<Self, NoAnchor> {
        let (seq, hash) = text.split_once(':').ok_or(NoAnchor)?;
        let seq = seq.parse().map_err(|_| NoAnchor)?;
        let hash = Hash::from_hex(hash).map_err(|_| NoAnchor)?;
        Ok(Self(Link { seq, hash }))
    }
}

/// Verifies the log in a folder: all of its files, its beginning and its end. An agent may be
/// writing it.
pub fn folder(path: &Path, anchor: Option<Anchor>) -> Result<Report, VerifyError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let before = look(path)?;
        let report = once(path, &before, anchor);
        let is_settled = match &report {
            Ok(report) => report.is_whole(),
            // Rotation drops files.
            Err(VerifyError::Unreadable { error, .. }) => error.kind() != io::ErrorKind::NotFound,
            Err(_) => true,
        };
        // What an agent does while it is read can look like damage, once.
        if is_settled || tries == TRIES || look(path)? == before {
            return report;
        }
    }
}

/// Verifies single files of a log, in the order of their records: a part of a log, whose beginning
/// and end nothing tells.
pub fn files(paths: &[PathBuf], anchor: Option<Anchor>) -> Result<Report, VerifyError> {
    let mut ordered = Vec::new();
    for path in paths {
        let header = header(path)?;
        let first = header.as_ref().map_or(0, |header| header.front.seq);
        ordered.push((first, path, header));
    }
    ordered.sort_by_key(|(first, _, _)| *first);
    let mut walk = Walk::new(None, anchor.map(|anchor| anchor.0));
    for (at, (_, path, _)) in ordered.iter().enumerate() {
        let next = ordered
            .get(at + 1)
            .and_then(|(_, _, header)| header.as_ref());
        walk.file(path, None, next)?;
    }
    walk.note("single files: nothing says whether there are more records before or behind them");
    Ok(walk.finish_part())
}

/// The head and the files, as they are at one moment. The head is read first: the log is never
/// behind it.
fn look(path: &Path) -> Result<(Stored, Vec<u64>), VerifyError> {
    let unreadable = |error| unreadable(path, error);
    let head = head::read(path).map_err(unreadable)?;
    let files = list(path).map_err(unreadable)?;
    if head == Stored::Absent && files.is_empty() {
        return Err(VerifyError::Nothing(path.to_owned()));
    }
    Ok((head, files))
}

fn once(
    folder: &Path,
    (head, files): &(Stored, Vec<u64>),
    anchor: Option<Anchor>,
) -> Result<Report, VerifyError> {
    let known = match head {
        Stored::At(link) => Some(*link),
        Stored::Absent | Stored::Damaged => None,
    };
    let mut walk = Walk::new(known, anchor.map(|anchor| anchor.0));
    let mut oldest = None;
    let mut paths = files
        .iter()
        .map(|first| (*first, folder.join(file_name(*first))));
    let mut next = match paths.next() {
        Some((first, path)) => Some((first, header(&path)?, path)),
        None => None,
    };
    while let Some((first, own, path)) = next {
        next = match paths.next() {
            Some((first, path)) => Some((first, header(&path)?, path)),
            None => None,
        };
        let following = next.as_ref().and_then(|(_, header, _)| header.as_ref());
        oldest = own.map(|header| header.oldest).or(oldest);
        walk.file(&path, Some(first), following)?;
    }
    let head_file = folder.join(HEAD);
    match head {
        Stored::Absent => walk.find(
            &head_file,
            None,
            "head",
            "there is no head: records may have been cut off at the end".to_owned(),
        ),
        Stored::Damaged => walk.find(
            &head_file,
            None,
            "head",
            "the head was changed: records may have been cut off at the end".to_owned(),
        ),
        Stored::At(_) => {}
    }
    Ok(walk.finish_log(folder, &head_file, oldest))
}

/// A file's header, if it begins with one.
fn header(path: &Path) -> Result<Option<Header>, VerifyError> {
    let mut lines = Lines::new(BufReader::new(open_file(path)?));
    let piece = lines.next().map_err(|error| unreadable(path, error))?;
    Ok(match piece {
        Some(Piece::Line(line)) => Header::read(line),
        _ => None,
    })
}

/// Opens a file to read it; nothing that is none is waited for.
fn open_file(path: &Path) -> Result<File, VerifyError> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = open(path, flags, Mode::empty());
    Ok(opened
        .map_err(|error| unreadable(path, error.into()))?
        .into())
}

fn unreadable(path: &Path, error: io::Error) -> VerifyError {
    let path = path.to_owned();
    VerifyError::Unreadable { path, error }
}
