//! What the headers of a request say.

mod conditions;
mod content_range;
mod digests;
mod metadata;
mod range;
mod upload_id;

pub(crate) use self::{
    conditions::{Conditions, RangeCondition},
    content_range::ContentRange,
    digests::Expected,
    metadata::{Metadata, permissions},
    range::{Asked, asked},
    upload_id::UploadId,
};

use crate::refusal::{Reason, Refusal};

/// A header that cannot be read.
fn unreadable(name: &str, remedy: &str) -> Refusal {
    Refusal::new(
        Reason::Header,
        format!("the header {name} cannot be read"),
        remedy,
    )
}

/// A whole number of digits only: Rust would take a sign as well.
fn number(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}
