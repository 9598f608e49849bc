//! What most plugins use.

pub use std::time::Duration;

pub use log::{debug, error, info, trace, warn};

pub use crate::{
    Batch, Body, Collector, Component, Context, Deadline, Endpoint, Error, Explain, Exporter,
    HealthCheck, Host, Listener, News, NoSettings, Notifier, Reply, Request, Result, Route, Scope,
    Size, Status, Verdict,
    metrics::{Counter, Family, Gauge, Histogram},
    settings,
};
