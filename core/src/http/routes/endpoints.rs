//! The paths of plugins: requests and replies are streamed across the border.

mod body;
mod fate;
mod reply;
mod table;

use std::sync::Arc;

use bytes::Buf;
use futures_util::Stream;
use gaxx_abi::{Header, Request, abi_std::RVec};
use http::{HeaderMap, Method, header};
use warp::{Filter, Rejection, Reply, filters::BoxedFilter, path::FullPath, reply::Response};

use self::{fate::Fate, table::Found};
use super::with;
use crate::{
    http::{BodyLimits, Failure, Peer, Stopping, failure, methods, scope},
    monitor::Monitor,
    plugin::{Component, nanos},
    security::Caller,
};

/// Answers the paths that plugins have on this listener.
pub(super) fn route(monitor: &Arc<Monitor>, listener: &'static str) -> BoxedFilter<(Response,)> {
    warp::path::full()
        .and(warp::method())
        .and(with(monitor))
        .and_then(
            move |path: FullPath, method: Method, monitor: Arc<Monitor>| async move {
                match table::find(&monitor.catalog, listener, &method, path.as_str()) {
                    Found::Nothing => Err(warp::reject::not_found()),
                    found => Ok::<_, Rejection>((found, path, method)),
                }
            },
        )
        .untuple_one()
        .and(methods::any("plugin_endpoint"))
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Peer>())
        .and(scope::caller())
        .and(warp::ext::get::<Stopping>())
        .and(warp::body::stream())
        .then(answer)
        .boxed()
}

/// The body limits that plugins ask for on these listeners.
pub(super) fn body_limits(
    monitor: &Arc<Monitor>,
    listeners: &'static [&'static str],
) -> BodyLimits {
    let monitor = Arc::clone(monitor);
    BodyLimits::by(move |path| {
        let limits = listeners
            .iter()
            .filter_map(|listener| table::body_limit(&monitor.catalog, listener, path));
        limits.max()
    })
}

#[allow(clippy::too_many_arguments)] // What the filters above extract.
async fn answer<B: Buf + Send + 'static>(
    found: Found,
    path: FullPath,
    method: Method,
    query: String,
    headers: HeaderMap,
    peer: Peer,
    caller: Caller,
    stopping: Stopping,
    body: impl Stream<Item = Result<B, warp::Error>> + Send + 'static,
) -> Response {
    let (component, route) = match found {
        Found::Route {
            component,
            route,
            scope,
        } => match scope::grant(&caller, scope) {
            Ok(()) => (component, route),
            Err(failure) => return failure.into_response(),
        },
        Found::OtherMethods(allowed) => return failure::method_refused(&allowed),
        Found::Nothing => {
            return Failure::not_found("no such path", "GET / lists the pages").into_response();
        }
    };
    let Some(place) = component.admit() else {
        return too_many(&component);
    };
    let request = Request {
        route,
        method: method.as_str().into(),
        path: path.as_str().into(),
        query: query.into(),
        headers: pass_on(&headers),
        peer: peer.address.to_string().into(),
        identity: caller.name.into(),
        attributes: RVec::new(),
    };
    let fate = Arc::<Fate>::default();
    let (reply, answered) = reply::channel(stopping, &fate);
    let body = body::channel(body, &headers, &fate);
    let deadline = nanos(component.timing.deadline);
    component.request(place, move |endpoint| {
        fate.of(endpoint
            .handle(request, body, reply, deadline)
            .into_result())
    });
    answered.response(&component).await
}

fn too_many(component: &Component) -> Response {
    Failure::unavailable(
        format!(
            "{} is answering as many requests as it may",
            component.owner
        ),
        "try again in a second",
    )
    .retry_after(1)
    .into_response()
}

/// The headers that a plugin sees: all but those that hold secrets of the listener.
fn pass_on(headers: &HeaderMap) -> RVec<Header> {
    let secret = [
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
    ];
    headers
        .iter()
        .filter(|(name, _)| !secret.contains(name))
        .map(|(name, value)| Header {
            name: name.as_str().into(),
            value: value.as_bytes().to_vec().into(),
        })
        .collect()
}
