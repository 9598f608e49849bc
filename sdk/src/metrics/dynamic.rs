//! Series of one name whose labels are known only at run time.
#![allow(
    // The sealed trait is this crate's own business.
    private_interfaces
)]

use std::{fmt, sync::Arc};

use super::{
    Metric, Store,
    family::{Inner, Registered},
};
use crate::{Error, ErrorKind, Host, Result};

/// Series of one name whose labels are known only at run time. Cheap to clone.
///
/// Made by [`Context::dynamic`](crate::Context::dynamic). Otherwise as [`Family`](super::Family).
pub struct DynamicFamily<T> {
    inner: Arc<Inner<T>>,
    labels: usize,
}

impl<T: Metric> DynamicFamily<T> {
    pub(crate) fn new(family: Registered, labels: usize, host: &Host, store: &Arc<Store>) -> Self {
        let inner = Inner::new(family, host, store);
        Self { inner, labels }
    }

    /// The series with these label values, in the order of the names, registered at its first use.
    ///
    /// Fails where the number of values is another one, and where the host refuses the series.
    pub fn try_with(&self, labels: &[&str]) -> Result<T> {
        if labels.len() != self.labels {
            let (given, wanted) = (labels.len(), self.labels);
            let message = format!("{given} label values were given for {wanted} labels");
            return Err(Error::new(ErrorKind::Settings, message));
        }
        self.inner.member(labels)
    }

    /// Takes all values away, as [`Family::reset`](super::Family::reset) does.
    pub fn reset(&self) {
        self.inner.reset();
    }
}

impl<T> Clone for DynamicFamily<T> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            labels: self.labels,
        }
    }
}

impl<T> fmt::Debug for DynamicFamily<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicFamily")
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::{
        metrics::{Distribution, DynamicFamily},
        prelude::*,
        testing::collector,
    };

    /// Shows in each round what that round's part of the script says.
    struct Script {
        rounds: Vec<Vec<(String, f64)>>,
        totals: DynamicFamily<Counter>,
        sizes: DynamicFamily<Distribution>,
    }

    #[settings]
    struct Settings {
        rounds: Vec<Vec<(String, f64)>>,
    }

    impl Component for Script {
        type Settings = Settings;
        const ASKED_BY: Option<&'static str> = Some("rounds");

        fn new(settings: Settings, context: &Context) -> Result<Self> {
            Ok(Self {
                rounds: settings.rounds,
                totals: context.dynamic("runs_total", "Runs.", &["a", "b"], &[])?,
                sizes: context.dynamic("size_bytes", "Sizes.", &["a"], &[1.0, 8.0])?,
            })
        }
    }

    impl Collector for Script {
        fn collect(&mut self, _: Deadline) -> Result<()> {
            self.totals.reset();
            self.sizes.reset();
            for (name, value) in self.rounds.remove(0) {
                self.totals.try_with(&[&name, "x"])?.set_total(value);
                self.sizes.try_with(&[&name])?.set(&[1.0, 2.0], 3.0, value);
            }
            Ok(())
        }
    }

    #[test]
    fn what_is_not_set_anew_is_gone() {
        let rounds = crate::json!({ "rounds": [[["p", 5], ["q", 6]], [["q", 7]], []] });
        let mut script = collector::<Script>(rounds).unwrap();
        let first = script.collect().unwrap();
        assert_eq!(
            first.value("runs_total", &[("a", "p"), ("b", "x")]),
            Some(5.0)
        );
        assert_eq!(first.iter().count(), 2 + 2 * 5);
        assert_eq!(
            script.collect().unwrap().to_string(),
            "runs_total{a=\"q\",b=\"x\"} 7\n\
             size_bytes_bucket{a=\"q\",le=\"+Inf\"} 3\n\
             size_bytes_bucket{a=\"q\",le=\"1\"} 1\n\
             size_bytes_bucket{a=\"q\",le=\"8\"} 2\n\
             size_bytes_count{a=\"q\"} 3\n\
             size_bytes_sum{a=\"q\"} 7\n"
        );
        assert_eq!(script.collect().unwrap().to_string(), "");
    }

    /// Sets a distribution with a number of counts that is not its own.
    struct Odd(DynamicFamily<Distribution>);

    impl Component for Odd {
        type Settings = NoSettings;

        fn new(_: NoSettings, context: &Context) -> Result<Self> {
            Ok(Self(context.dynamic("odd", "Odd.", &[], &[1.0, 2.0])?))
        }
    }

    impl Collector for Odd {
        fn collect(&mut self, _: Deadline) -> Result<()> {
            assert!(self.0.try_with(&["too many"]).is_err());
            self.0.try_with(&[])?.set(&[1.0], 4.0, 5.0);
            Ok(())
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_or_absent() {
        let samples = collector::<Odd>(crate::json!({})).unwrap().collect();
        assert_eq!(
            samples.unwrap().to_string(),
            "odd_bucket{le=\"+Inf\"} 4\nodd_bucket{le=\"1\"} 1\nodd_count 4\nodd_sum 5\n"
        );
    }
}
