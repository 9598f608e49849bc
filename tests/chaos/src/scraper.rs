//! Who scrapes, at a steady rate and over a kept connection, as Prometheus does.

use std::{collections::BTreeMap, sync::atomic::AtomicBool, time::Duration};

use gaxx_tests::Exposition;
use ureq::Agent;

use crate::{latency::Latency, pace, tally::Tally};

const INTERVAL: Duration = Duration::from_millis(100);
/// Prometheus' own default.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const BODY: u64 = 64 << 20;
/// Counters of the program, and the label by which they are added up.
const TALLIED: [(&str, &str); 4] = [
    ("gaxx_plugin_component_failures_total", "reason"),
    ("gaxx_plugin_load_refused_total", "reason"),
    ("gaxx_plugin_process_restarts_total", "reason"),
    ("gaxx_plugin_swaps_total", "outcome"),
];

/// What scrapes gave.
#[derive(Debug)]
pub(crate) struct Scrapes {
    pub(crate) latency: Latency,
    /// Why those failed that did.
    pub(crate) failures: Vec<String>,
    /// How often a counter of a calm plugin was lower than before.
    pub(crate) steps_back: usize,
    /// What counters of the program grew by.
    pub(crate) tallies: BTreeMap<&'static str, BTreeMap<String, f64>>,
}

/// Scrapes until told to stop. Every scrape must have what the plugins in `calm` measure.
pub(crate) fn scrape(url: &str, calm: &[String], stop: &AtomicBool) -> Scrapes {
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let mut times = Vec::new();
    let mut failures = Vec::new();
    let mut tallies = TALLIED.map(|(name, by)| Tally::of(name, by));
    let mut counted = BTreeMap::new();
    let mut steps_back = 0;
    pace::keep(INTERVAL, stop, |due| {
        let answer = fetch(&agent, url);
        times.push(due.elapsed());
        match answer.and_then(|text| read(&text, calm)) {
            Ok((scrape, counts)) => {
                for tally in &mut tallies {
                    tally.take(&scrape);
                }
                for (plugin, count) in counts {
                    let before = counted.insert(plugin, count).unwrap_or_default();
                    steps_back += usize::from(count < before);
                }
            }
            Err(reason) => failures.push(reason),
        }
    });
    Scrapes {
        latency: Latency::of(times),
        failures,
        steps_back,
        tallies: tallies.map(|tally| (tally.name, tally.grown)).into(),
    }
}

fn fetch(agent: &Agent, url: &str) -> Result<String, String> {
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    if answer.status() != 200 {
        return Err(format!("status {}", answer.status()));
    }
    let body = answer.body_mut().with_config().limit(BODY).read_to_string();
    body.map_err(|error| error.to_string())
}

/// A scrape, if it is one, and the collections of the calm plugins.
fn read(text: &str, calm: &[String]) -> Result<(Exposition, Vec<(String, f64)>), String> {
    let scrape = Exposition::parse(text)?;
    let counts = calm.iter().map(|plugin| {
        let count = scrape.value("chaos_collections_total", &[("plugin", plugin)]);
        let count = count.ok_or_else(|| format!("what {plugin} measures is missing"))?;
        Ok((plugin.clone(), count))
    });
    let counts = counts.collect::<Result<_, String>>()?;
    Ok((scrape, counts))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_scrape_without_a_calm_plugin_is_none() {
        let text =
            "# TYPE chaos_collections_total counter\nchaos_collections_total{plugin=\"a\"} 2\n";
        let calm = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (_, counts) = read(text, &calm(&["a"])).unwrap();
        assert_eq!(counts, [("a".to_owned(), 2.0)]);
        let missing = read(text, &calm(&["a", "b"])).unwrap_err();
        assert!(missing.contains('b'), "{missing}");
        assert!(read("garbage\n", &[]).is_err());
    }
}
