//! `/-/healthy`, `/-/ready` and `/-/reload`.

use std::sync::Arc;

use http::StatusCode;
use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};

use super::with;
use crate::{
    http::{Failure, Peer, methods, scope},
    monitor::Monitor,
    security::{Caller, Scope},
};

/// What the route is called that only says that the program lives.
pub const HEALTHY: &str = "healthy";

/// `/-/healthy`, which touches nothing.
pub(super) fn healthy() -> BoxedFilter<(Response,)> {
    warp::path!("-" / "healthy")
        .and(methods::get(HEALTHY))
        .map(|| "gaxx-mon lives\n".into_response())
        .boxed()
}

/// `/-/ready` and `/-/reload`.
pub(super) fn routes(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    let ready = warp::path!("-" / "ready")
        .and(methods::get("ready"))
        .and(with(monitor))
        .map(|monitor: Arc<Monitor>| {
            if monitor.is_ready() {
                "gaxx-mon is ready\n".into_response()
            } else {
                Failure::unavailable(
                    "not every collector has delivered yet",
                    "ask again in a second; GET /api/plugins shows which are missing",
                )
                .into_response()
            }
        });
    let reload = warp::path!("-" / "reload")
        .and(methods::post("reload"))
        .and(with(monitor))
        .and(warp::ext::get::<Peer>())
        .and(scope::caller())
        .then(reload);
    ready.or(reload).unify().boxed()
}

async fn reload(monitor: Arc<Monitor>, peer: Peer, caller: Caller) -> Response {
    if !monitor.config().server.reload_endpoint {
        return Failure::new(
            StatusCode::FORBIDDEN,
            "reloading over HTTP is off",
            "set server.reload_endpoint: true, or send SIGHUP to the process",
        )
        .into_response();
    }
    // Whoever may use this machine may do so on loopback, as by a signal.
    if !peer.address.ip().to_canonical().is_loopback()
        && let Err(failure) = scope::grant(&caller, Scope::Admin)
    {
        return failure.into_response();
    }
    match monitor.reload().await {
        Ok(_) => "the configuration was read again and is in force\n".into_response(),
        Err(error) => Failure::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            error.to_string(),
            "mend the configuration; the one before is still in force",
        )
        .into_response(),
    }
}
