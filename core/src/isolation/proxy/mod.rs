//! The ABI objects of components that live in a child.
//!
//! ```text
//!  plugin ── makes ── collector, check, exporter, endpoint ── seat ── line ═══ child
//!                                                   │          └ carry
//!                                                   └ exchange ═════════════ child
//! ```

mod carry;
mod check;
mod collector;
mod endpoint;
mod exchange;
mod exporter;
mod line;
mod own_points;
mod plugin;
mod seat;

pub(super) use self::{
    line::{Limit, Line},
    plugin::plugin,
    seat::Seat,
};
