//! `/health` and `/api/health`: what checks said last. No check runs for a request.

use std::sync::Arc;

use http::StatusCode;
use warp::{Filter, filters::BoxedFilter, reply::Response};

use super::{json, with};
use crate::{
    http::{
        encoding::{self, Coding},
        methods,
    },
    monitor::Monitor,
};

pub(super) fn routes(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    let probe = warp::path!("health")
        .and(methods::get("health"))
        .and(with(monitor))
        .and(encoding::wanted())
        .map(|monitor: Arc<Monitor>, coding: Coding| {
            let report = monitor.health.report();
            let mut response = json(coding, &report);
            if report.status == "unhealthy" {
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            }
            response
        });
    let api = warp::path!("api" / "health")
        .and(methods::get("api_health"))
        .and(with(monitor))
        .and(encoding::wanted())
        .map(|monitor: Arc<Monitor>, coding: Coding| json(coding, &monitor.health.report()));
    probe.or(api).unify().boxed()
}
