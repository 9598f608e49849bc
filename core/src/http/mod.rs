//! HTTP: listeners that serve warp routes, and what routes need.
//!
//! ```text
//! Listener ── accept ── admission ── connection ── exchange ── routes
//!    │           │           │            │           │          └ scope
//!    │           │           │            │           └ host guard, body limit, who it is, panics, headers, HEAD
//!    │           │           │            └ HTTP/1.1 or HTTP/2 on any stream; the watchdog ends slow clients
//!    │           │           └ TLS
//!    │           └ cap of connections, pause after failures
//!    └ bind, shutdown
//! ```
//!
//! A route is a path, then a method, then its handler; rejections are answered by the listener:
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use gaxx_core::http::{Failure, HostGuard, Limits, Listener, Setup, methods};
//! use gaxx_core::security::Access;
//! use warp::Filter;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let healthy = warp::path!("-" / "healthy")
//!     .and(methods::get("healthy"))
//!     .map(|| "OK\n");
//! let plugin = warp::path!("api" / "plugins" / String)
//!     .and(methods::get("plugin"))
//!     .map(|name: String| {
//!         Err::<String, _>(Failure::not_found(
//!             format!("no plugin is named {name}"),
//!             "GET /api/plugins lists the plugins",
//!         ))
//!     });
//! let listener = Listener::bind(([127, 0, 0, 1], 0).into(), "--listen").await?;
//! let setup = Setup {
//!     limits: Limits::default(),
//!     guard: HostGuard::for_listener(listener.address()),
//!     observer: Arc::new(()),
//!     access: Access::builder().build(),
//!     tls: None,
//! };
//! let serving = listener.serve(healthy.or(plugin), setup);
//! let cut = serving.shutdown(Duration::from_secs(5)).await;
//! # assert_eq!(cut, 0);
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
//! ```
//!
//! Replies are `warp::reply::Response` or anything that makes one: bytes and text through
//! `.into()`, streams through `warp::reply::stream`, events through `warp::sse::reply`. A stream
//! has to be `Sync` there, as one over a channel is. Event streams go through [`Stopping::end`]
//! and keep alive, so that they end with the server and survive the stall time.

mod activity;
mod admission;
mod body;
mod connection;
mod denial;
pub mod encoding;
mod exchange;
pub mod exposition;
pub mod failure;
mod host_guard;
mod limits;
mod listener;
pub mod methods;
mod observer;
mod peer;
mod quality;
mod record;
pub mod routes;
mod scope;
mod setup;
mod stopping;
mod stream;
mod turn_away;

#[cfg(test)]
mod tests;

pub use failure::Failure;
pub use host_guard::HostGuard;
pub use limits::{BodyLimits, Limits};
pub use listener::{BindError, Listener, Serving};
pub use observer::{Answer, Observer, Refusal, method_label};
pub use peer::Peer;
pub use scope::needs;
pub use setup::Setup;
pub use stopping::Stopping;
