//! `/livez`, `/readyz` and `/startupz`, as Kubernetes' own servers have them.
//!
//! `?verbose` tells of each check, `?exclude=NAME` leaves one out, and a path below, such as
//! `/readyz/system/memory`, asks for one alone.
//! <https://kubernetes.io/docs/reference/using-api/health-checks/>

use std::{convert::Infallible, fmt::Write as _, sync::Arc};

use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};

use super::{lifecycle::HEALTHY, query, with};
use crate::{
    config::CheckSeverity,
    health::CheckReport,
    http::{Failure, methods},
    monitor::Monitor,
};

/// The check whether each collector has delivered or missed its first deadline.
const COLLECTORS: &str = "collectors";

/// One thing that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    name: String,
    /// What is wrong; nothing where nothing is.
    fault: Option<String>,
}

/// What the query says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Asked {
    verbose: bool,
    exclude: Vec<String>,
}

/// `/livez`, which touches nothing.
pub(super) fn live() -> BoxedFilter<(Response,)> {
    warp::path!("livez" / ..)
        .and(alone())
        .and(methods::get(HEALTHY))
        .and(asked())
        .map(|alone: String, asked: Asked| {
            let checks = vec![Check::passed("ping")];
            answer("livez", checks, &alone, &asked)
        })
        .boxed()
}

/// `/readyz` and `/startupz`.
pub(super) fn routes(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    let ready = warp::path!("readyz" / ..)
        .and(alone())
        .and(methods::get("readyz"))
        .and(with(monitor))
        .and(asked())
        .map(|alone: String, monitor: Arc<Monitor>, asked: Asked| {
            let mut checks = vec![collectors(&monitor)];
            checks.extend(
                monitor
                    .health
                    .report()
                    .checks
                    .into_iter()
                    .map(|check| Check {
                        fault: fails(&check).then_some(check.message),
                        name: check.name,
                    }),
            );
            answer("readyz", checks, &alone, &asked)
        });
    let started = warp::path!("startupz" / ..)
        .and(alone())
        .and(methods::get("startupz"))
        .and(with(monitor))
        .and(asked())
        .map(|alone: String, monitor: Arc<Monitor>, asked: Asked| {
            answer("startupz", vec![collectors(&monitor)], &alone, &asked)
        });
    ready.or(started).unify().boxed()
}

/// Only what is critical and not silenced keeps requests away.
fn fails(check: &CheckReport) -> bool {
    check.status == "unhealthy" && !check.silenced && check.severity == CheckSeverity::Critical
}

impl Check {
    fn passed(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            fault: None,
        }
    }
}

fn collectors(monitor: &Monitor) -> Check {
    let fault = "not every collector has delivered yet; GET /api/plugins shows which are missing";
    Check {
        name: COLLECTORS.to_owned(),
        fault: (!monitor.is_ready()).then(|| fault.to_owned()),
    }
}

/// The one check that the path asks for; empty where it asks for all.
fn alone() -> impl Filter<Extract = (String,), Error = Infallible> + Copy {
    warp::path::tail().map(|tail: warp::path::Tail| tail.as_str().trim_end_matches('/').to_owned())
}

fn asked() -> impl Filter<Extract = (Asked,), Error = Infallible> + Copy {
    query().map(|query: String| Asked::read(&query))
}

impl Asked {
    fn read(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "verbose" => asked.verbose = !matches!(&*value, "0" | "false"),
                "exclude" => asked.exclude.extend(value.split(',').map(str::to_owned)),
                _ => {}
            }
        }
        asked.exclude.retain(|name| !name.is_empty());
        asked
    }
}

fn answer(probe: &str, mut checks: Vec<Check>, alone: &str, asked: &Asked) -> Response {
    if !alone.is_empty() {
        checks.retain(|check| check.name == alone);
        if checks.is_empty() {
            let fault = format!("{probe} has no check {alone}");
            return Failure::new(StatusCode::NOT_FOUND, fault, "GET ?verbose lists them")
                .into_response();
        }
    }
    let mut lines = String::new();
    let mut failed = false;
    for Check { name, fault } in &checks {
        // Writing to a text cannot fail.
        let _ = if asked.exclude.contains(name) {
            writeln!(lines, "[+]{name} excluded: ok")
        } else if let Some(fault) = fault {
            failed = true;
            writeln!(lines, "[-]{name} failed: {fault}")
        } else {
            writeln!(lines, "[+]{name} ok")
        };
    }
    let is_known = |name: &&String| !checks.iter().any(|check| check.name == **name);
    for unknown in asked.exclude.iter().filter(is_known) {
        // What was asked for is shown as text only.
        let unknown = unknown.escape_debug();
        let _ = writeln!(lines, "warn: no check \"{unknown}\" to exclude");
    }
    let verdict = if failed { "failed" } else { "passed" };
    let _ = writeln!(lines, "{probe} check {verdict}");
    let body = if failed || asked.verbose {
        lines
    } else {
        "ok".to_owned()
    };
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if failed {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn checks() -> Vec<Check> {
        let failed = Check {
            name: "system/disk".to_owned(),
            fault: Some("full".to_owned()),
        };
        vec![Check::passed("collectors"), failed]
    }

    async fn said(alone: &str, query: &str) -> (u16, String) {
        let response = answer("readyz", checks(), alone, &Asked::read(query));
        let status = response.status().as_u16();
        let body = response
            .into_body()
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes);
        let body = body.map(|body| String::from_utf8_lossy(&body).into_owned());
        (status, body.unwrap_or_default())
    }

    #[tokio::test]
    async fn a_check_that_failed_is_told_unless_it_is_left_out() {
        let all = "[+]collectors ok\n[-]system/disk failed: full\nreadyz check failed\n";
        assert_eq!(said("", "").await, (503, all.to_owned()));
        assert_eq!(
            said("", "exclude=system/disk").await,
            (200, "ok".to_owned())
        );
        let verbose = "[+]collectors ok\n[+]system/disk excluded: ok\n\
                       warn: no check \"x\" to exclude\nreadyz check passed\n";
        let query = "verbose&exclude=system%2Fdisk&exclude=x";
        assert_eq!(said("", query).await, (200, verbose.to_owned()));
    }

    #[tokio::test]
    async fn one_check_can_be_asked_for_alone() {
        assert_eq!(said("collectors", "").await, (200, "ok".to_owned()));
        assert_eq!(said("system/disk", "").await.0, 503);
        assert_eq!(said("nothing", "").await.0, 404);
    }
}
