//! Writing what comes.

use std::{fs::File, os::unix::fs::FileExt};

use rustix::{
    fs::{FallocateFlags, fallocate},
    io::Errno,
};

use super::{check_size, order::Order};
use crate::{
    digest::Hasher,
    download::pour,
    exchange::Exchange,
    refusal::{Reason, Refusal},
    root::{Partial, Reservation, entity},
    service::Task,
};

/// From how many bytes on the filesystem is told beforehand how much comes.
const LARGE: u64 = 1 << 20;

/// Has the file end where what comes begins: what is behind that from an earlier try is cut off.
pub(super) fn begin(task: &Task<'_>, first: u64, partial: &Partial) -> Result<(), Refusal> {
    let there = entity(&partial.file, task.path)?.size;
    if first > there {
        return Err(Refusal::new(
            Reason::Offset,
            format!("{there} bytes of this upload are there, and the piece begins at {first}"),
            "begin where HEAD with the same X-Upload-Id says, in Upload-Offset",
        )
        .header("upload-offset", there.to_string()));
    }
    if first < there {
        let cut = partial.file.set_len(first);
        cut.map_err(|error| Refusal::io(&error, task.path))?;
        task.root.usage.removed(there - first);
    }
    Ok(())
}

/// Makes the digests of what came with earlier requests.
pub(super) fn hash_before(
    task: &Task<'_>,
    exchange: &Exchange,
    file: &File,
    first: u64,
    hasher: &mut Hasher,
) -> Result<(), Refusal> {
    if first == 0 {
        return Ok(());
    }
    let was = entity(file, task.path)?;
    pour(file, &was, 0..first, task.path, |piece| {
        task.go_on()?;
        exchange.is_wanted()?;
        hasher.update(piece);
        Ok(())
    })
}

/// Writes all that comes, from `first` on.
pub(super) fn all(
    task: &mut Task<'_>,
    exchange: &mut Exchange,
    file: &File,
    order: &Order,
    first: u64,
    mut hasher: Option<&mut Hasher>,
    reservation: &mut Reservation,
) -> Result<(), Refusal> {
    if let Some(end) = order.end {
        allocate(file, first, end - first, task.path)?;
    }
    let mut at = first;
    while let Some(piece) = exchange.read()? {
        task.go_on()?;
        let end = at + piece.len() as u64;
        match order.end {
            Some(announced) if end > announced => {
                return Err(Refusal::new(
                    Reason::Header,
                    "more came than was announced",
                    "send as many bytes as Content-Length or Content-Range says",
                ));
            }
            Some(_) => {}
            None => {
                reservation.grow(piece.len() as u64)?;
                check_size(end, task.root.settings.max_file)?;
                if at / (64 * LARGE) != end / (64 * LARGE) {
                    task.root.check_space(0)?;
                }
            }
        }
        if let Some(hasher) = &mut hasher {
            hasher.update(&piece);
        }
        file.write_all_at(&piece, at)
            .map_err(|error| Refusal::io(&error, task.path))?;
        task.moved += piece.len() as u64;
        at = end;
    }
    match order.end {
        Some(end) if at < end => Err(Refusal::new(
            Reason::Interrupted,
            format!("{at} of {end} bytes came"),
            "send the rest; an upload with X-Upload-Id goes on where it ended",
        )),
        _ => Ok(()),
    }
}

/// Has the filesystem set so much aside, so that a full one shows at once and the file lies in one
/// piece.
fn allocate(file: &File, first: u64, length: u64, path: &[u8]) -> Result<(), Refusal> {
    if length < LARGE {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::KEEP_SIZE, first, length) {
        // Not every filesystem can, and none must.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INTR | Errno::INVAL) => Ok(()),
        Err(errno) => Err(Refusal::system(errno, path)),
    }
}
