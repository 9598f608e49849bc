//! `/api/health/history`: what has become of checks.

use std::sync::Arc;

use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};

use super::{json, query, with};
use crate::{
    http::{
        Failure,
        encoding::{self, Coding},
        methods,
    },
    monitor::Monitor,
};

/// So many changes are told where nobody asks for another number.
const USUAL: usize = 100;

/// What the query says.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    check: Option<String>,
    limit: usize,
}

pub(super) fn route(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "health" / "history")
        .and(methods::get("api_health_history"))
        .and(with(monitor))
        .and(encoding::wanted())
        .and(query())
        .map(
            |monitor: Arc<Monitor>, coding: Coding, query: String| match Asked::read(&query) {
                Ok(Asked { check, limit }) => {
                    json(coding, &monitor.health.history(check.as_deref(), limit))
                }
                Err(failure) => failure.into_response(),
            },
        )
        .boxed()
}

impl Asked {
    fn read(query: &str) -> Result<Self, Failure> {
        let mut asked = Self {
            check: None,
            limit: USUAL,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "check" => asked.check = Some(value.into_owned()),
                "limit" => {
                    asked.limit = value.parse().map_err(|_| {
                        Failure::bad_request("limit is no number", "ask with ?limit=100")
                    })?;
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_query_says_of_which_check_and_how_many() {
        let read = |query| Asked::read(query).map_err(drop);
        let asked = |check: Option<&str>, limit| {
            let check = check.map(str::to_owned);
            Ok(Asked { check, limit })
        };
        assert_eq!(read(""), asked(None, USUAL));
        assert_eq!(read("check=a%2Fb&limit=5&other"), asked(Some("a/b"), 5));
        assert_eq!(read("limit=-1"), Err(()));
    }
}
