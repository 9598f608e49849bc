//! Registering and retiring.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use gaxx_abi::FamilySpec;

use super::{Histogram, Registered, Series, Table};
use crate::registry::{
    error::{RegisterError, shown},
    escape,
    family::{Family, Kind},
};

impl Table {
    /// Registers a family and answers its number. The same description answers the same number
    /// again; its help, unit and attributes may differ, and the first ones stay.
    pub fn register_family(&self, spec: &FamilySpec) -> Result<u32, RegisterError> {
        let family = Arc::new(Family::new(spec)?);
        let mut state = self.open()?;
        if let Some(&number) = state.numbers.get(&family.name) {
            let known = &state.families[number as usize];
            let what = known.family.difference(&family).or_else(|| {
                let same = known.given.iter().eq(spec.labels.iter());
                (!same).then_some("order of labels")
            });
            return match what {
                None => Ok(number),
                Some(what) => Err(RegisterError::Differs {
                    family: family.name.to_string(),
                    owner: self.owner.to_string(),
                    what,
                }),
            };
        }
        let number = match u32::try_from(state.families.len()) {
            Ok(number) if state.families.len() < self.limits.families_per_component => number,
            _ => {
                return Err(RegisterError::TooManyFamilies {
                    owner: self.owner.to_string(),
                    limit: self.limits.families_per_component,
                    family: family.name.to_string(),
                });
            }
        };
        let mut claims = self.shared.claims.lock();
        claims.family(self.id, &self.owner, &family)?;
        drop(claims);
        state.numbers.insert(family.name.clone(), number);
        state.families.push(Registered {
            family,
            given: spec.labels.iter().map(ToString::to_string).collect(),
            series: HashMap::new(),
        });
        Ok(number)
    }

    /// Registers a series and answers the first of its slots. The same labels answer the same
    /// slot again.
    pub fn register_series<S: AsRef<str>>(
        &self,
        family: u32,
        labels: &[S],
    ) -> Result<u32, RegisterError> {
        let registered = self.add_series(family, labels);
        if registered.is_err() {
            self.shared.claims.lock().refused(&self.owner.plugin);
        }
        registered
    }

    fn add_series<S: AsRef<str>>(&self, family: u32, labels: &[S]) -> Result<u32, RegisterError> {
        let mut guard = self.open()?;
        let state = &mut *guard;
        let Some(registered) = state.families.get_mut(family as usize) else {
            return Err(RegisterError::UnknownFamily { number: family });
        };
        let described = registered.family.clone();
        let values = self.label_values(&described, labels)?;
        let text: Arc<str> = label_text(&described.labels, &values).into();
        if let Some(&slot) = registered.series.get(&text) {
            return Ok(slot);
        }
        let count = described.slots();
        let end = state.slots.used().checked_add(count);
        if end.is_none_or(|end| end > self.limits.slots_per_component) {
            return Err(RegisterError::SlotsSpent {
                owner: self.owner.to_string(),
                limit: self.limits.slots_per_component,
                series: shown(&format!("{}{{{text}}}", described.name)),
            });
        }
        let mut claims = self.shared.claims.lock();
        claims.series(&self.owner, &described, &text)?;
        drop(claims);
        let slot = state.slots.allocate(count, described.kind == Kind::Counter);
        if described.kind == Kind::Histogram {
            let bounds = count - 2;
            let count = 0.0;
            state.histograms.insert(slot, Histogram { bounds, count });
        }
        registered.series.insert(text.clone(), slot);
        state.lines += described.lines();
        state.series.insert(
            slot,
            Series {
                family,
                values,
                text,
                started: self.born.unwrap_or_else(SystemTime::now),
            },
        );
        self.changed(state);
        Ok(slot)
    }

    /// Forgets the series that begins at `slot`; no effect where none does.
    pub fn retire(&self, slot: u32) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let Some(series) = state.series.remove(&slot) else {
            return;
        };
        let Some(registered) = state.families.get_mut(series.family as usize) else {
            return;
        };
        let family = &registered.family;
        registered.series.remove(&series.text);
        state.histograms.remove(&slot);
        state.slots.retire(slot, family.slots());
        state.lines -= family.lines();
        if !state.closed {
            let mut claims = self.shared.claims.lock();
            claims.release_series(family, &series.text);
        }
        self.changed(state);
    }

    /// Label values in the order of the sorted names.
    fn label_values<S: AsRef<str>>(
        &self,
        family: &Family,
        given: &[S],
    ) -> Result<Arc<[String]>, RegisterError> {
        if given.len() != family.labels.len() {
            return Err(RegisterError::LabelCount {
                family: family.name.to_string(),
                given: given.len(),
                wanted: family.labels.len(),
            });
        }
        let longest = given.iter().map(|value| value.as_ref().len()).max();
        let limit = self.limits.label_value_bytes;
        if let Some(length) = longest.filter(|&length| length > limit) {
            return Err(RegisterError::TooLong {
                family: family.name.to_string(),
                what: "value of a label",
                length,
                limit,
            });
        }
        let value = |&at: &usize| given[at].as_ref().to_owned();
        Ok(family.order.iter().map(value).collect())
    }
}

/// `a="x",b="y"`, escaped.
fn label_text(names: &[String], values: &[String]) -> String {
    let mut text = String::new();
    for (name, value) in names.iter().zip(values) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name);
        text.push_str("=\"");
        escape::label_value(value, &mut text);
        text.push('"');
    }
    text
}
