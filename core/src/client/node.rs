//! Where an agent is.

use std::{fmt, net::IpAddr, str::FromStr};

/// The agents' port where none is said.
const PORT: u16 = 8088;

/// How an agent is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Readable for everybody on the way.
    Http,
    /// Over TLS.
    Https,
}

/// Where an agent is: `HOST`, `HOST:PORT`, `http://HOST[:PORT]` or `https://HOST[:PORT]`. An IPv6
/// address stands in brackets where a port follows. Without a port it is 8088.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    scheme: Option<Scheme>,
    host: String,
    port: u16,
}

/// A text that does not say where an agent is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no node: {why}; write HOST, HOST:PORT, http://HOST:PORT or https://HOST:PORT")]
pub struct NodeError {
    text: String,
    why: &'static str,
}

impl Node {
    /// The node that a text names, with this port where it says none.
    pub fn parse(text: &str, port: u16) -> Result<Self, NodeError> {
        parse(text, port).map_err(|why| NodeError {
            text: text.to_owned(),
            why,
        })
    }

    /// The name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How it is spoken to: as it is said; else plainly on this machine, and over TLS elsewhere and
    /// where the caller has `tls` of its own.
    pub fn scheme(&self, tls: bool) -> Scheme {
        match self.scheme {
            Some(scheme) => scheme,
            None if self.is_loopback() && !tls => Scheme::Http,
            None => Scheme::Https,
        }
    }

    /// Whether it names this machine: a loopback address or `localhost`. What other names resolve
    /// to is not asked.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        address.map_or_else(
            |_| self.host.eq_ignore_ascii_case("localhost"),
            |address| address.is_loopback(),
        )
    }
}

impl fmt::Display for Node {
    /// As `HOST:PORT`, as it stands in a request's `Host` too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Node {
    type Err = NodeError;

    fn from_str(text: &str) -> Result<Self, NodeError> {
        Self::parse(text, PORT)
    }
}

fn parse(text: &str, usual: u16) -> Result<Node, &'static str> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(Scheme::Http), rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(Scheme::Https), rest),
        Some(_) => return Err("its scheme is neither http nor https"),
        None => (None, text),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = host_and_port(rest)?;
    if host.parse::<IpAddr>().is_err() && !is_name(host) {
        return Err("its host is neither an address nor a name");
    }
    let port = match port {
        None => usual,
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => return Err("its port is not a number from 1 to 65535"),
            Ok(port) => port,
        },
    };
    Ok(Node {
        scheme,
        host: host.to_owned(),
        port,
    })
}

fn host_and_port(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("its bracket is not closed")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err("what follows its bracket is no port"),
        };
    }
    match text.split_once(':') {
        // More than one colon: an IPv6 address by itself.
        Some((_, rest)) if rest.contains(':') => Ok((text, None)),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((text, None)),
    }
}

/// Whether a text may be a host's name: letters, digits, dots, dashes and underscores, at most 253.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= 253 && !text.starts_with('-') && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn node(text: &str) -> Node {
        text.parse().unwrap()
    }

    #[test]
    fn host_port_and_scheme_are_read() {
        for (text, scheme, shown) in [
            ("db1", Scheme::Https, "db1:8088"),
            ("localhost:99", Scheme::Http, "localhost:99"),
            ("http://db1", Scheme::Http, "db1:8088"),
            (
                "HTTPS://db1.example.org:443/",
                Scheme::Https,
                "db1.example.org:443",
            ),
            ("::1", Scheme::Http, "[::1]:8088"),
            ("[fe80::1]:1", Scheme::Https, "[fe80::1]:1"),
            ("https://[::1]", Scheme::Https, "[::1]:8088"),
        ] {
            let node = node(text);
            assert_eq!(
                (node.scheme(false), node.to_string().as_str()),
                (scheme, shown)
            );
        }
        assert_eq!(Node::parse("db1", 6060).unwrap().port(), 6060);
        assert_eq!(Node::parse("db1:1", 6060).unwrap().port(), 1);
        assert_eq!(node("localhost").scheme(true), Scheme::Https);
        assert_eq!(node("http://localhost").scheme(true), Scheme::Http);
    }

    #[test]
    fn what_is_no_node_is_refused_with_its_text() {
        for text in [
            "",
            ":1",
            "db1:",
            "db1:0",
            "db1:65536",
            "db1:x",
            "ftp://db1",
            "http://",
            "http://u@db1",
            "http://db1/v0",
            "[::1",
            "[::1]x",
            "a b",
            "-x",
            "a:b:c",
            "db1?x",
            "db\n1",
        ] {
            let error = text.parse::<Node>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?} is no node")), "{error}");
        }
    }

    #[test]
    fn loopback_is_told_by_address_and_by_localhost() {
        for text in [
            "127.0.0.1",
            "127.9.8.7:1",
            "::1",
            "localhost",
            "LocalHost:1",
        ] {
            assert!(node(text).is_loopback(), "{text}");
        }
        for text in [
            "10.0.0.1",
            "localhost.example.org",
            "db1",
            "::2",
            "128.0.0.1",
        ] {
            assert!(!node(text).is_loopback(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_node_or_an_error(text in ".{0,60}") {
            if let Ok(node) = text.parse::<Node>() {
                let again: Node = node.to_string().parse().unwrap();
                prop_assert_eq!(again.host(), node.host());
            }
        }
    }
}
