//! A number that goes up and down.

use super::Cell;

/// A number that goes up and down. It is absent until it is set.
#[derive(Debug, Clone)]
pub struct Gauge(pub(crate) Cell);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.put(Some(value));
    }

    /// Adds to it; a negative amount takes away.
    pub fn add(&self, amount: f64) {
        self.0.add(amount);
    }

    /// Takes it away until it is set again.
    pub fn clear(&self) {
        self.0.put(None);
    }

    /// Its value, if it has one.
    pub fn get(&self) -> Option<f64> {
        self.0.get()
    }
}
