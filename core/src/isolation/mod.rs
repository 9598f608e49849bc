//! Plugins in processes of their own.
//!
//! The program starts itself again as `gaxx-mon plugin-host`, a *child*, for each plugin that is
//! isolated. The child loads the library; the program has proxies that implement the same ABI
//! objects, so nothing else of the core knows the difference:
//!
//! ```text
//!  core                                   child
//!  Component ── proxy ── line ═══════════ servant thread ── the plugin's object
//!  CoreHost ──── attendant ── host ══════ remote host ───── the plugin's Host
//!  Body, Reply ─ exchange ── streams ════ remote Body, Reply
//! ```
//!
//! Each `═══` is a Unix socket pair. A *line* carries one call at a time, so the thread that asks
//! reads its own answer, and no thread stands between. Every component has a line; an endpoint has
//! one more for each request at work, and a profile that the child takes of itself has one while it
//! lasts. The *host* socket carries what the plugin asks of the core. All of them are handed to the
//! child over its standard input, the *control* socket.
//!
//! Beside its child a plugin may have *helpers*, processes for a purpose of its own: [`helper`].
//!
//! Nothing that comes from a child is trusted: frames have a limit, and what cannot be read, or
//! comes too often, ends the child.

mod child;
mod helper;
mod process;
mod proxy;
mod start;
mod wire;

pub(crate) use child::main as child_main;
pub(crate) use helper::{Declared, HELPER, Helpers, main as helper_main};
pub use process::{Cause, State, Status};
pub use start::{Isolated, StartError, Want, start};
pub use wire::message::Code;

/// The word by which this program, started with it, is a child.
pub const CHILD: &str = "plugin-host";

/// This program, also after its file was replaced.
const PROGRAM: &str = "/proc/self/exe";

/// The kind of a fault that says that the process of the component has ended. No plugin knows it.
pub(crate) const ENDED: u32 = 1_000;
