//! Which methods a path takes, and the name of the route for the metrics.
//!
//! These filters come right after the whole path:
//! `warp::path!("metrics").and(methods::get("metrics"))`. A method that no route of the path takes
//! is answered 405 with all the methods that some route of it does take.

use std::{convert::Infallible, fmt, future};

use http::Method;
use warp::{Filter, Rejection, reject::Reject};

use super::record::Record;

/// GET and HEAD. The listener drops the body of an answer to HEAD.
pub fn get(route: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Copy {
    only(route, Methods::GET)
}

/// POST.
pub fn post(route: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Copy {
    only(route, Methods::POST)
}

/// PUT.
pub fn put(route: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Copy {
    only(route, Methods::PUT)
}

/// DELETE.
pub fn delete(route: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Copy {
    only(route, Methods::DELETE)
}

/// Any method, for a route that decides by itself.
pub fn any(route: &'static str) -> impl Filter<Extract = (), Error = Infallible> + Copy {
    record()
        .map(move |record: Record| record.reached(route, Methods::NONE))
        .untuple_one()
}

fn only(
    route: &'static str,
    methods: Methods,
) -> impl Filter<Extract = (), Error = Rejection> + Copy {
    warp::method()
        .and(record())
        .and_then(move |method: Method, record: Record| {
            record.reached(route, methods);
            future::ready(if methods.contain(&method) {
                Ok(())
            } else {
                Err(warp::reject::custom(MethodRefused(record)))
            })
        })
        .untuple_one()
}

/// The record of the request; a fresh one where routes run without a listener.
fn record() -> impl Filter<Extract = (Record,), Error = Infallible> + Copy {
    warp::ext::optional::<Record>().map(Option::unwrap_or_default)
}

/// Rejection of a request whose path matched and whose method did not. The record gathers what
/// all routes of the path take, so it is complete once the last of them has rejected.
#[derive(Debug)]
pub(super) struct MethodRefused(pub(super) Record);

impl Reject for MethodRefused {}

/// A set of methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Methods(u8);

impl Methods {
    pub(super) const NONE: Self = Self(0);
    /// GET brings HEAD with it.
    pub(super) const GET: Self = Self(0b0011);
    pub(super) const POST: Self = Self(0b0100);
    pub(super) const PUT: Self = Self(0b1000);
    pub(super) const DELETE: Self = Self(0b1_0000);

    /// Each method in the order of its bit.
    const NAMES: [&'static str; 5] = ["GET", "HEAD", "POST", "PUT", "DELETE"];

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let bits = self.0;
        (0..)
            .zip(Self::NAMES)
            .filter_map(move |(bit, name)| (bits >> bit & 1 == 1).then_some(name))
    }

    fn contain(self, method: &Method) -> bool {
        self.names().any(|name| name == method.as_str())
    }
}

/// As an `Allow` header has them.
impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for name in self.names() {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_set_shows_as_an_allow_header_and_contains_what_it_shows() {
        let set = Methods::GET.and(Methods::POST);
        assert_eq!(set.to_string(), "GET, HEAD, POST");
        assert_eq!(Methods::NONE.to_string(), "");
        assert_eq!(Methods::DELETE.and(Methods::PUT).to_string(), "PUT, DELETE");
        for method in [Method::GET, Method::HEAD, Method::POST] {
            assert!(set.contain(&method), "{method}");
        }
        for method in [
            Method::PUT,
            Method::OPTIONS,
            Method::from_bytes(b"get").unwrap(),
        ] {
            assert!(!set.contain(&method), "{method}");
        }
    }
}
