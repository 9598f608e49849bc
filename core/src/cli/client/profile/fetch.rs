//! From a node to the profile's bytes.

use bytes::Bytes;

use super::{
    arguments::{Manner, PORT},
    order::Order,
    waiting::Waiting,
};
use crate::{
    cli::client::interrupt::Interrupt,
    client::{Client, ClientError, Node, Trouble},
    config::{Config, Tls},
    security::SecurityError,
};

/// What came of it.
pub(super) enum Fetched {
    /// The whole profile.
    Whole {
        /// Whose it is.
        node: Node,
        /// The profile, compressed.
        bytes: Bytes,
    },
    /// Somebody asked to end.
    Interrupted,
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// Ctrl-C could not be followed.
    #[error("cannot follow signals: {0}")]
    Signals(std::io::Error),
    /// Nobody listens.
    #[error(
        "connection refused at {0}: start gaxx-mon or `gaxx-mon agent` there, or say with --node where it serves its pages: profiles are on its profiling port (6060, which is left out where that was in use) and on its monitoring port (9090, an agent's 9091)"
    )]
    Refused(String),
    /// What answers is something else.
    #[error(
        "{place}: what answers there is no gaxx-mon ({found}): look at host and port, and at http or https; profiles are on the monitoring port (9090, an agent's 9091) as well"
    )]
    Stranger {
        /// Where.
        place: String,
        /// What was found.
        found: String,
    },
    /// Everything else.
    #[error(transparent)]
    Node(ClientError),
}

/// Whom to ask, one after the other as long as nobody listens.
pub(super) fn nodes(manner: &Manner, config: &Config) -> Result<Vec<Client>, SecurityError> {
    let token = manner.identity.token(config)?;
    let nodes = match &manner.node {
        Some(node) => vec![node.clone()],
        None => own(config),
    };
    let clients = nodes.iter();
    clients
        .map(|node| manner.identity.client(node, token.clone(), config))
        .collect()
}

/// Where this machine's gaxx-mon and its agent serve profiles, as the configuration has it.
fn own(config: &Config) -> Vec<Node> {
    let places = [
        (config.profiling.port.unwrap_or(PORT), &config.profiling.tls),
        (config.telemetry.monitoring_port, &config.server.tls),
        (config.agent.monitoring_port, &config.server.tls),
    ];
    let places = places.into_iter();
    places.filter_map(|(port, tls)| local(port, tls)).collect()
}

/// A port of this machine. Port 0 is one that nobody can tell.
fn local(port: u16, tls: &Tls) -> Option<Node> {
    let scheme = if tls.certificate.is_some() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://127.0.0.1:{port}").parse().ok()
}

/// Fetches the profile, and shows meanwhile how long it still takes. An interruption closes the
/// connection, at which the node ends it.
pub(super) async fn fetch(nodes: &[Client], order: &Order) -> Result<Fetched, FetchError> {
    let mut interrupt = Interrupt::new().map_err(FetchError::Signals)?;
    let mut refused = Vec::new();
    for client in nodes {
        let waiting = Waiting::new(client.node(), order);
        let answer = tokio::select! {
            answer = client.profile(order.name, &order.query, order.takes) => answer,
            () = interrupt.next() => {
                drop(waiting);
                eprintln!("gaxx-mon: interrupted; the node ends the profile");
                return Ok(Fetched::Interrupted);
            }
            never = waiting.forever() => never,
        };
        match answer {
            Ok(bytes) => {
                let node = client.node().clone();
                return Ok(Fetched::Whole { node, bytes });
            }
            Err(error) if matches!(error.trouble, Trouble::Refused) => refused.push(error.place()),
            Err(error) => return Err(explained(error)),
        }
    }
    Err(FetchError::Refused(refused.join(", ")))
}

/// An error in words that fit profiles rather than an agent's API.
fn explained(error: ClientError) -> FetchError {
    let place = error.place();
    match error.trouble {
        Trouble::NotAgent(found) => FetchError::Stranger { place, found },
        _ => FetchError::Node(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{net::TcpListener, path::PathBuf};

    use super::*;
    use crate::client::{Channel, Limits, Plain};

    fn client(port: u16) -> Client {
        let node = local(port, &Tls::default()).unwrap();
        Client::new(
            node,
            Channel::Plain(Plain::Loopback),
            None,
            Limits::default(),
        )
    }

    fn bound() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    /// A listener that says this to the first who comes.
    fn says(answer: &'static str) -> u16 {
        use std::io::{Read, Write};
        let (listener, port) = bound();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        port
    }

    #[test]
    fn this_machine_is_asked_where_its_configuration_has_it() {
        let shown = |config: &Config| {
            let nodes = own(config);
            nodes.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let mut config = Config::default();
        let usual = ["127.0.0.1:6060", "127.0.0.1:9090", "127.0.0.1:9091"];
        assert_eq!(shown(&config), usual);
        config.profiling.port = Some(0);
        config.telemetry.monitoring_port = 99;
        config.server.tls.certificate = Some(PathBuf::from("x"));
        assert_eq!(shown(&config), ["127.0.0.1:99", "127.0.0.1:9091"]);
        let first = own(&config)[0].clone();
        assert_eq!(first.scheme(false), crate::client::Scheme::Https);
    }

    #[tokio::test]
    async fn the_next_is_asked_where_nobody_listens() {
        let port = says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        let (listener, free) = bound();
        drop(listener);
        let clients = [client(free), client(port)];
        match fetch(&clients, &Order::tasks()).await.unwrap() {
            Fetched::Whole { node, bytes } => {
                assert_eq!((node.port(), bytes.as_ref()), (port, &b"hi"[..]));
            }
            Fetched::Interrupted => panic!("nobody did"),
        }
        let error = fetch(&clients[..1], &Order::tasks()).await.err().unwrap();
        let error = error.to_string();
        assert!(
            error.contains(&free.to_string()) && error.contains("--node"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn what_is_no_gaxx_mon_is_called_so() {
        let port = says("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
        let error = fetch(&[client(port)], &Order::tasks()).await.err().unwrap();
        assert!(error.to_string().contains("is no gaxx-mon"), "{error}");
    }
}
