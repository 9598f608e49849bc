//! Descriptions under new names.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use gaxx_abi::{
    ExportFamily, ExportSeries, Point,
    abi_std::{RString, RVec},
    metric::kind,
};

use super::{
    LeftOut,
    rule::{Compiled, Labels, NAME},
};
use crate::registry::Descriptors;

/// Descriptions under new names, and where their values come from.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) descriptors: Arc<Descriptors>,
    pub(super) left_out: LeftOut,
    /// The old slot of each new one.
    sources: Vec<u32>,
}

/// The series that have come to bear one name.
struct Group<'a> {
    family: &'a ExportFamily,
    members: Vec<(&'a ExportSeries, Labels)>,
    seen: HashSet<Labels>,
}

impl Rewritten {
    pub(super) fn new(
        described: &Descriptors,
        rules: &[Compiled],
        labels: &BTreeMap<String, String>,
    ) -> Self {
        let mut left_out = LeftOut::default();
        let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
        for series in &described.series {
            let Some(family) = described.families.get(series.family as usize) else {
                continue;
            };
            let Some((name, labels)) = renamed(family, series, rules, labels) else {
                left_out.dropped += 1;
                continue;
            };
            let group = groups.entry(name).or_insert_with(|| Group {
                family,
                members: Vec::new(),
                seen: HashSet::new(),
            });
            let is_alike = group.family.kind == family.kind && group.family.bounds == family.bounds;
            if is_alike && group.seen.insert(labels.clone()) {
                group.members.push((series, labels));
            } else {
                left_out.clashing += 1;
            }
        }
        Self::of(groups, described.generation, left_out)
    }

    fn of(groups: BTreeMap<String, Group<'_>>, generation: u64, left_out: LeftOut) -> Self {
        let (mut families, mut series, mut sources) = (RVec::new(), RVec::new(), Vec::new());
        for (at, (name, group)) in groups.into_iter().enumerate() {
            let names = group.members.iter().flat_map(|(_, labels)| labels.keys());
            let names: BTreeSet<&str> = names.map(String::as_str).collect();
            for (source, labels) in &group.members {
                let value = |name: &&str| labels.get(*name).map_or("", String::as_str);
                series.push(ExportSeries {
                    family: number(at),
                    slot: number(sources.len()),
                    started: source.started,
                    labels: names
                        .iter()
                        .map(|name| RString::from(value(name)))
                        .collect(),
                    attributes: source.attributes.clone(),
                });
                sources.extend((0..slots(group.family)).map(|part| source.slot + part));
            }
            families.push(ExportFamily {
                name: name.into(),
                labels: names.into_iter().map(RString::from).collect(),
                ..group.family.clone()
            });
        }
        let descriptors = Descriptors {
            generation,
            families,
            series,
        };
        Self {
            descriptors: Arc::new(descriptors),
            left_out,
            sources,
        }
    }

    /// The values under their new slots.
    pub(super) fn points(&self, points: &[Point]) -> RVec<Point> {
        let found = self
            .sources
            .iter()
            .enumerate()
            .filter_map(|(slot, source)| {
                let at = points
                    .binary_search_by_key(source, |point| point.slot)
                    .ok()?;
                Some(Point::new(number(slot), points.get(at)?.value))
            });
        found.collect()
    }
}

/// Name and labels of a series by the rules; nothing where it is dropped.
fn renamed(
    family: &ExportFamily,
    series: &ExportSeries,
    rules: &[Compiled],
    added: &BTreeMap<String, String>,
) -> Option<(String, Labels)> {
    let names = family.labels.iter().map(ToString::to_string);
    let values = series.labels.iter().map(ToString::to_string);
    let mut labels: Labels = names
        .zip(values)
        .filter(|(_, value)| !value.is_empty())
        .collect();
    labels.insert(NAME.to_owned(), family.name.to_string());
    if !rules.iter().all(|rule| rule.apply(&mut labels)) {
        return None;
    }
    let name = labels.remove(NAME)?;
    // As in Prometheus, such labels are for the rules alone.
    labels.retain(|name, _| !name.starts_with("__"));
    for (name, value) in added {
        labels.entry(name.clone()).or_insert_with(|| value.clone());
    }
    Some((name, labels))
}

/// How many slots a series of this family has.
fn slots(family: &ExportFamily) -> u32 {
    match family.kind {
        kind::HISTOGRAM => number(family.bounds.len()) + 2,
        _ => 1,
    }
}

/// The ABI's numbers have 32 bits; what would not fit would need 32 GiB of values.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::SystemTime;

    use proptest::prelude::*;

    use super::super::{Relabel, Rule};
    use super::*;
    use crate::registry::Exported;

    fn family(name: &str, kind: u32, labels: &[&str], bounds: &[f64]) -> ExportFamily {
        ExportFamily {
            name: name.into(),
            help: RString::new(),
            unit: RString::new(),
            kind,
            labels: labels.iter().copied().map(RString::from).collect(),
            bounds: bounds.to_vec().into(),
            attributes: RVec::new(),
        }
    }

    fn series(family: u32, slot: u32, labels: &[&str]) -> ExportSeries {
        ExportSeries {
            family,
            slot,
            started: u64::from(slot),
            labels: labels.iter().copied().map(RString::from).collect(),
            attributes: RVec::new(),
        }
    }

    /// A counter by device, a histogram, and a gauge without a value.
    fn batch() -> Arc<Exported> {
        let families = vec![
            family("bytes_total", kind::COUNTER, &["device"], &[]),
            family("seconds", kind::HISTOGRAM, &[], &[1.0]),
            family("up", kind::GAUGE, &[], &[]),
        ];
        let series = vec![
            series(0, 0, &["a"]),
            series(0, 1, &["b"]),
            series(1, 2, &[]),
            series(2, 5, &[]),
        ];
        let values = [(0, 10.0), (1, 11.0), (2, 1.0), (3, 2.0), (4, 3.5)];
        Arc::new(Exported {
            time: SystemTime::UNIX_EPOCH,
            descriptors: Arc::new(Descriptors {
                generation: 7,
                families: families.into(),
                series: series.into(),
            }),
            points: values
                .map(|(slot, value)| Point::new(slot, value))
                .to_vec()
                .into(),
        })
    }

    fn sent(rules: &str, labels: &[(&str, &str)]) -> (Vec<String>, LeftOut) {
        let rules: Vec<Rule> = serde_yaml::from_str(rules).unwrap();
        let labels = labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let mut relabel = Relabel::new(&rules, labels.collect()).unwrap();
        let (batch, left_out) = relabel.apply(batch());
        let lines = batch.descriptors.series.iter().map(|series| {
            let family = &batch.descriptors.families[series.family as usize];
            let labels = family.labels.iter().zip(&series.labels);
            let labels: Vec<String> = labels.map(|(n, v)| format!("{n}={v}")).collect();
            let range = series.slot..series.slot + slots(family);
            let values = batch
                .points
                .iter()
                .filter(|point| range.contains(&point.slot));
            let values: Vec<String> = values.map(|point| point.value.to_string()).collect();
            format!(
                "{}{{{}}} {}",
                family.name,
                labels.join(","),
                values.join(" ")
            )
        });
        (lines.collect(), left_out)
    }

    #[test]
    fn without_rules_a_batch_is_as_it_was() {
        let batch = batch();
        let (same, _) = Relabel::default().apply(Arc::clone(&batch));
        assert!(Arc::ptr_eq(&batch, &same));
    }

    #[test]
    fn values_follow_their_series_to_new_names() {
        let rules = "[{source_labels: [__name__], regex: seconds, target_label: __name__, replacement: a_seconds}]";
        let (lines, left_out) = sent(rules, &[("job", "gaxx"), ("device", "none")]);
        let expected = [
            "a_seconds{device=none,job=gaxx} 1 2 3.5",
            "bytes_total{device=a,job=gaxx} 10",
            "bytes_total{device=b,job=gaxx} 11",
            "up{device=none,job=gaxx} ",
        ];
        assert_eq!(
            (lines.as_slice(), left_out),
            (expected.map(String::from).as_slice(), LeftOut::default())
        );
    }

    #[test]
    fn series_that_come_to_bear_one_name_are_not_sent_twice() {
        let (lines, left_out) = sent("[{regex: device, action: labeldrop}]", &[]);
        assert_eq!(lines[0], "bytes_total{} 10");
        assert_eq!((lines.len(), left_out.clashing), (3, 1));
        let one = "[{target_label: __name__, replacement: one}]";
        assert_eq!(
            sent(one, &[]).1,
            LeftOut {
                dropped: 0,
                clashing: 2
            }
        );
    }

    #[test]
    fn dropped_series_are_counted_and_families_without_any_go() {
        let rules = "[{source_labels: [__name__], regex: 'b.*', action: drop}]";
        let (lines, left_out) = sent(rules, &[]);
        assert_eq!((lines.len(), left_out.dropped), (2, 2));
    }

    proptest! {
        /// Whatever the rules do, what is sent is in order, and of the values there were.
        #[test]
        fn what_is_sent_is_well_formed(
            names in prop::collection::vec(("[a-c]", 0_u32..3), 1..6),
            target in "[a-c]", replacement in "[a-c$1]{0,2}", regex in "[a-c.*]{0,3}",
        ) {
            let bounds = |k: u32| if k == kind::HISTOGRAM { vec![1.0] } else { vec![] };
            let families: Vec<_> = names.iter().map(|(n, k)| family(n, *k, &["a"], &bounds(*k))).collect();
            let mut slot = 0;
            let mut described = Vec::new();
            for (at, one) in families.iter().enumerate() {
                described.push(series(number(at), slot, &["v"]));
                slot += slots(one);
            }
            let points: Vec<Point> = (0..slot).map(|slot| Point::new(slot, f64::from(slot))).collect();
            let descriptors = Descriptors { generation: 1, families: families.into(), series: described.into() };
            let rule = Rule { source_labels: vec![NAME.to_owned()], regex, target_label: target, replacement, ..Rule::default() };
            let Ok(mut relabel) = Relabel::new(&[rule], BTreeMap::new()) else { return Ok(()) };
            let (sent, left_out) = relabel.apply(Arc::new(Exported {
                time: SystemTime::UNIX_EPOCH, descriptors: Arc::new(descriptors), points: points.into(),
            }));
            let described = &sent.descriptors;
            prop_assert_eq!(described.series.len() as u64 + left_out.dropped + left_out.clashing, names.len() as u64);
            prop_assert!(described.families.windows(2).all(|two| two[0].name < two[1].name));
            prop_assert!(described.series.windows(2).all(|two| two[0].slot < two[1].slot && two[0].family <= two[1].family));
            prop_assert!(sent.points.windows(2).all(|two| two[0].slot < two[1].slot));
            let needed: u32 = described.series.iter().map(|one| slots(&described.families[one.family as usize])).sum();
            prop_assert_eq!(sent.points.len(), needed as usize);
        }
    }
}
