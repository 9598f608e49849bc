//! From an accepted connection to one that is encrypted.

use std::io;

use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::ServerTls;
use crate::security::Certificate;

/// Why there is no encrypted connection.
#[derive(Debug, Error)]
pub enum HandshakeError {
    /// The client speaks HTTP without TLS; its connection, from which nothing was read.
    #[error("the client speaks no TLS")]
    Plain(TcpStream),
    /// The client went away, speaks no version of TLS that is spoken here, or has no certificate
    /// that is taken.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

impl ServerTls {
    /// Makes the handshake, and tells who the client is by its certificate. It takes as long as
    /// the client lets it: the caller limits the time.
    pub async fn handshake(
        &self,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Certificate), HandshakeError> {
        let mut first = [0];
        // A handshake begins with 22, a request with the letter of its method.
        if stream.peek(&mut first).await? == 1 && first[0].is_ascii_alphabetic() {
            return Err(HandshakeError::Plain(stream));
        }
        let current = self.current();
        let acceptor = TlsAcceptor::from(current.config.clone());
        let stream = acceptor.accept(stream).await?;
        let (_, session) = stream.get_ref();
        let own = session.peer_certificates().and_then(<[_]>::first);
        let certificate = own.map_or(Certificate::None, |der| current.clients.judge(der));
        Ok((stream, certificate))
    }
}
