//! `/health` and `/api/health`: what checks said last. No check runs for a request.

use std::{convert::Infallible, sync::Arc};

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, VARY},
};
use warp::{Filter, filters::BoxedFilter, reply::Response};

use super::{json, query, with};
use crate::{
    health::{Draft, MEDIA_TYPE, Report},
    http::{
        encoding::{self, Coding},
        methods,
        quality::alternatives,
    },
    monitor::Monitor,
};

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// That of the first program.
    Own,
    /// That of the draft on health checks, for who asks for it by name.
    Draft,
}

pub(super) fn routes(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    let probe = warp::path!("health")
        .and(methods::get("health"))
        .and(with(monitor))
        .and(encoding::wanted())
        .and(form())
        .and(tags())
        .map(|monitor: Arc<Monitor>, coding, form, tags: Vec<String>| {
            answer(&monitor.health.report_of(&tags), coding, form, true)
        });
    let api = warp::path!("api" / "health")
        .and(methods::get("api_health"))
        .and(with(monitor))
        .and(encoding::wanted())
        .and(form())
        .and(tags())
        .map(|monitor: Arc<Monitor>, coding, form, tags: Vec<String>| {
            let report = monitor.health.report_of(&tags);
            // The draft wants its status in the answer's, too.
            answer(&report, coding, form, form == Form::Draft)
        });
    probe.or(api).unify().boxed()
}

/// The tags that are asked for: `?tag=a&tag=b`.
fn tags() -> impl Filter<Extract = (Vec<String>,), Error = Infallible> + Copy {
    query().map(|query: String| {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let tags = pairs.filter(|(name, _)| name == "tag");
        tags.map(|(_, tag)| tag.into_owned()).collect()
    })
}

fn answer(report: &Report, coding: Coding, form: Form, tells: bool) -> Response {
    let mut response = match form {
        Form::Own => json(coding, report),
        // What is shown has keys that are text, so it always serialises.
        Form::Draft => coding.answer(
            MEDIA_TYPE,
            serde_json::to_vec(&Draft::of(report)).unwrap_or_default(),
        ),
    };
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Accept"));
    if tells && report.status == "unhealthy" {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// The form that the request asks for: the draft's where it is wanted at least as much as JSON.
fn form() -> impl Filter<Extract = (Form,), Error = Infallible> + Copy {
    warp::header::headers_cloned().map(|headers: HeaderMap| wanted(&headers))
}

fn wanted(headers: &HeaderMap) -> Form {
    let asked = alternatives(headers, ACCEPT);
    let weight = |name: &str| {
        let named = asked.iter().filter(|one| one.is(name));
        named.map(|one| one.weight).max()
    };
    match (weight(MEDIA_TYPE), weight("application/json")) {
        (Some(draft @ 1..), own) if own.is_none_or(|own| draft >= own) => Form::Draft,
        _ => Form::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draft_is_for_who_asks_for_it() {
        let wanted = |accept: &'static str| {
            wanted(
                &[(ACCEPT, HeaderValue::from_static(accept))]
                    .into_iter()
                    .collect(),
            )
        };
        for accept in [
            "application/health+json",
            "application/health+json, application/json",
            "application/json;q=0.5, application/health+json;q=0.9",
        ] {
            assert_eq!(wanted(accept), Form::Draft, "{accept}");
        }
        for accept in [
            "*/*",
            "application/json",
            "application/json, application/health+json;q=0.5",
            "application/health+json;q=0",
        ] {
            assert_eq!(wanted(accept), Form::Own, "{accept}");
        }
    }
}
