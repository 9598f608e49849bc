//! Who is at the other end of a connection.

use std::net::SocketAddr;

/// The other end of a connection. The listener puts it into the extensions of every request; a
/// route reads it with `warp::ext::get::<Peer>()`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Address and port the connection comes from.
    pub address: SocketAddr,
}

impl Peer {
    /// A peer of whom only the address is known.
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }
}
