//! From a node to a connection that speaks HTTP/1.1.

use std::{io, net::SocketAddr, time::Duration};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustix::net::sockopt;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::AbortHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    body::Body,
    error::{ClientError, Trouble},
    hearing::Hearing,
    node::{Node, Scheme},
    tls_trouble,
};
use crate::{
    security::{ClientTls, ClientTlsFiles, SecurityError},
    task,
};

/// How long a connection may be silent before the system asks whether the other end is there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How long the system goes on sending to an end that acknowledges nothing, in milliseconds.
const UNACKNOWLEDGED: u32 = 30_000;

/// Where plain HTTP may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// To loopback addresses.
    Loopback,
    /// To everywhere: who asks for it says so.
    Anywhere,
}

/// How a node is spoken to.
#[derive(Debug, Clone)]
pub enum Channel {
    /// By plain HTTP.
    Plain(Plain),
    /// Over TLS.
    Tls(ClientTls),
}

impl Channel {
    /// The way to a node: by its scheme, and with TLS where the caller has files for it.
    pub fn to(node: &Node, files: &ClientTlsFiles, plain: Plain) -> Result<Self, SecurityError> {
        Ok(match node.scheme(files.any()) {
            Scheme::Http => Self::Plain(plain),
            Scheme::Https => Self::Tls(ClientTls::read(files)?),
        })
    }
}

/// A connection. It closes when it is dropped, whatever is in flight.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) requests: SendRequest<Body>,
    pub(super) address: SocketAddr,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Whether the token may go over it.
    pub(super) fn keeps_secrets(&self, channel: &Channel) -> bool {
        matches!(channel, Channel::Tls(_)) || self.address.ip().to_canonical().is_loopback()
    }
}

/// Connects within `patience`, the handshakes included.
pub(super) async fn connect(
    node: &Node,
    channel: &Channel,
    patience: Duration,
) -> Result<Connection, ClientError> {
    let mut address = None;
    let connected = timeout(patience, establish(node, channel, &mut address)).await;
    let connected = connected.unwrap_or(Err(Trouble::Silent {
        what: "connecting",
        after: patience,
    }));
    connected.map_err(|trouble| ClientError {
        node: Box::new(node.clone()),
        address,
        trouble,
    })
}

async fn establish(
    node: &Node,
    channel: &Channel,
    address: &mut Option<SocketAddr>,
) -> Result<Connection, Trouble> {
    let stream = reach(node, channel, address).await?;
    let address = address.expect("a stream has an address");
    // What does not work here costs only speed, or is noticed later.
    let _ = stream.set_nodelay(true);
    let _ = keep_alive(&stream);
    let stream = Hearing::new(stream);
    let Channel::Tls(tls) = channel else {
        return speak(stream, address).await;
    };
    let name = ServerName::try_from(node.host().to_owned()).map_err(|_| Trouble::Tls {
        what: format!("{:?} can be in no certificate", node.host()),
        remedy: "give the node's name as its certificate has it",
    })?;
    let secured = TlsConnector::from(tls.config()).connect(name, stream).await;
    speak(
        secured.map_err(|error| tls_trouble::of(&error, node))?,
        address,
    )
    .await
}

/// The first of the node's addresses that answers.
async fn reach(
    node: &Node,
    channel: &Channel,
    at: &mut Option<SocketAddr>,
) -> Result<TcpStream, Trouble> {
    let found = lookup_host((node.host(), node.port())).await;
    let mut last = Trouble::NoAddress(io::ErrorKind::NotFound.into());
    for address in found.map_err(Trouble::NoAddress)? {
        *at = Some(address);
        // The address decides, not the name: a name may lead anywhere.
        let loopback = address.ip().to_canonical().is_loopback();
        if matches!(channel, Channel::Plain(Plain::Loopback)) && !loopback {
            return Err(Trouble::Plain);
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                last = Trouble::Refused;
            }
            Err(error) => last = Trouble::Unreachable(error),
        }
    }
    Err(last)
}

/// A peer that went without a word is noticed within about half a minute.
fn keep_alive(stream: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEPALIVE)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE / 3)?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    sockopt::set_tcp_user_timeout(stream, UNACKNOWLEDGED)
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    address: SocketAddr,
) -> Result<Connection, Trouble> {
    let handshake = http1::Builder::new()
        .max_buf_size(512 * 1024)
        .handshake(TokioIo::new(stream));
    let (requests, connection) = handshake.await.map_err(|error| Trouble::Lost {
        during: "at its start",
        why: error.to_string(),
    })?;
    // Its errors come to the request that is in flight.
    let task = task::spawn("connection", connection).abort_handle();
    Ok(Connection {
        requests,
        address,
        task,
    })
}
