//! `/api/events`: the state of everything, every two seconds, for the dashboard.

use std::{convert::Infallible, sync::Arc};

use futures_util::StreamExt;
use warp::{Filter, Reply, filters::BoxedFilter, reply::Response, sse};

use super::with;
use crate::{
    http::{Failure, Stopping, methods},
    monitor::Monitor,
};

pub(super) fn route(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "events")
        .and(methods::get("api_events"))
        .and(with(monitor))
        .and(warp::ext::get::<Stopping>())
        .and(warp::method())
        .map(
            |monitor: Arc<Monitor>, stopping: Stopping, method: http::Method| {
                // A question about the stream opens none.
                if method == http::Method::HEAD {
                    return sse::reply(
                        futures_util::stream::empty::<Result<sse::Event, Infallible>>(),
                    )
                    .into_response();
                }
                let Some(states) = monitor.events() else {
                    return Failure::unavailable(
                        "too many dashboards are open",
                        "close one of them and load this one again",
                    )
                    .into_response();
                };
                let events = states.map(|state| {
                    Ok::<_, Infallible>(sse::Event::default().event("state").data(state))
                });
                sse::reply(sse::keep_alive().stream(stopping.end(events))).into_response()
            },
        )
        .boxed()
}
