//! `/api/metrics` and `/api/plugins`.

use std::sync::Arc;

use warp::{Filter, filters::BoxedFilter, reply::Response};

use super::{json, with};
use crate::{
    http::{
        encoding::{self, Coding},
        methods,
    },
    monitor::Monitor,
    registry::{Selection, json as metrics_json},
};

pub(super) fn routes(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    let metrics = warp::path!("api" / "metrics")
        .and(methods::get("api_metrics"))
        .and(with(monitor))
        .and(encoding::wanted())
        .map(|monitor: Arc<Monitor>, coding: Coding| {
            let snapshot = monitor.snapshot();
            let body = metrics_json::encode(&snapshot.select(&Selection::All));
            coding.answer("application/json", body)
        });
    let plugins = warp::path!("api" / "plugins")
        .and(methods::get("api_plugins"))
        .and(with(monitor))
        .and(encoding::wanted())
        .map(|monitor: Arc<Monitor>, coding: Coding| json(coding, &monitor.rows()));
    metrics.or(plugins).unify().boxed()
}
