//! Taking a folder as a tar stream.

use std::{fs::File, io::Write, os::fd::AsFd};

use gaxx_sdk::serde_json::Map;
use rustix::{
    fs::syncfs,
    io::{Errno, retry_on_intr},
};

use super::{
    header::{Entry, Form},
    merge,
    reader::Reader,
    staging::Staging,
};
use crate::{
    digest::{Algorithm, Hasher},
    entity::{Kind, put_text},
    exchange::{Exchange, Headers},
    headers::{Conditions, Expected},
    instruments::Direction,
    refusal::{Reason, Refusal},
    root::{Reservation, Root, StagedFolder, entity_at, sync},
    service::Task,
    trail::Done,
    upload::{check_size, describe, place_for},
};

/// From how many bytes on it is looked for each file whether there is space.
const LARGE: u64 = 64 << 10;

/// How many there are of each.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    files: u64,
    folders: u64,
    links: u64,
    bytes: u64,
}

/// Takes a folder. All of it comes into a folder of its own, is made durable by one `syncfs`, and is
/// then published: by one rename where nothing is there yet, file by file into a folder that is.
pub(crate) fn unpack(task: &mut Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
    let partials = task.root.writable()?;
    let expected = Expected::read(&exchange.request)?;
    let conditions = Conditions::read(&exchange.request);
    let length = exchange.request.header("content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    early(task, &conditions)?;
    task.root.check_space(length)?;
    let mut reservation = task.root.usage.reserve(0)?;
    task.direction = Some(Direction::Received);
    task.start_change(Map::new())?;
    let mut staging = Staging::new(task.root, partials.stage()?);
    let mut hasher = Hasher::new(expected.sha256() || task.query.digest == Some(Algorithm::Sha256));
    let counts = fill(task, exchange, &mut staging, &mut hasher, &mut reservation)?;
    let digests = hasher.finish();
    expected.check(&digests)?;
    staging.finish()?;
    let synced = retry_on_intr(|| syncfs(&staging.folder.folder));
    synced.map_err(|errno| Refusal::system(errno, task.path))?;
    let (at_once, replaced) = publish(task, &staging.folder, &conditions)?;
    drop(staging);
    reservation.settle(counts.bytes, replaced);
    let mut object = Map::new();
    object.insert("files".into(), counts.files.into());
    object.insert("folders".into(), counts.folders.into());
    object.insert("links".into(), counts.links.into());
    object.insert("bytes".into(), counts.bytes.into());
    let published = if at_once { "at once" } else { "file by file" };
    object.insert("published".into(), published.into());
    task.transferred(Done {
        bytes: task.moved,
        digests,
        more: object.clone(),
    })?;
    put_text(&mut object, "path", task.path);
    describe(&mut object, &digests);
    let mut headers = Headers::default();
    headers.digests(&digests);
    exchange.json(if at_once { 201 } else { 200 }, headers, object)
}

/// Refuses before anything comes what would be refused after it.
fn early(task: &Task<'_>, conditions: &Conditions) -> Result<(), Refusal> {
    if task.path.is_empty() {
        return Ok(());
    }
    match task.root.parent(task.path) {
        Ok((parent, name)) => {
            let there = entity_at(parent.as_fd(), name)?;
            conditions.check(there.as_ref())?;
            match there {
                Some(there) if there.kind != Kind::Folder => {
                    Err(Refusal::system(Errno::NOTDIR, task.path))
                }
                _ => Ok(()),
            }
        }
        Err(refusal) if refusal.reason == Reason::NotFound && task.query.parents => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

fn fill(
    task: &mut Task<'_>,
    exchange: &mut Exchange,
    staging: &mut Staging<'_>,
    hasher: &mut Hasher,
    reservation: &mut Reservation,
) -> Result<Counts, Refusal> {
    let (root, most) = (task.root, task.service.max_entries);
    let mut reader = Reader::new(|| {
        task.go_on()?;
        let piece = exchange.read()?;
        if let Some(piece) = &piece {
            hasher.update(piece);
            task.moved += piece.len() as u64;
        }
        Ok(piece)
    });
    let mut counts = Counts::default();
    while let Some(entry) = reader.entry()? {
        match &entry.form {
            Form::File => {
                room(root, &entry, reservation)?;
                let mut file = staging.file(&entry)?;
                while let Some(piece) = reader.content()? {
                    write(&mut file, piece, &entry)?;
                }
                staging.complete(&file, &entry)?;
                counts.files += 1;
                counts.bytes += entry.size;
            }
            Form::Folder => {
                staging.make_folder(&entry)?;
                counts.folders += 1;
            }
            Form::Link(target) => {
                staging.link(&entry, target)?;
                counts.links += 1;
            }
        }
        if counts.files + counts.folders + counts.links > most {
            return Err(Refusal::new(
                Reason::TooLarge,
                format!("the tar stream has more than {most} entries"),
                "raise plugins.file-transfer.max_entries, or send it in parts",
            ));
        }
    }
    Ok(counts)
}

/// Refuses a file for which there is no room.
fn room(root: &Root, entry: &Entry, reservation: &mut Reservation) -> Result<(), Refusal> {
    check_size(entry.size, root.settings.max_file)?;
    reservation.grow(entry.size)?;
    if entry.size >= LARGE {
        root.check_space(entry.size)?;
    }
    Ok(())
}

fn write(file: &mut File, piece: &[u8], entry: &Entry) -> Result<(), Refusal> {
    file.write_all(piece)
        .map_err(|error| Refusal::io(&error, &entry.path))
}

/// Publishes a folder; answers whether that was at once, and the bytes of the files that it replaced.
fn publish(
    task: &Task<'_>,
    staged: &StagedFolder,
    conditions: &Conditions,
) -> Result<(bool, u64), Refusal> {
    if task.path.is_empty() {
        return merge::merge(task, staged).map(|replaced| (false, replaced));
    }
    let (parent, name) = place_for(task)?;
    {
        let _publishing = task.root.publishing();
        conditions.check(entity_at(parent.as_fd(), name)?.as_ref())?;
        if merge::rename_whole(staged, &parent, name)? {
            sync(&parent, task.path)?;
            return Ok((true, 0));
        }
    }
    merge::merge(task, staged).map(|replaced| (false, replaced))
}
