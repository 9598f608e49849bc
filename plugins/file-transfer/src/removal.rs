//! Deleting files, folders and what is left of uploads.

use gaxx_sdk::serde_json::Map;
use rustix::{
    fs::{AtFlags, RenameFlags, renameat_with, unlinkat},
    io::Errno,
};

use std::os::fd::AsFd;

use crate::{
    entity::{Entity, Kind, put_text},
    exchange::{Exchange, Headers},
    headers::{Conditions, UploadId},
    refusal::{Reason, Refusal},
    root::{discard, entity_at, sync},
    service::Task,
    trail::Done,
    upload::partial_name,
};

/// Deletes a file, a link, an empty folder, or with `recursive` a folder with all that is in it.
/// With `X-Upload-Id`: what has come of that upload.
pub(crate) fn delete(task: &mut Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
    if let Some(id) = exchange.request.header("x-upload-id") {
        let id = UploadId::parse(id)?;
        return give_up(task, exchange, &id);
    }
    task.root.deletable()?;
    if task.path.is_empty() {
        return Err(Refusal::new(
            Reason::NotAllowed,
            "the root itself is not deleted",
            "delete what is in it",
        ));
    }
    let conditions = Conditions::read(&exchange.request);
    let there = look(task, &conditions)?;
    if there.kind == Kind::Special {
        return Err(Refusal::system(Errno::NXIO, task.path));
    }
    task.start_change(Map::new())?;
    let bytes = remove(task, &conditions)?;
    let mut object = Map::new();
    put_text(&mut object, "deleted", task.path);
    object.insert("kind".into(), there.kind.label().into());
    let done = Done {
        bytes,
        ..Done::default()
    };
    task.trail.changed(done)?;
    exchange.json(200, Headers::default(), object)
}

/// What is there, where the request's conditions hold of it.
fn look(task: &Task<'_>, conditions: &Conditions) -> Result<Entity, Refusal> {
    let (parent, name) = task.root.parent(task.path)?;
    let there = entity_at(parent.as_fd(), name)?;
    conditions.check(there.as_ref())?;
    there.ok_or_else(|| Refusal::system(Errno::NOENT, task.path))
}

/// Removes it; answers the bytes of files that went.
fn remove(task: &Task<'_>, conditions: &Conditions) -> Result<u64, Refusal> {
    let root = task.root;
    let (parent, name) = root.parent(task.path)?;
    let refused = |errno: Errno| match errno {
        Errno::NOTEMPTY | Errno::EXIST => Refusal::new(
            Reason::Exists,
            "the folder is not empty",
            "add ?recursive to delete it with all that is in it",
        ),
        errno => Refusal::system(errno, task.path),
    };
    let publishing = root.publishing();
    let there = entity_at(parent.as_fd(), name)?;
    conditions.check(there.as_ref())?;
    let there = there.ok_or_else(|| refused(Errno::NOENT))?;
    if there.kind == Kind::Folder && task.query.recursive {
        // It is gone at once, and then removed bit by bit. A crash leaves the rest to the sweeper.
        let (beside, tomb) = root.deletable()?.tomb();
        renameat_with(&parent, name, beside, tomb.as_str(), RenameFlags::NOREPLACE)
            .map_err(refused)?;
        drop(publishing);
        sync(&parent, task.path)?;
        let bytes = discard(beside, &tomb)?;
        root.usage.removed(bytes);
        return Ok(bytes);
    }
    let flags = if there.kind == Kind::Folder {
        AtFlags::REMOVEDIR
    } else {
        AtFlags::empty()
    };
    unlinkat(&parent, name, flags).map_err(refused)?;
    drop(publishing);
    sync(&parent, task.path)?;
    let bytes = if there.kind == Kind::File {
        there.size
    } else {
        0
    };
    root.usage.removed(bytes);
    Ok(bytes)
}

/// Removes what has come of an upload: who may write may take that back.
fn give_up(task: &mut Task<'_>, exchange: &mut Exchange, id: &UploadId) -> Result<(), Refusal> {
    let name = partial_name(id, &exchange.request, task.path);
    let partial = task.root.writable()?.left(name)?;
    task.start_change(Map::new())?;
    let bytes = partial
        .remove()
        .map_err(|error| Refusal::io(&error, task.path))?;
    task.root.usage.removed(bytes);
    let mut object = Map::new();
    object.insert("given_up".into(), bytes.into());
    let done = Done {
        bytes,
        ..Done::default()
    };
    task.trail.changed(done)?;
    exchange.json(200, Headers::default(), object)
}
