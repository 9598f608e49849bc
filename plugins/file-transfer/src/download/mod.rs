//! Sending files.

mod pour;

use std::{fs::File, ops::Range};

use gaxx_sdk::serde_json::Map;

use crate::{
    digest::{Algorithm, Digests, Hasher},
    entity::{Entity, Kind},
    exchange::{Exchange, Headers},
    headers::{Asked, Conditions, RangeCondition, asked},
    instruments::Direction,
    listing,
    refusal::{Reason, Refusal},
    service::Task,
    trail::{Action, Done},
};

pub(crate) use self::pour::pour;

/// Sends a file, or a part of it, or what is in a folder.
pub(crate) fn get(task: &mut Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
    let (file, entity) = task.root.read(task.path)?;
    if entity.kind == Kind::Folder {
        task.trail.is(Action::List);
        return listing::list(task, exchange, &file, &entity);
    }
    let conditions = Conditions::read(&exchange.request);
    conditions.check_match(&entity)?;
    if conditions.is_known(Some(&entity)) {
        return not_modified(task, exchange, &entity);
    }
    let part = part(exchange, &entity)?;
    task.start_reading()?;
    let digests = digests(task, exchange, &file, &entity)?;
    let range = part.clone().unwrap_or(0..entity.size);
    let mut headers = Headers::default();
    headers.entity(&entity);
    headers.digests(&digests);
    headers.add("accept-ranges", "bytes".to_owned());
    headers.add("content-type", "application/octet-stream".to_owned());
    headers.add("content-length", (range.end - range.start).to_string());
    let status = if let Some(part) = &part {
        let (first, last) = (part.start, part.end - 1);
        headers.add(
            "content-range",
            format!("bytes {first}-{last}/{}", entity.size),
        );
        206
    } else {
        200
    };
    if exchange.is_head() {
        exchange.stream(status, &headers)?.finish()?;
        task.trail.read(Done::default());
        return Ok(());
    }
    task.direction = Some(Direction::Sent);
    let mut stream = exchange.stream(status, &headers)?;
    pour(&file, &entity, range.clone(), task.path, |piece| {
        task.go_on()?;
        stream.write(piece)?;
        task.moved += piece.len() as u64;
        Ok(())
    })?;
    stream.finish()?;
    task.transferred(Done {
        bytes: task.moved,
        digests,
        more: first_byte(&range),
    })
}

/// Where a part begins that is not the beginning.
fn first_byte(range: &Range<u64>) -> Map<String, gaxx_sdk::serde_json::Value> {
    let mut more = Map::new();
    if range.start > 0 {
        more.insert("first".into(), range.start.into());
    }
    more
}

fn not_modified(
    task: &mut Task<'_>,
    exchange: &mut Exchange,
    entity: &Entity,
) -> Result<(), Refusal> {
    task.start_reading()?;
    let mut headers = Headers::default();
    headers.entity(entity);
    exchange.stream(304, &headers)?.finish()?;
    task.trail.read(Done::default());
    Ok(())
}

/// The part of the file that is asked for; nothing where it is all of it.
fn part(exchange: &Exchange, entity: &Entity) -> Result<Option<Range<u64>>, Refusal> {
    let condition = RangeCondition(exchange.request.header("if-range"));
    let header = exchange.request.header("range");
    let Some(header) = header.filter(|_| condition.holds(entity)) else {
        return Ok(None);
    };
    match asked(header, entity.size) {
        Asked::Whole => Ok(None),
        Asked::Part(part) => Ok(Some(part)),
        Asked::None => Err(Refusal::new(
            Reason::Range,
            format!("the file has {} bytes, and none of that range", entity.size),
            "ask for bytes that it has",
        )
        .header("content-range", format!("bytes */{}", entity.size))),
    }
}

/// The digests that are known of a file, and the one that is asked for. Making it reads the whole
/// file.
fn digests(
    task: &Task<'_>,
    exchange: &Exchange,
    file: &File,
    entity: &Entity,
) -> Result<Digests, Refusal> {
    let remembered = &task.service.remembered;
    let known = remembered.get(&entity.tag);
    let missing = |algorithm: &Algorithm| known.get(*algorithm).is_none();
    let Some(algorithm) = task.query.digest.filter(missing) else {
        return Ok(known);
    };
    let mut hasher = Hasher::only(algorithm);
    pour(file, entity, 0..entity.size, task.path, |piece| {
        task.go_on()?;
        exchange.is_wanted()?;
        hasher.update(piece);
        Ok(())
    })?;
    remembered.add(&entity.tag, hasher.finish());
    let made = remembered.get(&entity.tag);
    Ok(made)
}
