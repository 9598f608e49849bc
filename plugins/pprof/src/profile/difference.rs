//! By how much a later profile of the same process has more.

use std::{collections::HashMap, time::Duration};

use super::{Label, Location, Profile, Sample, Text};

/// What makes a sample the same in two profiles: its addresses and its labels.
type Stack = (Vec<u64>, Vec<(Text, Label)>);

/// The second profile less the first one, stack by stack. What has become less is negative, and
/// what has stayed the same is not there. Types of values that the first one does not have count
/// as 0 there.
///
/// Both are of one process and of addresses: names are found afterwards.
pub(crate) fn difference(before: &Profile, after: Profile) -> Profile {
    let places: Vec<Option<usize>> = after
        .types
        .iter()
        .map(|kind| before.types.iter().position(|other| other == kind))
        .collect();
    let mut difference = after;
    let mut stacks: HashMap<Stack, usize> = HashMap::new();
    let mut samples: Vec<Sample> = Vec::new();
    for sample in std::mem::take(&mut difference.samples) {
        let known = *stacks
            .entry(stack(&difference, &sample))
            .or_insert(samples.len());
        match samples.get_mut(known) {
            Some(same) => add(&mut same.values, sample.values),
            None => samples.push(sample),
        }
    }
    let mut locations = Locations::of(&difference);
    for sample in &before.samples {
        let value = |place: &Option<usize>| place.and_then(|at| sample.values.get(at).copied());
        let less = places
            .iter()
            .map(|place| value(place).unwrap_or(0).saturating_neg());
        let known = *stacks.entry(stack(before, sample)).or_insert(samples.len());
        match samples.get_mut(known) {
            Some(same) => add(&mut same.values, less),
            None => samples.push(Sample {
                locations: locations.take_over(&mut difference, before, &sample.locations),
                values: less.collect(),
                labels: sample.labels.clone(),
            }),
        }
    }
    samples.retain(|sample| sample.values.iter().any(|value| *value != 0));
    difference.samples = samples;
    let nanos = difference.time_nanos.saturating_sub(before.time_nanos);
    difference.duration = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
    difference
}

fn stack(profile: &Profile, sample: &Sample) -> Stack {
    let known = sample
        .locations
        .iter()
        .filter_map(|at| profile.locations.get(*at));
    (known.map(|it| it.address).collect(), sample.labels.clone())
}

fn add(values: &mut [i64], more: impl IntoIterator<Item = i64>) {
    for (value, more) in values.iter_mut().zip(more) {
        *value = value.saturating_add(more);
    }
}

/// Where addresses are in a profile.
struct Locations(HashMap<u64, usize>);

impl Locations {
    fn of(profile: &Profile) -> Self {
        let addresses = profile.locations.iter().map(|it| it.address);
        Self(addresses.zip(0..).collect())
    }

    /// The places in `into` of these locations of `from`, with what is not there yet.
    fn take_over(&mut self, into: &mut Profile, from: &Profile, places: &[usize]) -> Vec<usize> {
        let known = places.iter().filter_map(|at| from.locations.get(*at));
        known
            .map(|location| self.place(into, from, location))
            .collect()
    }

    fn place(&mut self, into: &mut Profile, from: &Profile, location: &Location) -> usize {
        let next = into.locations.len();
        let place = *self.0.entry(location.address).or_insert(next);
        if place == next {
            let mapping = location.mapping.and_then(|at| from.mappings.get(at));
            let mapping = mapping.map(|mapping| {
                let known = into.mappings.iter().position(|it| it == mapping);
                known.unwrap_or_else(|| {
                    into.mappings.push(mapping.clone());
                    into.mappings.len() - 1
                })
            });
            into.locations.push(Location {
                address: location.address,
                mapping,
                lines: Vec::new(),
            });
        }
        place
    }
}
