//! `/`: what there is.

use std::{fmt::Write, sync::Arc};

use warp::{Filter, filters::BoxedFilter, reply::Response};

use super::{MONITORING, with};
use crate::{
    http::{
        encoding::{self, Coding},
        methods,
    },
    monitor::{Monitor, Served},
};

const PAGE: &str = include_str!("index.html");
/// The rows of core's pages that only the monitoring listener has.
const MONITORING_ROWS: &str = include_str!("index_monitoring.html");

/// The page of a listener that serves what plugins have for these listeners; its own is the first.
pub(super) fn route(
    monitor: &Arc<Monitor>,
    listeners: &'static [&'static str],
) -> BoxedFilter<(Response,)> {
    warp::path::end()
        .and(methods::get("index"))
        .and(with(monitor))
        .and(encoding::wanted())
        .map(move |monitor: Arc<Monitor>, coding: Coding| {
            let served: Vec<Served> = listeners
                .iter()
                .flat_map(|listener| monitor.served(listener))
                .collect();
            let role = monitor.instruments.role.label();
            let own = listeners.first().copied().unwrap_or_default();
            coding.answer(
                "text/html; charset=utf-8",
                page(&format!("{role}, {own}"), own == MONITORING, &served).into(),
            )
        })
        .boxed()
}

fn page(listener: &str, monitoring: bool, served: &[Served]) -> String {
    PAGE.replace("{listener}", listener)
        .replace("{own}", if monitoring { MONITORING_ROWS } else { "" })
        .replace("{plugins}", &rows(served))
}

/// Methods, paths and scopes hold nothing that means something in HTML: the loader sees to that.
fn rows(served: &[Served]) -> String {
    let mut rows = String::new();
    for one in served {
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "<dt>{} {}</dt><dd>Plugin {}; scope {}.</dd>",
            one.method, one.path, one.plugin, one.scope
        );
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_what_is_served_and_nothing_else() {
        let served = Served {
            plugin: "p".to_owned(),
            component: "c".to_owned(),
            method: "GET".to_owned(),
            path: "/v0/x/*".to_owned(),
            scope: "open".to_owned(),
        };
        let monitoring = page("main, monitoring", true, &[]);
        assert!(monitoring.contains("/dashboard") && monitoring.contains("main, monitoring"));
        let api = page("agent, api", false, &[served]);
        assert!(api.contains("GET /v0/x/*") && api.contains("/-/healthy"));
        assert!(!api.contains("/dashboard"));
        for page in [monitoring, api] {
            assert!(!page.contains(['{', '}']), "{page}");
        }
    }
}
