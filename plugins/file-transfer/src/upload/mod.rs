//! Taking files.

mod order;
mod publish;
mod receive;

use gaxx_sdk::{
    Request, Size,
    serde_json::{Map, Value},
};

use std::os::fd::AsFd;

use self::order::Order;
pub(crate) use self::publish::{describe, place_for, times};
use crate::{
    digest::Hasher,
    entity::put_text,
    exchange::{Exchange, Headers},
    headers::{Conditions, Metadata, UploadId},
    instruments::Direction,
    refusal::{Reason, Refusal},
    root::{Partial, Reservation, entity_at, replaceable},
    service::Task,
    trail::Done,
};

/// The permissions of a folder whose upload says nothing of them, before the umask.
const FOLDER: u32 = 0o777;

/// Takes a file, or a piece of one.
///
/// It comes into a file of its own, is made durable, and is then renamed: whoever reads the path gets
/// the old file or the new one, and never a part.
pub(crate) fn file(task: &mut Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
    let partials = task.root.writable()?;
    let order = Order::read(task, &exchange.request)?;
    early(task, &order.conditions)?;
    let first = order.piece.map_or(0, |piece| piece.first);
    let space = order.end.map_or(0, |end| end - first);
    task.root.check_space(space)?;
    let reservation = task.root.usage.reserve(space)?;
    task.start_change(order.describe())?;
    let mut partial = match &order.id {
        Some(id) => partials.resumable(partial_name(id, &exchange.request, task.path))?,
        None => partials.once()?,
    };
    receive::begin(task, first, &partial)?;
    task.direction = Some(Direction::Received);
    let mut work = Work {
        order,
        first,
        reservation,
    };
    let taken = work.take(task, exchange, &mut partial);
    // Whoever has an answer may send the next piece at once: the file must be free by then.
    match taken {
        Ok(Some(published)) => {
            drop(partial);
            work.reservation.settle(task.moved, published.replaced);
            published.answer(task, exchange)
        }
        Ok(None) => {
            drop(partial);
            work.reservation.settle(task.moved, 0);
            accepted(task, exchange, work.first + task.moved)
        }
        Err(refusal) => {
            work.failed(task, partial, &refusal);
            Err(refusal)
        }
    }
}

/// Answers a piece that was not the last one.
fn accepted(task: &Task<'_>, exchange: &mut Exchange, offset: u64) -> Result<(), Refusal> {
    task.transferred(Done {
        bytes: task.moved,
        ..Done::default()
    })?;
    let mut headers = Headers::default();
    headers.add("upload-offset", offset.to_string());
    let mut object = Map::new();
    object.insert("offset".into(), offset.into());
    exchange.json(202, headers, object)
}

/// An upload at work.
struct Work {
    order: Order,
    /// Where what comes begins.
    first: u64,
    reservation: Reservation,
}

impl Work {
    /// Takes what comes and publishes it; nothing where it is not the last piece.
    fn take(
        &mut self,
        task: &mut Task<'_>,
        exchange: &mut Exchange,
        partial: &mut Partial,
    ) -> Result<Option<publish::Published>, Refusal> {
        let mut hasher = self.order.is_last().then(|| Hasher::new(self.order.sha256));
        if let Some(hasher) = &mut hasher {
            receive::hash_before(task, exchange, &partial.file, self.first, hasher)?;
        }
        let (first, reservation) = (self.first, &mut self.reservation);
        receive::all(
            task,
            exchange,
            &partial.file,
            &self.order,
            first,
            hasher.as_mut(),
            reservation,
        )?;
        let Some(hasher) = hasher else {
            return Ok(None);
        };
        let digests = hasher.finish();
        self.order.expected.check(&digests)?;
        publish::publish(task, &self.order, partial, digests).map(Some)
    }

    /// Keeps what has come where it can be of use.
    fn failed(self, task: &Task<'_>, partial: Partial, refusal: &Refusal) {
        if !partial.is_resumable() {
            return;
        }
        // What has another digest than it should is not what the caller has.
        if refusal.reason == Reason::Digest {
            if partial.remove().is_ok() {
                task.root.usage.removed(self.first);
            }
            return;
        }
        self.reservation.settle(task.moved, 0);
    }
}

/// Makes an empty folder.
pub(crate) fn folder(task: &mut Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
    task.root.writable()?;
    not_the_root(task.path)?;
    let metadata = Metadata::read(&exchange.request)?;
    let mode = exchange
        .request
        .header("x-file-mode")
        .map_or(FOLDER, |_| metadata.mode);
    task.start_change(Map::new())?;
    if task.query.parents {
        task.root.make_parents(task.path)?;
    }
    task.root.make_new_folder(task.path, mode)?;
    task.trail.changed(Done::default())?;
    let mut object = Map::new();
    put_text(&mut object, "path", task.path);
    object.insert("kind".into(), Value::from("folder"));
    exchange.json(201, Headers::default(), object)
}

/// Refuses before anything comes what would be refused after it.
fn early(task: &Task<'_>, conditions: &Conditions) -> Result<(), Refusal> {
    not_the_root(task.path)?;
    match task.root.parent(task.path) {
        Ok((parent, name)) => {
            let there = entity_at(parent.as_fd(), name)?;
            replaceable(there.as_ref(), task.path)?;
            conditions.check(there.as_ref())
        }
        Err(refusal) if refusal.reason == Reason::NotFound && task.query.parents => {
            conditions.check(None)
        }
        Err(mut refusal) => {
            if refusal.reason == Reason::NotFound {
                "the folder for the file is not there".clone_into(&mut refusal.message);
                "add ?parents to have it made".clone_into(&mut refusal.remedy);
            }
            Err(refusal)
        }
    }
}

fn not_the_root(path: &[u8]) -> Result<(), Refusal> {
    if path.is_empty() {
        return Err(Refusal::new(
            Reason::WrongKind,
            "this is the root itself",
            "name a path beneath it, or send a folder as application/x-tar",
        ));
    }
    Ok(())
}

/// Refuses a file that is larger than one may be.
pub(crate) fn check_size(bytes: u64, max_file: Option<Size>) -> Result<(), Refusal> {
    match max_file.map(Size::bytes) {
        Some(most) if bytes > most => Err(Refusal::new(
            Reason::TooLarge,
            format!("{bytes} bytes are more than the {most} that a file may have"),
            "raise max_file of the root, or send less",
        )),
        _ => Ok(()),
    }
}

/// The name of the file that holds what has come of an upload.
pub(crate) fn partial_name(id: &UploadId, request: &Request, path: &[u8]) -> String {
    id.file_name(request.identity(), path, order::boot())
}
