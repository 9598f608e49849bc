//! Sending a folder as a tar stream.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use gaxx_sdk::{log::warn, serde_json::Map};
use rustix::fs::{OFlags, readlinkat};

use super::writer::Writer;
use crate::{
    address::join,
    download::pour,
    entity::Kind,
    exchange::{Exchange, Headers},
    instruments::Direction,
    refusal::{Reason, Refusal, show},
    root::{beneath, entity, entity_at, names},
    service::Task,
    trail::Done,
};

/// Sends a folder with all that is in it, its content hashed on the way. Devices, pipes and sockets
/// are left out, with a line in the log and their number in the audit log. A file that changes
/// meanwhile cuts the connection.
pub(crate) fn pack(task: &mut Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
    let top = task
        .root
        .open_at(task.path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    task.start_reading()?;
    task.direction = Some(Direction::Sent);
    let mut headers = Headers::default();
    headers.add("content-type", "application/x-tar".to_owned());
    let mut writer = Writer::new(exchange.stream(200, &headers)?);
    let packed = tree(task, &top, &mut writer);
    task.moved = writer.sent();
    let left_out = packed?;
    let mut more = Map::new();
    if left_out > 0 {
        more.insert("left_out".into(), left_out.into());
    }
    let (bytes, digests) = writer.finish()?;
    task.moved = bytes;
    task.transferred(Done {
        bytes,
        digests,
        more,
    })
}

/// Writes all that is beneath a folder; answers how many entries were left out.
fn tree(task: &Task<'_>, top: &OwnedFd, writer: &mut Writer) -> Result<u64, Refusal> {
    let mut left_out = 0;
    // Paths beneath the folder: however many levels there are, one of them is open at a time.
    let mut folders = vec![Vec::new()];
    while let Some(path) = folders.pop() {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let folder = beneath(top.as_fd(), &path, flags, false)?;
        names(&folder, &path, |name| {
            task.go_on()?;
            let inner = join(&path, name);
            match one(task, folder.as_fd(), name, &inner, writer)? {
                Some(Kind::Folder) => folders.push(inner),
                Some(Kind::Special) => {
                    warn!("{} is neither file nor folder, and left out", show(&inner));
                    left_out += 1;
                }
                _ => {}
            }
            Ok::<(), Refusal>(())
        })?;
    }
    Ok(left_out)
}

/// Writes one entry, but not what is in a folder; answers what it is.
fn one(
    task: &Task<'_>,
    folder: BorrowedFd<'_>,
    name: &[u8],
    path: &[u8],
    writer: &mut Writer,
) -> Result<Option<Kind>, Refusal> {
    let Some(there) = entity_at(folder, name)? else {
        return Ok(None);
    };
    match there.kind {
        Kind::File => {
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
            let file = match beneath(folder, name, flags, false) {
                // It has gone meanwhile.
                Err(refusal) if refusal.reason == Reason::NotFound => return Ok(None),
                file => std::fs::File::from(file?),
            };
            let opened = entity(&file, path)?;
            if opened.kind != Kind::File {
                return Ok(Some(Kind::Special));
            }
            writer.file(path, &opened)?;
            pour(&file, &opened, 0..opened.size, path, |piece| {
                task.go_on()?;
                writer.content(piece)
            })?;
            writer.fill(opened.size)?;
        }
        Kind::Folder => writer.folder(path, &there)?,
        Kind::Link => {
            let target = readlinkat(folder, name, Vec::new());
            let target = target.map_err(|errno| Refusal::system(errno, path))?;
            writer.link(path, &there, target.as_bytes())?;
        }
        Kind::Special => {}
    }
    Ok(Some(there.kind))
}
