//! Profiles: what they cost while they are taken, afterwards, and at all; and the program at rest.

mod heap;
mod loaded;
mod overhead;
mod purge;
mod rest;
mod taking;

use crate::Table;

pub(crate) fn measure(table: &mut Table) {
    overhead::measure(table);
    heap::measure(table);
    taking::measure(table);
    purge::measure(table);
    rest::measure(table);
}
