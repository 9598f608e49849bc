//! What is at a path, and what is in a folder.

use std::{collections::BinaryHeap, os::fd::AsFd};

use gaxx_sdk::serde_json::{Map, Value, json};

use crate::{
    address::encode,
    entity::{Entity, Kind, put_text},
    exchange::{Exchange, Headers},
    headers::UploadId,
    refusal::{Reason, Refusal},
    root::{Root, entity_at, names},
    service::Task,
    trail::Done,
};

/// As the list of roots shows it. Where it lies is the configuration's business.
pub(crate) fn describe_root(root: &Root) -> Value {
    json!({
        "name": root.name,
        "write": root.settings.write,
        "delete": root.settings.delete,
        "follow": root.settings.follow,
        "max_file": root.settings.max_file.map(gaxx_sdk::Size::bytes),
        "quota": root.usage.quota(),
        "used": root.usage.used(),
        "free": root.free(),
    })
}

/// Answers what there is at a path. With `X-Upload-Id`: how far that upload is.
pub(crate) fn stat(task: &mut Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
    if let Some(id) = exchange.request.header("x-upload-id") {
        let id = UploadId::parse(id)?;
        return progress(task, exchange, &id);
    }
    let entity = task.root.look(task.path)?;
    task.start_reading()?;
    let mut headers = Headers::default();
    headers.entity(&entity);
    let mut object = Map::new();
    put_text(&mut object, "path", task.path);
    entity.describe(&mut object);
    object.insert("etag".into(), entity.tag.as_str().into());
    exchange.json(200, headers, object)?;
    task.trail.read(Done::default());
    Ok(())
}

fn progress(task: &mut Task<'_>, exchange: &mut Exchange, id: &UploadId) -> Result<(), Refusal> {
    let name = crate::upload::partial_name(id, &exchange.request, task.path);
    let Some(offset) = task.root.writable()?.progress(&name)? else {
        return Err(Refusal::new(
            Reason::NotFound,
            "nothing of this upload is there",
            "begin it with the first byte",
        ));
    };
    task.start_reading()?;
    let mut headers = Headers::default();
    headers.add("upload-offset", offset.to_string());
    let mut object = Map::new();
    object.insert("offset".into(), offset.into());
    exchange.json(200, headers, object)?;
    task.trail.read(Done::default());
    Ok(())
}

/// Answers what is in a folder: the names after `after` in the order of their bytes, at most `limit`
/// of them. However many there are, no more are held in memory than are shown.
pub(crate) fn list(
    task: &mut Task<'_>,
    exchange: &mut Exchange,
    folder: impl AsFd,
    entity: &Entity,
) -> Result<(), Refusal> {
    task.start_reading()?;
    let mut headers = Headers::default();
    headers.entity(entity);
    let (shown, more) = page(task, &folder)?;
    let mut entries = Vec::with_capacity(shown.len());
    for name in &shown {
        // One that has gone meanwhile is not there.
        if let Some(entity) = entity_at(folder.as_fd(), name)? {
            let mut object = Map::new();
            put_text(&mut object, "name", name);
            entity.describe(&mut object);
            entries.push(Value::Object(object));
        }
    }
    let mut object = Map::new();
    put_text(&mut object, "path", task.path);
    object.insert("kind".into(), Kind::Folder.label().into());
    object.insert("entries".into(), entries.into());
    // Ready to be put behind `after=`.
    let next = more
        .then(|| shown.last())
        .flatten()
        .map(|name| encode(name));
    object.insert("next".into(), next.into());
    exchange.json(200, headers, object)?;
    task.trail.read(Done::default());
    Ok(())
}

/// The names to show, ascending, and whether there are more.
fn page(task: &Task<'_>, folder: impl AsFd) -> Result<(Vec<Vec<u8>>, bool), Refusal> {
    let (after, limit) = (&task.query.after, task.query.limit);
    // The largest is at hand, to be dropped when a smaller one comes.
    let mut smallest = BinaryHeap::with_capacity(limit + 2);
    names(folder, task.path, |name| {
        if name > after.as_slice() {
            smallest.push(name.to_vec());
            if smallest.len() > limit + 1 {
                smallest.pop();
            }
        }
        Ok::<(), Refusal>(())
    })?;
    let mut shown = smallest.into_sorted_vec();
    let more = shown.len() > limit;
    shown.truncate(limit);
    Ok((shown, more))
}
