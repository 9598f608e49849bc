//! What a receiver is told of series that are gone.

use std::collections::{BTreeMap, BTreeSet};

use gaxx_sdk::testing::Conditions;
use proptest::prelude::*;

use super::{receiver::Receiver, *};

/// What is live at a receiver: the series of which the last value is no marker.
#[derive(Default)]
struct Database {
    last: BTreeMap<String, (u64, i64)>,
}

impl Database {
    /// Takes what has come, and has kept it where the answer was 204 or `also` is right.
    fn take(&mut self, receiver: &Receiver, also: &mut impl Iterator<Item = bool>) {
        for taken in receiver.taken() {
            if taken.status == 204 || also.next() == Some(true) {
                for (name, sample) in taken.request.samples() {
                    let before = self.last.insert(name.clone(), sample);
                    // As Prometheus: the same again is all right, another value of that time is not.
                    let fits = before.is_none_or(|it| it.1 < sample.1 || it == sample);
                    assert!(fits, "{name}: {before:?}, {sample:?}");
                }
            }
        }
    }

    fn live(&self) -> BTreeSet<&str> {
        let live = self.last.iter().filter(|(_, sample)| sample.0 != STALE);
        live.map(|(name, _)| name.as_str()).collect()
    }
}

/// Which of these families are there, and for each how many series it has.
fn measured(second: u64, counts: [usize; 3]) -> Measurements {
    let [a, b, c] = counts;
    let all = (0..a).fold(at(second), |all, n| {
        all.gauge("a", &[("n", &n.to_string())], second as f64)
    });
    let all = (0..b).fold(all, |all, n| {
        all.histogram(
            "b",
            &[("n", &n.to_string())],
            &[1.0],
            &[0.0],
            2.0,
            second as f64,
        )
    });
    (0..c).fold(all, |all, n| {
        all.counter("c_total", &[("n", &n.to_string())], second as f64)
    })
}

/// The names of all samples of that.
fn names(counts: [usize; 3]) -> BTreeSet<String> {
    let [a, b, c] = counts;
    let histogram = ["b_bucket le=1", "b_bucket le=+Inf", "b_sum", "b_count"];
    let plain = (0..a).map(|n| format!("a n={n}"));
    let buckets = (0..b).flat_map(|n| histogram.map(|name| format!("{name} n={n}")));
    let counters = (0..c).map(|n| format!("c_total n={n}"));
    plain.chain(buckets).chain(counters).collect()
}

#[test]
fn a_series_that_is_gone_gets_one_marker() {
    let receiver = Receiver::new();
    let mut exporter = exporter(&receiver.url(), json!({})).unwrap();
    let mut markers = |counts, second| {
        exporter.export(&measured(second, counts)).unwrap();
        let taken = receiver.taken();
        let samples = taken.iter().flat_map(|taken| taken.request.samples());
        let markers = samples.filter(|(_, (bits, _))| *bits == STALE);
        let markers: Vec<_> = markers.map(|(name, (_, time))| (name, time)).collect();
        markers
    };
    assert_eq!(markers([2, 1, 0], 1), []);
    let gone = [
        "b_bucket le=+Inf n=0",
        "b_bucket le=1 n=0",
        "b_count n=0",
        "b_sum n=0",
    ];
    assert_eq!(
        markers([2, 0, 0], 2),
        gone.map(|name| (name.to_owned(), 2_000))
    );
    assert_eq!(markers([1, 0, 0], 3), [("a n=1".to_owned(), 3_000)]);
    assert_eq!(markers([1, 0, 0], 4), []);
    assert_eq!(markers([2, 0, 0], 5), []);
}

#[test]
fn the_next_version_knows_what_the_one_before_has_sent() {
    let receiver = Receiver::new();
    let mut before = exporter(&receiver.url(), json!({})).unwrap();
    before.export(&measured(1, [3, 1, 1])).unwrap();
    let left = before.save().unwrap();
    let settings = json!({ "url": receiver.url(), "max_samples": 2 });
    let after = Conditions::default().inherited(left);
    let mut after = after.exporter::<RemoteWrite>(settings).unwrap();
    after.export(&measured(2, [1, 1, 0])).unwrap();
    let mut database = Database::default();
    database.take(&receiver, &mut std::iter::empty());
    let names = names([1, 1, 0]);
    assert_eq!(database.live(), names.iter().map(String::as_str).collect());
}

/// How a request is answered.
fn answer() -> impl Strategy<Value = u16> {
    prop_oneof![4 => Just(204_u16), 1 => Just(500), 1 => Just(400), 1 => Just(429)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the receiver answers, and keeps of what it has refused: once a batch was delivered,
    /// exactly its series are live.
    #[test]
    fn exactly_what_is_measured_is_live(
        batches in prop::collection::vec((0..6_usize, 0..3_usize, 0..4_usize, any::<bool>()), 1..8),
        answers in prop::collection::vec(answer(), 0..20),
        also in prop::collection::vec(any::<bool>(), 0..20),
        max_samples in 1..9_usize,
        tries in 1..4,
    ) {
        let receiver = Receiver::new();
        receiver.answer(&answers);
        let mut also = also.into_iter();
        let mut database = Database::default();
        let settings = json!({ "url": receiver.url(), "max_samples": max_samples });
        let mut exporter = testing::exporter::<RemoteWrite>(settings.clone()).unwrap();
        for (number, (a, b, c, is_replaced)) in batches.into_iter().enumerate() {
            let batch = measured(number as u64 + 1, [a, b, c]);
            for _ in 0..tries {
                let result = exporter.export(&batch);
                database.take(&receiver, &mut also);
                match result {
                    Ok(()) => {
                        let names = names([a, b, c]);
                        let expected = names.iter().map(String::as_str).collect();
                        prop_assert_eq!(database.live(), expected);
                        break;
                    }
                    Err(error) if error.kind() == ErrorKind::Permanent => break,
                    Err(_) => {}
                }
            }
            if is_replaced {
                let left = exporter.save().unwrap();
                let next = Conditions::default().inherited(left);
                exporter = next.exporter::<RemoteWrite>(settings.clone()).unwrap();
            }
        }
    }
}
