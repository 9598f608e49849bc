//! JSON, and what exporters are given.

use std::time::{Duration, SystemTime};

use gaxx_abi::{Point, metric::kind};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    NO_LABELS, component, gauge,
    model::{families, fill},
    registry, slot, spec,
};
use crate::registry::{CORE, Registry, Selection, json};

fn rows(registry: &Registry) -> Vec<Value> {
    let core = Selection::Except([CORE.to_owned()].into());
    let text = json::encode(&registry.snapshot().select(&core));
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn json_has_the_seeds_fields() {
    let registry = registry();
    let table = component(&registry, "c");
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    let family = table.register_family(&gauge("a_bytes", &["x"])).unwrap();
    let labelled = table.register_series(family, &["q\"uote"]).unwrap();
    let odd = slot(&table, "b");
    let histogram = spec("gaxx_task_duration", kind::HISTOGRAM, &[], &[0.5, 1.0]);
    let histogram = table.register_family(&histogram).unwrap();
    let histogram = table.register_series(histogram, &NO_LABELS).unwrap();
    let mut points = vec![
        Point::new(labelled, 12.0),
        Point::new(odd, f64::NEG_INFINITY),
    ];
    let values = [1.0, 2.0, 4.0, 3.0];
    points.extend((histogram..).zip(values).map(|(s, v)| Point::new(s, v)));
    table.deliver(&points, at);
    let timestamp = "2023-11-14T22:13:20.123Z";
    assert_eq!(
        rows(&registry),
        [
            json!({"name": "a_bytes", "type": "gauge", "value": 12, "labels": {"x": "q\"uote"},
                "timestamp": timestamp, "unit": "bytes"}),
            json!({"name": "b", "type": "gauge", "value": null, "text": "-Inf", "labels": {},
                "timestamp": timestamp}),
            json!({"name": "gaxx_task_duration", "type": "histogram", "value": 0.75, "labels": {},
                "timestamp": timestamp, "unit": "seconds", "count": 4, "sum": 3,
                "buckets": [{"le": 0.5, "count": 1}, {"le": 1, "count": 2}]}),
        ]
    );
    points.truncate(2);
    points.extend((histogram..histogram + 4).map(|slot| Point::new(slot, 0.0)));
    table.deliver(&points, at);
    assert_eq!(rows(&registry)[2]["value"], json!(0), "the mean of nothing");
}

proptest! {
    #[test]
    fn json_has_a_row_for_each_series(models in families()) {
        let registry = registry();
        fill(&registry, &models);
        let rows = rows(&registry);
        prop_assert_eq!(rows.len(), models.iter().map(|m| m.series.len()).sum::<usize>());
        for row in rows {
            let model = models.iter().find(|m| row["name"] == m.name.as_str()).unwrap();
            let label = |name: &String| row["labels"][name].as_str().unwrap().to_owned();
            let labels: Vec<String> = model.labels.iter().map(label).collect();
            let (_, values) = model.series.iter().find(|(l, _)| *l == labels).unwrap();
            if model.kind == kind::HISTOGRAM {
                prop_assert_eq!(row["count"].as_f64(), Some(values[model.bounds.len()]));
            } else if values[0].is_finite() {
                // serde_json reads to the last digit but one.
                let read = row["value"].as_f64().unwrap();
                prop_assert!((read - values[0]).abs() <= values[0].abs() * 1e-15);
            } else {
                prop_assert!(row["value"].is_null() && row["text"].is_string());
            }
        }
    }

    #[test]
    fn an_export_names_every_point(models in families()) {
        let registry = registry();
        fill(&registry, &models);
        let exported = registry.snapshot().export();
        let batch = exported.batch(&[]);
        let (families, series) = (batch.families.as_slice(), batch.series.as_slice());
        prop_assert!(series.is_sorted_by_key(|series| series.slot));
        let mut points = batch.points.iter().peekable();
        let mut seen = 0;
        for one in series {
            let family = &families[one.family as usize];
            prop_assert_eq!(one.labels.len(), family.labels.len());
            let slots = match family.kind {
                kind::HISTOGRAM => u32::try_from(family.bounds.len()).unwrap() + 2,
                _ => 1,
            };
            let mut values = Vec::new();
            while let Some(point) = points.next_if(|point| point.slot < one.slot + slots) {
                prop_assert_eq!(point.slot as usize, one.slot as usize + values.len());
                values.push(point.value.to_bits());
            }
            if let Some(model) = models.iter().find(|m| m.name == family.name.as_str()) {
                let labels = one.labels.iter().map(ToString::to_string).collect::<Vec<_>>();
                let (_, wanted) = model.series.iter().find(|(l, _)| *l == labels).unwrap();
                let nan = |v: &f64| if v.is_nan() { f64::NAN.to_bits() } else { v.to_bits() };
                prop_assert_eq!(values, wanted.iter().map(nan).collect::<Vec<_>>());
                seen += 1;
            }
        }
        prop_assert!(points.next().is_none());
        prop_assert_eq!(seen, models.iter().map(|m| m.series.len()).sum::<usize>());
    }
}
