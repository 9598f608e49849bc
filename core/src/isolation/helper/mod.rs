//! Helpers: processes of a plugin's own code, for which its components ask their host.
//!
//! ```text
//!  core                                        helper
//!  Host::helper ── Helpers ── socket pair ════ main: one thread ── Plugin::helper(name, socket)
//!                     │ posix_spawn              (the program once more)
//!                   watch, a thread: reads what it prints, waits for its end,
//!                                    ends it when its component has gone and it has not
//! ```
//!
//! A process that starts others is best small and has one thread: it can be forked in no time, and
//! between fork and exec nothing can be locked. The core is neither, and a plugin's child has many
//! threads. So a helper is a process of its own, begun for one purpose, with nothing of the
//! program in it: no runtime, no configuration, no log, no thread.
//!
//! The socket is all that ties it to the component. Its end tells either side that the other has
//! gone, also where the program was killed: there is no parent-death signal, which belongs to a
//! thread, and would leave a helper no time to end what it has started.

mod descriptors;
mod helpers;
mod main;
mod start;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use descriptors::owned;
pub(crate) use helpers::{Declared, Helpers};
pub(crate) use main::main;

/// The word by which this program, started with it, is a helper.
pub(crate) const HELPER: &str = "plugin-helper";
