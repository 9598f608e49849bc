//! Reading a file that must not change meanwhile.

use std::{fs::File, ops::Range, os::unix::fs::FileExt};

use rustix::{
    fs::{Advice, fadvise},
    io::Errno,
};

use crate::{
    entity::Entity,
    refusal::{Reason, Refusal, show},
    root::entity,
};

/// How much is read at once, in bytes. Larger pieces do not stay in the processor's cache until they
/// are sent.
const PIECE: usize = 256 << 10;

/// Reads a part of a file and hands it on, piece by piece. Before the last piece it is looked whether
/// the file is still the same, so that nobody gets a whole that never was one.
pub(crate) fn pour(
    file: &File,
    was: &Entity,
    part: Range<u64>,
    path: &[u8],
    mut each: impl FnMut(&[u8]) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    // Only a hint.
    let _ = fadvise(file, part.start, None, Advice::Sequential);
    let length = part.end - part.start;
    let mut room = vec![0; usize::try_from(length).map_or(PIECE, |length| length.min(PIECE))];
    let mut at = part.start;
    while at < part.end {
        let left = usize::try_from(part.end - at).unwrap_or(usize::MAX);
        let wanted = left.min(room.len());
        let read = match file.read_at(&mut room[..wanted], at) {
            Ok(0) => return Err(changed(path)),
            Ok(read) => read,
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INTR) => continue,
            Err(error) => return Err(Refusal::io(&error, path)),
        };
        at += read as u64;
        if at == part.end {
            unchanged(file, was, path)?;
        }
        each(&room[..read])?;
    }
    Ok(())
}

/// Refuses a file that was written since. That it was renamed or replaced by another does not matter
/// to who has it open.
fn unchanged(file: &File, was: &Entity, path: &[u8]) -> Result<(), Refusal> {
    let is = entity(file, path)?;
    if is.size == was.size && is.modified == was.modified {
        return Ok(());
    }
    Err(changed(path))
}

fn changed(path: &[u8]) -> Refusal {
    Refusal::new(
        Reason::Changed,
        format!("{} was changed while it was read", show(path)),
        "get it again; who writes it should write another file and rename it",
    )
}
