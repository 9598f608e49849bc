//! TLS of a listener, by rustls with ring: versions 1.2 and 1.3, HTTP/2 and HTTP/1.1.

mod client;
mod files;
mod handshake;
mod pem;
mod server;

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, ring};

pub use client::{ClientTls, ClientTlsFiles};
pub use handshake::HandshakeError;
pub use server::ServerTls;

pub(super) use files::{TlsFiles, Versions};

/// The one provider of cryptography of the program.
static PROVIDER: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(ring::default_provider()));

/// Random bytes of the system.
///
/// # Panics
///
/// Where the system has none, without which nothing here would be safe.
pub(super) fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    PROVIDER
        .secure_random
        .fill(&mut bytes)
        .expect("the system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests;
