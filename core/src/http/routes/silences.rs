//! `/api/health/silences`: checks of which nobody wants to be told for a while.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};

use super::{json, with};
use crate::{
    health::{Silence, SilenceError},
    http::{
        Failure, Peer,
        encoding::{self, Coding},
        methods, scope,
    },
    monitor::Monitor,
    security::{Caller, Scope},
    task,
};

const FORM: &str = r#"send {"checks": ["disk*"], "tags": [], "for": "2h", "comment": "why"}"#;

pub(super) fn routes(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    let list = warp::path!("api" / "health" / "silences")
        .and(methods::get("api_health_silences"))
        .and(with(monitor))
        .and(encoding::wanted())
        .map(|monitor: Arc<Monitor>, coding: Coding| json(coding, &monitor.health.silences()));
    let add = warp::path!("api" / "health" / "silences")
        .and(methods::post("api_health_silences"))
        .and(with(monitor))
        .and(warp::ext::get::<Peer>())
        .and(scope::caller())
        .and(warp::body::bytes())
        .then(|monitor, peer, caller, body| async move {
            match add(monitor, peer, caller, body).await {
                Ok(silence) => {
                    let mut response = json(Coding::Identity, &silence);
                    *response.status_mut() = StatusCode::CREATED;
                    response
                }
                Err(failure) => failure.into_response(),
            }
        });
    let end = warp::path!("api" / "health" / "silences" / String)
        .and(methods::delete("api_health_silence"))
        .and(with(monitor))
        .and(warp::ext::get::<Peer>())
        .and(scope::caller())
        .then(|id, monitor, peer, caller| async move {
            match end(id, monitor, peer, caller).await {
                Ok(()) => StatusCode::NO_CONTENT.into_response(),
                Err(failure) => failure.into_response(),
            }
        });
    list.or(add).unify().or(end).unify().boxed()
}

/// Whoever may use this machine may silence on loopback, as he may reload.
fn may(peer: &Peer, caller: &Caller) -> Result<(), Failure> {
    if peer.address.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    scope::grant(caller, Scope::Admin)
}

async fn add(
    monitor: Arc<Monitor>,
    peer: Peer,
    caller: Caller,
    body: Bytes,
) -> Result<Silence, Failure> {
    may(&peer, &caller)?;
    let wanted = serde_json::from_slice(&body)
        .map_err(|error| Failure::bad_request(format!("the body cannot be read: {error}"), FORM))?;
    let health = Arc::clone(&monitor.health);
    let added = task::spawn_blocking("silence", move || health.silence(wanted, &caller.name));
    let added = added.await.map_err(|_| Failure::internal())?;
    added.map_err(|error| refused(&error))
}

async fn end(id: String, monitor: Arc<Monitor>, peer: Peer, caller: Caller) -> Result<(), Failure> {
    may(&peer, &caller)?;
    let health = Arc::clone(&monitor.health);
    let ended = task::spawn_blocking("silence", move || health.end_silence(&id));
    let ended = ended.await.map_err(|_| Failure::internal())?;
    ended.map_err(|error| refused(&error))
}

fn refused(error: &SilenceError) -> Failure {
    let message = error.to_string();
    match error {
        SilenceError::Unknown => Failure::not_found(message, "GET /api/health/silences lists them"),
        SilenceError::Write { .. } => Failure::unavailable(message, "look at the disk"),
        _ => Failure::bad_request(message, FORM),
    }
}
