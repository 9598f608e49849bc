//! What a component is given when it is made.

use std::sync::Arc;

use gaxx_abi::metric::kind;

use crate::{
    Host, Result,
    metrics::{Counter, DynamicFamily, Family, Gauge, Histogram, Metric, Store, register_family},
};

/// What a component is given when it is made: its host, and where it registers its metrics.
///
/// Names follow the Prometheus rules: base units, `_total` on counters, `_seconds`, `_bytes`.
/// Registering fails where a name is not allowed or another plugin has it with another meaning.
#[derive(Debug, Clone)]
pub struct Context {
    host: Host,
    store: Arc<Store>,
}

impl Context {
    pub(crate) fn new(host: Host, store: Arc<Store>) -> Self {
        Self { host, store }
    }

    /// The program that the component runs in.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// A number that only grows. It is there at zero from the start.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter> {
        self.counters(name, help, [])?.try_with([])
    }

    /// A number that goes up and down. It is absent until it is set.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge> {
        self.gauges(name, help, [])?.try_with([])
    }

    /// Counts observations by size. `bounds` are upper bounds, ascending, without the infinite one.
    pub fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Result<Histogram> {
        self.histograms(name, help, bounds, [])?.try_with([])
    }

    /// Counters of one name, told apart by labels.
    pub fn counters<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<Family<Counter, N>> {
        let family = register_family(&self.host, kind::COUNTER, name, help, &labels, &[])?;
        Ok(Family::new(family, &self.host, &self.store))
    }

    /// Gauges of one name, told apart by labels.
    pub fn gauges<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<Family<Gauge, N>> {
        let family = register_family(&self.host, kind::GAUGE, name, help, &labels, &[])?;
        Ok(Family::new(family, &self.host, &self.store))
    }

    /// Histograms of one name, told apart by labels.
    pub fn histograms<const N: usize>(
        &self,
        name: &str,
        help: &str,
        bounds: &[f64],
        labels: [&str; N],
    ) -> Result<Family<Histogram, N>> {
        let family = register_family(&self.host, kind::HISTOGRAM, name, help, &labels, bounds)?;
        Ok(Family::new(family, &self.host, &self.store))
    }

    /// Metrics of one name whose labels are known only at run time: those that another program
    /// prints, say. Every other plugin is better served by the methods above.
    ///
    /// `bounds` are those of a histogram; all else has none.
    pub fn dynamic<T: Metric>(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        bounds: &[f64],
    ) -> Result<DynamicFamily<T>> {
        let family = register_family(&self.host, T::KIND, name, help, labels, bounds)?;
        Ok(DynamicFamily::new(
            family,
            labels.len(),
            &self.host,
            &self.store,
        ))
    }
}
