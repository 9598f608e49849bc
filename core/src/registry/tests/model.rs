//! Random families, hostile on purpose.

use std::{collections::BTreeSet, time::SystemTime};

use gaxx_abi::{Point, metric::kind};
use proptest::{collection, prelude::*};

use super::{Owner, Registry, spec};

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: u32,
    pub(super) labels: Vec<String>,
    pub(super) bounds: Vec<f64>,
    /// Label values and the values of the slots.
    pub(super) series: Vec<(Vec<String>, Vec<f64>)>,
}

/// Some families of different names.
pub(super) fn families() -> impl Strategy<Value = Vec<Model>> {
    collection::vec(family(), 0..6).prop_map(|mut families| {
        for (at, family) in families.iter_mut().enumerate() {
            family.name = format!("{}:{at}", family.name);
        }
        families
    })
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[\\\\\"\n\r{},= a#]{0,8}",
        "\\PC{0,8}",
        any::<String>(),
        Just("+Inf".to_owned()),
    ]
}

fn family() -> impl Strategy<Value = Model> {
    let name = "[a-zA-Z_:][a-zA-Z0-9_:]{0,12}";
    let labels = collection::btree_set("[a-kA-Z][a-zA-Z0-9_]{0,4}", 0..4);
    let bounds = collection::vec(-100_i32..100, 0..4);
    let kinds = prop_oneof![
        Just(kind::COUNTER),
        Just(kind::GAUGE),
        Just(kind::HISTOGRAM)
    ];
    (name, hostile(), kinds, labels, bounds).prop_flat_map(|(name, help, kind, labels, bounds)| {
        let labels: Vec<String> = labels.into_iter().collect();
        let mut bounds: Vec<f64> = bounds.into_iter().map(|b| f64::from(b) / 8.0).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        bounds.truncate(if kind == kind::HISTOGRAM { 4 } else { 0 });
        let texts = collection::vec(hostile(), labels.len());
        let values = values(kind, bounds.len());
        collection::vec((texts, values), 0..5).prop_map(move |mut series| {
            let mut seen = BTreeSet::new();
            series.retain(|(texts, _)| seen.insert(texts.clone()));
            Model {
                name: name.clone(),
                help: help.clone(),
                kind,
                labels: labels.clone(),
                bounds: bounds.clone(),
                series,
            }
        })
    })
}

fn values(kind: u32, bounds: usize) -> BoxedStrategy<Vec<f64>> {
    let number = any::<u64>().prop_map(f64::from_bits);
    let finite = number
        .clone()
        .prop_filter("not finite", |value| value.is_finite());
    match kind {
        kind::HISTOGRAM => (collection::vec(0_u32..9, bounds + 1), finite)
            .prop_map(|(steps, sum)| {
                let mut count = 0.0;
                let counts = steps.into_iter().map(|step| {
                    count += f64::from(step);
                    count
                });
                counts.chain([sum]).collect()
            })
            .boxed(),
        kind::COUNTER => finite.prop_map(|value| vec![value.abs()]).boxed(),
        _ => number.prop_map(|value| vec![value]).boxed(),
    }
}

/// Registers and delivers models; every second family by another component.
pub(super) fn fill(registry: &Registry, families: &[Model]) {
    for component in 0..2 {
        let table = registry.table(Owner::new("p", format!("c{component}")));
        let mut points = Vec::new();
        for model in families.iter().skip(component).step_by(2) {
            let labels: Vec<&str> = model.labels.iter().map(String::as_str).collect();
            let mut spec = spec(&model.name, model.kind, &labels, &model.bounds);
            spec.help = model.help.as_str().into();
            let family = table.register_family(&spec).unwrap();
            for (labels, values) in &model.series {
                let slot = table.register_series(family, labels).unwrap();
                let values = values.iter().copied();
                points.extend((slot..).zip(values).map(|(s, v)| Point::new(s, v)));
            }
        }
        table.deliver(&points, SystemTime::now());
        registry.attach(&table).unwrap();
    }
}
