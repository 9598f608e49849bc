//! `/dashboard` and its parts.

use http::{HeaderValue, header};
use warp::{Filter, Reply, filters::BoxedFilter, path::Tail, reply::Response};

use crate::http::{
    Failure,
    encoding::{self, Coding},
    methods,
};

/// The page may load its own parts and nothing else, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! parts {
    ($($name:literal: $type:expr),* $(,)?) => {
        &[$(($name, $type, include_str!(concat!("../dashboard/", $name)))),*]
    };
}

/// Name, type and text of each part.
const PARTS: &[(&str, &str, &str)] = parts! {
    "style.css": CSS,
    "checks.js": SCRIPT,
    "connection.js": SCRIPT,
    "cost.js": SCRIPT,
    "dom.js": SCRIPT,
    "format.js": SCRIPT,
    "health.js": SCRIPT,
    "main.js": SCRIPT,
    "metrics.js": SCRIPT,
    "past.js": SCRIPT,
    "plugins.js": SCRIPT,
    "series.js": SCRIPT,
    "spark.js": SCRIPT,
    "status.js": SCRIPT,
    "stream.js": SCRIPT,
    "tab.js": SCRIPT,
    "theme.js": SCRIPT,
    "tiles.js": SCRIPT,
};

pub(super) fn routes() -> BoxedFilter<(Response,)> {
    let page = warp::path!("dashboard")
        .and(methods::get("dashboard"))
        .and(encoding::wanted())
        .map(|coding| answer(coding, HTML, include_str!("../dashboard/page.html")));
    let part = warp::path("dashboard")
        .and(warp::path::tail())
        .and(methods::get("dashboard_part"))
        .and(encoding::wanted())
        .map(|name: Tail, coding| {
            let part = PARTS.iter().find(|(own, _, _)| *own == name.as_str());
            match part {
                Some((_, content_type, text)) => answer(coding, content_type, text),
                None => Failure::not_found("the dashboard has no such part", "open /dashboard")
                    .into_response(),
            }
        });
    page.or(part).unify().boxed()
}

fn answer(coding: Coding, content_type: &'static str, text: &str) -> Response {
    let mut response = coding.answer(content_type, text.as_bytes().to_vec());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    // So that a newer program is not met with older parts.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
