//! Keeps web pages of other origins away from a listener.
//!
//! A page can let its own name point at 127.0.0.1 and then read what a loopback service answers
//! (DNS rebinding); the name it used stands in `Host`. And a page may send a form anywhere without
//! asking; its origin stands in `Origin`.

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap, Method, Request, StatusCode, Version,
    header::{HOST, ORIGIN},
    uri::Authority,
};

use super::{Failure, Refusal};

/// Decides for one listener which hosts and origins a request may name.
#[derive(Debug, Clone)]
pub struct HostGuard {
    loopback: bool,
    names: Vec<String>,
}

impl HostGuard {
    /// The guard of a listener at `address`. On a loopback address only loopback hosts may be
    /// named; elsewhere the listener cannot know its names, and any may.
    pub fn for_listener(address: SocketAddr) -> Self {
        Self {
            loopback: address.ip().to_canonical().is_loopback(),
            names: Vec::new(),
        }
    }

    /// Lets requests name these hosts too, as a proxy in front of the listener makes them do.
    #[must_use]
    pub fn with_names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names.extend(names);
        self
    }

    /// Refuses a request that names a host or comes from an origin it may not.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), (Refusal, Failure)> {
        let host = host(request).map_err(|failure| (Refusal::Host, failure))?;
        // An absolute target outranks the Host header, which then must be in order all the same.
        for named in [request.uri().authority(), host.as_ref()]
            .into_iter()
            .flatten()
        {
            if !self.answers_for(named) {
                return Err((Refusal::Host, misdirected(named)));
            }
        }
        let target = request.uri().authority().or(host.as_ref());
        if is_safe(request.method()) || is_same_origin(request.headers(), target) {
            return Ok(());
        }
        Err((Refusal::Origin, foreign()))
    }

    fn answers_for(&self, authority: &Authority) -> bool {
        if !self.loopback {
            return true;
        }
        let host = authority.host();
        // A name may precede the host with an @, where no client of ours puts one.
        !authority.as_str().contains('@')
            && (is_loopback(host)
                || self
                    .names
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(host)))
    }
}

/// The Host header: one, except in HTTP/2 and HTTP/1.0, where it may be missing.
fn host<B>(request: &Request<B>) -> Result<Option<Authority>, Failure> {
    let broken = |error| Failure::bad_request(error, "send one Host header with the server's name");
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes())
            .map(Some)
            .map_err(|_| broken("the Host header is not valid")),
        (Some(_), Some(_)) => Err(broken("the request has more than one Host header")),
        (None, _) if request.version() == Version::HTTP_11 => {
            Err(broken("the request has no Host header"))
        }
        (None, _) => Ok(None),
    }
}

fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    match literal.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host
            .strip_suffix('.')
            .unwrap_or(host)
            .eq_ignore_ascii_case("localhost"),
    }
}

/// Methods that change nothing. Their answers stay unreadable to a foreign page, since nothing
/// here grants it access.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether no origin is named, or the one that is the request's own target.
fn is_same_origin(headers: &HeaderMap, target: Option<&Authority>) -> bool {
    headers.get_all(ORIGIN).iter().all(|origin| {
        let named = origin.to_str().ok().and_then(|origin| {
            let (scheme, rest) = origin.split_once("://")?;
            let port = match scheme {
                "http" => 80,
                "https" => 443,
                _ => return None,
            };
            Some((rest.parse::<Authority>().ok()?, port))
        });
        let Some(((origin, default), target)) = named.zip(target) else {
            return false;
        };
        origin.host().eq_ignore_ascii_case(target.host())
            && origin.port_u16().unwrap_or(default) == target.port_u16().unwrap_or(default)
    })
}

fn misdirected(named: &Authority) -> Failure {
    Failure::new(
        StatusCode::MISDIRECTED_REQUEST,
        format!("this server listens on loopback and does not answer for the host {named}"),
        "ask for localhost or 127.0.0.1",
    )
}

fn foreign() -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "a page of another origin may change nothing here",
        "send the request from this server's own pages, or without an Origin header",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refusal(address: &str, request: http::request::Builder) -> Option<Refusal> {
        let guard = HostGuard::for_listener(address.parse().unwrap())
            .with_names(["proxy.example".to_owned()]);
        guard
            .check(&request.body(()).unwrap())
            .err()
            .map(|(reason, _)| reason)
    }

    fn to(host: &str) -> http::request::Builder {
        Request::post("/").header(HOST, host)
    }

    #[test]
    fn loopback_answers_for_loopback_names_only() {
        for host in [
            "localhost",
            "LocalHost:9090",
            "localhost.:1",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]:9090",
            "[::ffff:127.0.0.1]",
            "proxy.example:9",
        ] {
            assert_eq!(refusal("127.0.0.1:9090", to(host)), None, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0:9090",
            "10.0.0.1",
            "localhost@evil.example",
            "evil@localhost",
            "[::2]",
            "",
            "two words",
        ] {
            assert_eq!(
                refusal("[::1]:9090", to(host)),
                Some(Refusal::Host),
                "{host}"
            );
        }
    }

    #[test]
    fn any_name_will_do_off_loopback_but_there_must_be_just_one() {
        assert_eq!(refusal("0.0.0.0:9090", to("node7.example")), None);
        assert_eq!(
            refusal("0.0.0.0:9090", to("a").header(HOST, "b")),
            Some(Refusal::Host)
        );
        assert_eq!(refusal("0.0.0.0:1", Request::get("/")), Some(Refusal::Host));
        let old = Request::get("/").version(Version::HTTP_10);
        assert_eq!(refusal("127.0.0.1:1", old), None, "HTTP/1.0 has no Host");
    }

    #[test]
    fn an_absolute_target_counts_beside_the_header() {
        let absolute = |target: &str, host: &str| Request::get(target).header(HOST, host);
        for (target, host, refused) in [
            ("http://localhost:1/x", "localhost:1", None),
            ("http://evil.example/x", "localhost", Some(Refusal::Host)),
            ("http://localhost/x", "evil.example", Some(Refusal::Host)),
        ] {
            assert_eq!(
                refusal("127.0.0.1:1", absolute(target, host)),
                refused,
                "{target} {host}"
            );
        }
    }

    #[test]
    fn only_the_own_origin_changes_anything() {
        for (host, origin, refused) in [
            ("localhost:9090", "http://localhost:9090", false),
            ("localhost", "http://LOCALHOST", false),
            ("localhost", "http://localhost:80", false),
            ("localhost:443", "https://localhost", false),
            ("localhost:9090", "http://localhost", true),
            ("localhost:9090", "http://127.0.0.1:9090", true),
            ("localhost:9090", "http://evil.example", true),
            ("localhost:9090", "null", true),
            ("localhost:9090", "file://", true),
            ("localhost:9090", "", true),
        ] {
            let request = to(host).header(ORIGIN, origin);
            assert_eq!(
                refusal("127.0.0.1:9090", request).is_some(),
                refused,
                "{host} {origin}"
            );
            let read = Request::get("/").header(HOST, host).header(ORIGIN, origin);
            assert_eq!(refusal("127.0.0.1:9090", read), None, "reading {origin}");
        }
    }
}
