//! A histogram that somebody else counts.
#![allow(
    // The sealed trait is this crate's own business.
    private_interfaces
)]

use std::sync::Arc;

use gaxx_abi::metric::kind;

use super::{Cell, Metric, Store, family::sealed::Sealed};

/// A histogram that somebody else counts, such as another program. It is absent until it is set.
#[derive(Debug, Clone)]
pub struct Distribution(Arc<[Cell]>);

impl Distribution {
    /// Sets it: how many observations were at or below each bound, how many there were in all, and
    /// their sum.
    ///
    /// `cumulative` has a number for each bound of the family; what is missing is absent, and the
    /// host shows no histogram of which a part is absent.
    pub fn set(&self, cumulative: &[f64], count: f64, sum: f64) {
        let bounds = self.0.len().saturating_sub(2);
        let counts = (0..bounds).map(|at| cumulative.get(at).copied());
        let values = counts.chain([Some(count), Some(sum)]);
        self.0
            .iter()
            .zip(values)
            .for_each(|(cell, value)| cell.put(value));
    }

    /// Takes it away until it is set again.
    pub fn clear(&self) {
        self.0.iter().for_each(|cell| cell.put(None));
    }
}

impl Metric for Distribution {}

impl Sealed for Distribution {
    const KIND: u32 = kind::HISTOGRAM;

    fn attach(place: Option<(&Store, u32)>, bounds: &[f64]) -> Self {
        let cell = |offset| match place {
            Some((store, slot)) => store.cell(slot + offset, None),
            None => Store::detached(),
        };
        // The host has refused a family with more bounds than fit.
        let slots = u32::try_from(bounds.len()).unwrap_or(u32::MAX - 2) + 2;
        Self((0..slots).map(cell).collect())
    }

    fn clear(&self) {
        Distribution::clear(self);
    }

    fn is_set(&self) -> bool {
        self.0.iter().any(|cell| cell.get().is_some())
    }

    fn release(self, store: &Store) {
        let cells: Vec<Cell> = self.0.to_vec();
        drop(self);
        for cell in cells {
            store.release(cell);
        }
    }
}
