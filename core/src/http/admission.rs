//! From an accepted connection to one that is served.

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpStream, select, time::timeout};
use tokio_rustls::server::TlsStream;

use super::{
    Peer, Refusal, Stopping, connection,
    exchange::Context,
    turn_away::{Farewell, turn_away},
};
use crate::security::{Certificate, HandshakeError, ServerTls};

/// Serves an accepted connection to its end, after the handshake where the listener speaks TLS.
pub(super) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    context: Arc<Context>,
    mut stopping: Stopping,
) {
    context.observer.accepted();
    let _closed = Closed(&context);
    let peer = Peer::at(address);
    let Some(tls) = &context.tls else {
        let served = Arc::clone(&context);
        return connection::serve(stream, peer, Certificate::None, served, stopping).await;
    };
    let shaken = select! {
        shaken = handshake(tls, stream, address, &context) => shaken,
        () = stopping.begun() => None,
    };
    if let Some((stream, certificate)) = shaken {
        let served = Arc::clone(&context);
        connection::serve(stream, peer, certificate, served, stopping).await;
    }
}

/// Makes the handshake; counts what does not come to one.
async fn handshake(
    tls: &ServerTls,
    stream: TcpStream,
    address: SocketAddr,
    context: &Context,
) -> Option<(TlsStream<TcpStream>, Certificate)> {
    let refused = |reason| {
        context.observer.refused(reason);
        None
    };
    match timeout(context.limits.header_time, tls.handshake(stream)).await {
        Ok(Ok(encrypted)) => Some(encrypted),
        Ok(Err(HandshakeError::Plain(stream))) => {
            turn_away(stream, Farewell::NeedsTls).await;
            refused(Refusal::TlsMissing)
        }
        Ok(Err(HandshakeError::Failed(error))) => {
            tracing::debug!(%error, %address, "a TLS handshake failed");
            refused(Refusal::TlsHandshake)
        }
        Err(_) => refused(Refusal::TlsHandshake),
    }
}

/// Says that the connection is closed, however it came to that.
struct Closed<'a>(&'a Context);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.observer.closed();
    }
}
