//! The pages of the monitoring listener.

mod api;
mod dashboard;
mod endpoints;
mod events;
mod health;
mod index;
mod lifecycle;
mod metrics;

use std::sync::Arc;

use serde::Serialize;
use warp::{Filter, filters::BoxedFilter, reply::Response};

use super::{BodyLimits, encoding::Coding};
use crate::monitor::Monitor;

/// The listener's name in the manifests of plugins.
const MONITORING: &str = "monitoring";

/// All pages of the monitoring listener; those of plugins come last, so that none can take the
/// place of core's own.
pub fn monitoring(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    index::route()
        .or(health::routes(monitor))
        .unify()
        .or(metrics::route(monitor))
        .unify()
        .or(api::routes(monitor))
        .unify()
        .or(dashboard::routes())
        .unify()
        .or(events::route(monitor))
        .unify()
        .or(lifecycle::routes(monitor))
        .unify()
        .or(endpoints::route(monitor, MONITORING))
        .unify()
        .boxed()
}

/// The body limits of the monitoring listener beside the usual one.
pub fn monitoring_body_limits(monitor: &Arc<Monitor>) -> BodyLimits {
    endpoints::body_limits(monitor, MONITORING)
}

/// Hands the monitor to a handler.
fn with(
    monitor: &Arc<Monitor>,
) -> impl Filter<Extract = (Arc<Monitor>,), Error = std::convert::Infallible> + Clone + use<> {
    let monitor = Arc::clone(monitor);
    warp::any().map(move || Arc::clone(&monitor))
}

/// An answer in JSON.
fn json(coding: Coding, value: &impl Serialize) -> Response {
    // Nothing that is shown has keys that are not text, so it always serialises.
    let body = serde_json::to_vec(value).unwrap_or_default();
    coding.answer("application/json", body)
}
