//! Requests to a plugin's endpoints, and their replies; both bodies are streams.

use abi_stable::{
    StableAbi, sabi_trait,
    std_types::{RBox, ROption, RResult, RSlice, RString, RVec},
};

use crate::{Attribute, Fault};

/// A header: its name in lower case, and its value as sent.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
    pub name: RString,
    pub value: RVec<u8>,
}

/// A request without its body.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq, StableAbi)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// Index of the matched route among those of the component's manifest.
    pub route: u32,
    pub method: RString,
    /// The path as sent, percent-encoded.
    pub path: RString,
    /// What stands behind the question mark, or nothing.
    pub query: RString,
    pub headers: RVec<Header>,
    /// Address and port of the caller.
    pub peer: RString,
    /// Who the caller proved to be; empty for an anonymous one.
    pub identity: RString,
    pub attributes: RVec<Attribute>,
}

/// The request's body, read piece by piece. Dropping it tells the sender to stop.
#[sabi_trait]
pub trait Body: Send {
    /// The next piece, at most `most` bytes; nothing at the end.
    ///
    /// Waits no longer than `deadline` nanoseconds; then the fault is of kind `DEADLINE` and the
    /// call may be made again.
    #[sabi(last_prefix_field)]
    fn read(&mut self, most: u64, deadline: u64) -> RResult<ROption<RVec<u8>>, Fault>;
}

/// A body that the host streams to a plugin.
pub type BodyBox = Body_TO<'static, RBox<()>>;

/// The reply. It may be kept, sent to another thread and completed after the call returned.
///
/// Dropped before [`Reply::head`] it becomes an error 500; dropped between `head` and `finish` the
/// connection is cut, so that no reader takes half an answer for a whole one.
#[sabi_trait]
pub trait Reply: Send {
    /// Sends status and headers. Once.
    fn head(&mut self, status: u16, headers: RVec<Header>) -> RResult<(), Fault>;
    /// Sends a piece of the body, waiting up to `deadline` nanoseconds while the reader is slow.
    fn write(&mut self, piece: RSlice<'_, u8>, deadline: u64) -> RResult<(), Fault>;
    /// Ends the body.
    fn finish(&mut self) -> RResult<(), Fault>;
    /// Whether the caller has gone or the server is stopping.
    #[sabi(last_prefix_field)]
    fn is_cancelled(&self) -> bool;
}

/// A reply that the host hands to a plugin.
pub type ReplyBox = Reply_TO<'static, RBox<()>>;
