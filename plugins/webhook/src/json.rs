//! Changes of health as JSON.

use std::collections::BTreeMap;

use gaxx_sdk::{News, Result, Transition, serde::Serialize, serde_json};

use super::Filter;

/// The form of the body; it is raised when something in it takes another meaning.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(crate = "gaxx_sdk::serde")]
struct Body<'a> {
    version: u32,
    time: &'a str,
    labels: &'a BTreeMap<String, String>,
    transitions: Vec<&'a Transition>,
}

/// The body; nothing where nothing has changed that is to be told.
pub(crate) fn body(news: &News, filter: &Filter) -> Result<Option<Vec<u8>>> {
    let changes = news.transitions.iter();
    let transitions: Vec<_> = changes
        .filter(|change| filter.takes_change(change))
        .collect();
    if transitions.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::to_vec(&Body {
        version: VERSION,
        time: &news.time,
        labels: &news.labels,
        transitions,
    })?))
}
