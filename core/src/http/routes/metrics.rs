//! `/metrics`: the scrape.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use http::HeaderMap;
use warp::{Filter, Reply, filters::BoxedFilter, reply::Response};

use super::with;
use crate::{
    http::{
        Failure,
        encoding::{self, Coding},
        exposition::Format,
        methods,
    },
    monitor::Monitor,
    plugin::collecting,
    registry::{Selection, openmetrics, protobuf, text},
};

/// Prometheus says here how long it waits, in seconds.
const TIMEOUT_HEADER: &str = "x-prometheus-scrape-timeout-seconds";
/// What is left of that time for the answer to arrive.
const MARGIN: Duration = Duration::from_millis(500);

pub(super) fn route(monitor: &Arc<Monitor>) -> BoxedFilter<(Response,)> {
    warp::path!("metrics")
        .and(methods::get("metrics"))
        .and(with(monitor))
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(encoding::wanted())
        .then(scrape)
        .map(Reply::into_response)
        .boxed()
}

async fn scrape(
    monitor: Arc<Monitor>,
    query: String,
    headers: HeaderMap,
    coding: Coding,
) -> Result<Response, Failure> {
    let selection = selection(&query, &monitor)?;
    let config = monitor.config();
    collecting::refresh(
        &monitor.catalog.components(),
        &selection,
        config.scrape.max_age.get(),
        patience(&headers, config.scrape.timeout.get()),
    )
    .await;
    let snapshot = monitor.snapshot();
    let selected = snapshot.select(&selection);
    let format = Format::wanted(&headers, config.scrape.openmetrics);
    let body = match format {
        Format::Text => text::encode(&selected),
        Format::OpenMetrics => openmetrics::encode(&selected),
        Format::Protobuf => protobuf::encode(&selected).map_err(|error| {
            tracing::error!(%error, "the scrape could not be encoded");
            Failure::internal()
        })?,
    };
    Ok(coding.answer(format.content_type(), body))
}

/// How long this scrape waits for collectors: what the configuration says, and less where the
/// scraper would be gone by then.
fn patience(headers: &HeaderMap, most: Duration) -> Duration {
    headers
        .get(TIMEOUT_HEADER)
        .and_then(|value| value.to_str().ok()?.parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map_or(most, |timeout| most.min(timeout.saturating_sub(MARGIN)))
}

/// `collect[]` and `exclude[]`, as `node_exporter` has them.
fn selection(query: &str, monitor: &Monitor) -> Result<Selection, Failure> {
    let (mut only, mut except) = (BTreeSet::new(), BTreeSet::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "collect[]" => only.insert(value.into_owned()),
            "exclude[]" => except.insert(value.into_owned()),
            _ => false,
        };
    }
    if !only.is_empty() && !except.is_empty() {
        return Err(Failure::bad_request(
            "collect[] and exclude[] cannot be used together",
            "use one of them",
        ));
    }
    if only.is_empty() && except.is_empty() {
        return Ok(Selection::All);
    }
    let names = monitor.registry.names();
    if let Some(unknown) = only
        .iter()
        .chain(&except)
        .find(|name| !names.contains(*name))
    {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        return Err(Failure::bad_request(
            format!("there is no collector {unknown:?}"),
            format!("use one of: {}", known.join(", ")),
        ));
    }
    Ok(if only.is_empty() {
        Selection::Except(except)
    } else {
        Selection::Only(only)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_scraper_that_waits_less_is_answered_sooner() {
        let most = Duration::from_secs(1);
        let waits = |value: &'static str| {
            let headers = [(
                TIMEOUT_HEADER.parse().expect("a name"),
                HeaderValue::from_static(value),
            )];
            patience(&headers.into_iter().collect(), most)
        };
        assert_eq!(waits("10"), most);
        assert_eq!(waits("0.7"), Duration::from_millis(200));
        assert_eq!(waits("0.1"), Duration::ZERO);
        for nonsense in ["", "-1", "NaN", "inf", "soon"] {
            assert_eq!(waits(nonsense), most, "{nonsense}");
        }
        assert_eq!(patience(&HeaderMap::new(), most), most);
    }
}
