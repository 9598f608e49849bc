//! The pages of the listeners.

mod api;
mod dashboard;
mod endpoints;
mod events;
mod health;
mod health_history;
mod index;
mod lifecycle;
mod metrics;
mod probes;
mod silences;

use std::sync::Arc;

use serde::Serialize;
use warp::{Filter, filters::BoxedFilter, reply::Response};

use super::{BodyLimits, encoding::Coding, needs};
use crate::{monitor::Monitor, security::Scope};

pub use lifecycle::HEALTHY;

/// The listener of the monitoring pages, by the name that manifests of plugins have for it.
pub const MONITORING: &str = "monitoring";
/// The listener of an agent's API.
pub const API: &str = "api";
/// The listener of the profiling pages. They are on the monitoring listener, too.
pub const PROFILING: &str = "profiling";

/// All pages of the monitoring listener; those of plugins come last, so that none can take the
/// place of core's own.
pub fn monitoring(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    let own = index::route(monitor, &[MONITORING, PROFILING])
        .or(health::routes(monitor))
        .unify()
        .or(health_history::route(monitor))
        .unify()
        .or(silences::routes(monitor))
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
        .or(probes::routes(monitor))
        .unify()
        .boxed();
    lifecycle::healthy()
        .or(probes::live())
        .unify()
        .or(needs(Scope::Read).and(own))
        .unify()
        .or(endpoints::route(monitor, MONITORING))
        .unify()
        .or(endpoints::route(monitor, PROFILING))
        .unify()
        .boxed()
}

/// All paths of an agent's API.
pub fn api(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    of_plugins(monitor, API, &[API])
}

/// All pages of the profiling listener.
pub fn profiling(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    of_plugins(monitor, PROFILING, &[PROFILING])
}

/// A listener where all but the first page comes from plugins.
fn of_plugins(
    monitor: &Arc<Monitor>,
    listener: &'static str,
    listed: &'static [&'static str],
) -> BoxedFilter<(Response,)> {
    lifecycle::healthy()
        .or(needs(Scope::Read).and(index::route(monitor, listed)))
        .unify()
        .or(endpoints::route(monitor, listener))
        .unify()
        .boxed()
}

/// The limits of bodies beside the usual one, of what plugins have at these listeners.
pub fn body_limits(monitor: &Arc<Monitor>, listeners: &'static [&'static str]) -> BodyLimits {
    endpoints::body_limits(monitor, listeners)
}

/// Hands the monitor to a handler.
fn with(
    monitor: &Arc<Monitor>,
) -> impl Filter<Extract = (Arc<Monitor>,), Error = std::convert::Infallible> + Clone + use<> {
    let monitor = Arc::clone(monitor);
    warp::any().map(move || Arc::clone(&monitor))
}

/// The query of the request, as it was sent; empty where it has none.
fn query() -> impl Filter<Extract = (String,), Error = std::convert::Infallible> + Copy {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

/// An answer in JSON.
fn json(coding: Coding, value: &impl Serialize) -> Response {
    // Nothing that is shown has keys that are not text, so it always serialises.
    let body = serde_json::to_vec(value).unwrap_or_default();
    coding.answer("application/json", body)
}
