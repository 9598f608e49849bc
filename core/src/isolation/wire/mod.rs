//! What passes between the core and a child: frames on sockets, and the messages in them.

mod channel;
pub(super) mod descriptor;
pub(super) mod message;

pub(super) use channel::{Channel, WireError};
