//! What is written reads back the same, and the forms agree with each other and with the
//! `prometheus` crate.

use std::collections::BTreeMap;

use gaxx_abi::metric::kind;
use prometheus::{Encoder as _, TextEncoder, proto::MetricFamily};
use proptest::prelude::*;

use super::{
    model::{Model, families, fill},
    parser::{Labels, parse},
    plugins_text, registry,
};
use crate::registry::{CORE, Selection, protobuf};

/// The lines of a scrape, by name and labels; numbers as bits, all NaNs alike.
type Lines = BTreeMap<(String, Labels), u64>;

fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN } else { value }.to_bits()
}

fn expected(models: &[Model]) -> Lines {
    let mut lines = Lines::new();
    for model in models {
        for (values, numbers) in &model.series {
            let labels: Labels = model.labels.iter().cloned().zip(values.clone()).collect();
            let mut line = |suffix: &str, le: Option<String>, value: f64| {
                let mut labels = labels.clone();
                labels.extend(le.map(|le| ("le".to_owned(), le)));
                lines.insert((format!("{}{suffix}", model.name), labels), bits(value));
            };
            if model.kind != kind::HISTOGRAM {
                line("", None, numbers[0]);
                continue;
            }
            let end = model.bounds.len();
            for (bound, count) in model.bounds.iter().zip(numbers) {
                line("_bucket", Some(bound.to_string()), *count);
            }
            line("_bucket", Some("+Inf".into()), numbers[end]);
            line("_count", None, numbers[end]);
            line("_sum", None, numbers[end + 1]);
        }
    }
    lines
}

fn parsed(text: &str) -> Lines {
    let families = parse(text).unwrap();
    assert!(families.is_sorted_by(|one, next| one.name < next.name));
    let samples = families.into_iter().flat_map(|family| family.samples);
    samples
        .map(|(name, labels, value)| ((name, labels), bits(value)))
        .collect()
}

fn decode(bytes: &[u8]) -> Vec<MetricFamily> {
    let mut stream = ::protobuf::CodedInputStream::from_bytes(bytes);
    let mut families = Vec::new();
    while !stream.eof().unwrap() {
        families.push(stream.read_message().unwrap());
    }
    families
}

fn prometheus_text(families: &[MetricFamily]) -> String {
    let mut text = Vec::new();
    TextEncoder::new().encode(families, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

proptest! {
    #[test]
    fn text_reads_back_the_same(models in families()) {
        let registry = registry();
        fill(&registry, &models);
        let text = plugins_text(&registry.snapshot());
        prop_assert_eq!(parsed(&text), expected(&models));
        let helps: BTreeMap<_, _> = models.iter().map(|m| (m.name.as_str(), &m.help)).collect();
        for family in parse(&text).unwrap() {
            let help = helps[family.name.as_str()];
            prop_assert_eq!(&family.help.unwrap_or_default(), help);
        }
    }

    #[test]
    fn protobuf_reads_back_as_the_text(models in families()) {
        let registry = registry();
        fill(&registry, &models);
        let snapshot = registry.snapshot();
        let core = Selection::Except([CORE.to_owned()].into());
        let families = decode(&protobuf::encode(&snapshot.select(&core)).unwrap());
        let theirs = prometheus_text(&families);
        let ours = plugins_text(&snapshot);
        // Their numbers have no exponents, so lines are compared by what they mean.
        prop_assert_eq!(parsed(&theirs), parsed(&ours));
        let start = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
        };
        prop_assert_eq!(start(&theirs), start(&ours));
    }

    #[test]
    fn core_instruments_read_as_the_prometheus_crate_writes_them(
        texts in prop::collection::btree_set("[\\\\\"\na-c é]{0,6}", 1..6),
        value in -1_000_000_i32..1_000_000,
        observed in prop::collection::vec(0_u16..2_000, 0..20),
        help in "[\\\\\"\na-c]{1,12}",
    ) {
        let instruments = prometheus::Registry::new();
        let gauge = prometheus::GaugeVec::new(
            prometheus::Opts::new("a_gauge", help.as_str()),
            &["z", "a"],
        ).unwrap();
        let options = prometheus::HistogramOpts::new("b_seconds", "Help.");
        let histogram = prometheus::HistogramVec::new(options, &["text"]).unwrap();
        instruments.register(Box::new(gauge.clone())).unwrap();
        instruments.register(Box::new(histogram.clone())).unwrap();
        for text in &texts {
            gauge.with_label_values(&[text.as_str(), "x"]).set(f64::from(value) / 1_000.0);
            for value in &observed {
                histogram.with_label_values(&[text]).observe(f64::from(*value) / 100.0);
            }
        }
        let registry = crate::registry::Registry::new(
            crate::registry::Limits::default(),
            instruments.clone(),
        );
        let text = crate::registry::text::encode(&registry.snapshot().select(&Selection::All));
        let text = String::from_utf8(text).unwrap();
        let ours: Vec<_> = text.lines().filter(|line| !line.contains("gaxx_")).collect();
        let theirs = prometheus_text(&instruments.gather());
        prop_assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
    }
}

#[test]
fn the_test_parser_refuses_what_is_wrong() {
    for wrong in [
        "a 1\n",
        "# TYPE a gauge\na 1",
        "# TYPE a gauge\n",
        "# TYPE a gauge\na 1\na 1\n",
        "# TYPE a gauge\na 1\n# TYPE a gauge\na{b=\"c\"} 1\n",
        "# TYPE a timer\na 1\n",
        "# TYPE a gauge\nb 1\n",
        "# TYPE a gauge\na{b=\"c} 1\n",
        "# TYPE a gauge\na{b=\"\\d\"} 1\n",
        "# TYPE a gauge\na{b=\"c\" d=\"e\"} 1\n",
        "# TYPE a gauge\na inf\n",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
