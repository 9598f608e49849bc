//! What a snapshot takes from a table.

use std::{sync::Arc, time::SystemTime};

use super::Table;
use crate::registry::family::Family;

/// A series as the layout takes it up.
pub(in crate::registry) struct Described {
    pub(in crate::registry) slot: u32,
    pub(in crate::registry) values: Arc<[String]>,
    pub(in crate::registry) text: Arc<str>,
    pub(in crate::registry) started: SystemTime,
}

/// Slots of a table that lie in a row in a snapshot too.
#[derive(Debug)]
pub(in crate::registry) struct Run {
    pub(in crate::registry) from: u32,
    pub(in crate::registry) to: usize,
    pub(in crate::registry) length: u32,
}

impl Table {
    /// Its families that have series, in the order of registration.
    pub(in crate::registry) fn describe(&self) -> Vec<(Arc<Family>, Vec<Described>)> {
        let state = self.state.lock();
        let mut families: Vec<_> = state
            .families
            .iter()
            .map(|registered| {
                let series = Vec::with_capacity(registered.series.len());
                (registered.family.clone(), series)
            })
            .collect();
        for (&slot, series) in &state.series {
            families[series.family as usize].1.push(Described {
                slot,
                values: series.values.clone(),
                text: series.text.clone(),
                started: series.started,
            });
        }
        families.retain(|(_, series)| !series.is_empty());
        families
    }

    /// Copies the values of `runs`; what has none is left as it is.
    pub(in crate::registry) fn read(&self, runs: &[Run], into: &mut [f64]) -> Option<SystemTime> {
        let state = self.state.lock();
        for run in runs {
            let places = into.iter_mut().skip(run.to);
            for (slot, place) in (run.from..run.from + run.length).zip(places) {
                if let Some(value) = state.slots.get(slot) {
                    *place = value;
                }
            }
        }
        state.delivered
    }
}
