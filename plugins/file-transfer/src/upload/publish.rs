//! Giving a whole upload its name.

use std::os::fd::{AsFd, OwnedFd};

use gaxx_sdk::serde_json::{Map, Value};
use rustix::{
    fs::{
        RenameFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, fchmod, fsync, futimens,
        renameat_with,
    },
    io::{Errno, retry_on_intr},
};

use super::order::Order;
use crate::{
    digest::{Digests, hex},
    entity::{Entity, Moment, put_text},
    exchange::{Exchange, Headers},
    headers::Conditions,
    refusal::Refusal,
    root::{Partial, entity, entity_at, replaceable, sync},
    service::Task,
    trail::Done,
};

/// An upload that has its name.
pub(super) struct Published {
    created: bool,
    /// The bytes of the file that was there before.
    pub(super) replaced: u64,
    entity: Entity,
    digests: Digests,
    /// The answer.
    object: Map<String, Value>,
}

impl Published {
    /// Answers it, once the audit log has it.
    pub(super) fn answer(self, task: &Task<'_>, exchange: &mut Exchange) -> Result<(), Refusal> {
        let mut more = Map::new();
        more.insert("size".into(), self.entity.size.into());
        more.insert("created".into(), self.created.into());
        task.transferred(Done {
            bytes: task.moved,
            digests: self.digests,
            more,
        })?;
        let mut headers = Headers::default();
        headers.digests(&self.digests);
        headers.entity(&self.entity);
        exchange.json(if self.created { 201 } else { 200 }, headers, self.object)
    }
}

/// Makes the content durable, gives it its name, and makes that durable.
pub(super) fn publish(
    task: &Task<'_>,
    order: &Order,
    partial: &mut Partial,
    digests: Digests,
) -> Result<Published, Refusal> {
    let (root, path) = (task.root, task.path);
    let refused = |errno: Errno| Refusal::system(errno, path);
    fchmod(&partial.file, root.permissions(order.metadata.mode)).map_err(refused)?;
    futimens(&partial.file, &times(order.metadata.modified)).map_err(refused)?;
    retry_on_intr(|| fsync(&partial.file)).map_err(refused)?;
    let (parent, name) = place_for(task)?;
    let publishing = root.publishing();
    let there = entity_at(parent.as_fd(), name)?;
    replaceable(there.as_ref(), path)?;
    order.conditions.check(there.as_ref())?;
    let (folder, waiting) = partial.place();
    renameat_with(folder, waiting, &parent, name, flags(&order.conditions)).map_err(|errno| {
        match errno {
            // Somebody else than the agent made it just now.
            Errno::EXIST => order
                .conditions
                .check(entity_at(parent.as_fd(), name).ok().flatten().as_ref())
                .err()
                .unwrap_or_else(|| refused(errno)),
            errno => refused(errno),
        }
    })?;
    partial.published();
    drop(publishing);
    sync(&parent, path)?;
    let entity = entity(&partial.file, path)?;
    task.service.remembered.add(&entity.tag, digests);
    let mut object = Map::new();
    put_text(&mut object, "path", path);
    entity.describe(&mut object);
    object.insert("etag".into(), entity.tag.as_str().into());
    describe(&mut object, &digests);
    object.insert("created".into(), there.is_none().into());
    Ok(Published {
        created: there.is_none(),
        replaced: there.map_or(0, |there| there.size),
        entity,
        digests,
        object,
    })
}

/// The folder for what is published, made where that is asked for, and the name there.
pub(crate) fn place_for<'a>(task: &Task<'a>) -> Result<(OwnedFd, &'a [u8]), Refusal> {
    if task.query.parents {
        task.root.make_parents(task.path)?;
    }
    task.root.parent(task.path)
}

/// Puts digests into an answer.
pub(crate) fn describe(object: &mut Map<String, Value>, digests: &Digests) {
    for (key, digest) in [("blake3", digests.blake3), ("sha256", digests.sha256)] {
        if let Some(digest) = digest {
            object.insert(key.to_owned(), hex(&digest).into());
        }
    }
}

/// Where there must be no file yet the kernel sees to it, whoever makes one.
fn flags(conditions: &Conditions) -> RenameFlags {
    if conditions.wants_new() {
        RenameFlags::NOREPLACE
    } else {
        RenameFlags::empty()
    }
}

/// The times of a file that was last changed then; nothing: now.
pub(crate) fn times(modified: Option<Moment>) -> Timestamps {
    let special = |nanos| Timespec {
        tv_sec: 0,
        tv_nsec: nanos,
    };
    let last_modification = modified.map_or(special(UTIME_NOW), |moment| Timespec {
        tv_sec: moment.seconds,
        tv_nsec: moment.nanos.into(),
    });
    Timestamps {
        last_access: special(UTIME_OMIT),
        last_modification,
    }
}
