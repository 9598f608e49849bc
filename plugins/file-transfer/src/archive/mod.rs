//! Folders as one tar stream, both ways.

mod header;
mod later;
mod merge;
mod pack;
mod pax;
mod reader;
mod staging;
mod unpack;
mod writer;

pub(crate) use self::{pack::pack, unpack::unpack};

use crate::refusal::{Reason, Refusal};

/// A tar stream that cannot be taken.
fn unreadable(message: impl Into<String>) -> Refusal {
    Refusal::new(
        Reason::Archive,
        message,
        "send what `tar -c` writes of files and folders, in the ustar, pax or GNU format",
    )
}
