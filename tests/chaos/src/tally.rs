//! What counters grew by, over all their series, those included that come and go.

use std::collections::BTreeMap;

use gaxx_tests::Exposition;

/// Adds up what series of some counters grow by from scrape to scrape.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The counter.
    pub(crate) name: &'static str,
    /// The label to tell apart by.
    by: &'static str,
    last: BTreeMap<BTreeMap<String, String>, f64>,
    /// The growth by the label's values.
    pub(crate) grown: BTreeMap<String, f64>,
}

impl Tally {
    /// That of one counter, told apart by one label.
    pub(crate) fn of(name: &'static str, by: &'static str) -> Self {
        Self {
            name,
            by,
            last: BTreeMap::new(),
            grown: BTreeMap::new(),
        }
    }

    /// Adds what one more scrape tells. A series that is lower than before has begun anew.
    pub(crate) fn take(&mut self, scrape: &Exposition) {
        let mut now = BTreeMap::new();
        for sample in scrape.samples(self.name) {
            let before = self.last.get(&sample.labels).copied().unwrap_or_default();
            let growth = if sample.value < before {
                sample.value
            } else {
                sample.value - before
            };
            let by = sample.labels.get(self.by).cloned().unwrap_or_default();
            *self.grown.entry(by).or_default() += growth;
            now.insert(sample.labels.clone(), sample.value);
        }
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn series_may_begin_anew_and_go() {
        let mut tally = Tally::of("ends_total", "cause");
        for text in [
            "ends_total{cause=\"a\",plugin=\"x\"} 3\n",
            "ends_total{cause=\"a\",plugin=\"x\"} 5\nends_total{cause=\"b\",plugin=\"x\"} 1\n",
            "ends_total{cause=\"a\",plugin=\"x\"} 1\n",
            "",
            "ends_total{cause=\"a\",plugin=\"x\"} 2\n",
        ] {
            let text = format!("# TYPE ends_total counter\n{text}");
            tally.take(&Exposition::parse(&text).unwrap());
        }
        assert_eq!(tally.grown["a"].to_bits(), 8.0_f64.to_bits());
        assert_eq!(tally.grown["b"].to_bits(), 1.0_f64.to_bits());
    }
}
