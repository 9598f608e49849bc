//! A number that only grows.

use super::Cell;

/// A number that only grows, from zero.
#[derive(Debug, Clone)]
pub struct Counter(pub(crate) Cell);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1.0);
    }

    /// Adds to it. What is negative or not a number is passed over.
    pub fn add(&self, amount: f64) {
        if amount > 0.0 {
            self.0.add(amount);
        }
    }

    /// Takes over a total that somebody else counts, such as the kernel.
    pub fn set_total(&self, total: f64) {
        self.0.put(Some(total));
    }

    /// Its value.
    pub fn get(&self) -> f64 {
        self.0.get().unwrap_or(0.0)
    }
}
