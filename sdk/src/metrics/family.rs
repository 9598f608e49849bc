//! Series of one name, told apart by labels.
#![allow(
    // The sealed trait is this crate's own business.
    private_interfaces
)]

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use gaxx_abi::{
    FamilySpec,
    abi_std::{RString, RVec},
    metric::kind,
};

use super::{
    Counter, Gauge, Histogram, Store,
    histogram::Buckets,
    kept::{Counted, Keep, bits},
};
use crate::{Host, Result, error::answer};

/// Ends each label value in a key. No UTF-8 text holds this byte, so that keys cannot be confused.
const END: u8 = 0xff;

/// Resets after which a series that was not set any more is forgotten.
const FORGET_AFTER: u32 = 20;

/// Series of one name, told apart by `N` labels. Cheap to clone.
///
/// Label values should come from a closed set; each plugin has a budget of series. What goes over
/// it is counted by the host and not kept.
pub struct Family<T, const N: usize>(Arc<Inner<T>>);

/// A family as the host knows it.
#[derive(Debug, Default)]
pub(crate) struct Registered {
    number: u32,
    /// Its name and the names of its labels: what it has in common with itself in another version.
    key: String,
    bounds: Vec<f64>,
}

pub(super) struct Inner<T> {
    family: Registered,
    host: Host,
    /// The store has the families whose counts are kept.
    store: Weak<Store>,
    members: Mutex<Members<T>>,
}

struct Members<T> {
    by_labels: HashMap<Box<[u8]>, Member<T>>,
    /// Where the key of a look-up is put together, so that finding a series allocates nothing.
    key: Vec<u8>,
}

struct Member<T> {
    handle: T,
    slot: u32,
    /// Resets since it was last set.
    idle: u32,
}

/// What a family can be of: [`Counter`], [`Gauge`], [`Histogram`] or
/// [`Distribution`](super::Distribution).
pub trait Metric: Clone + Send + Sync + 'static + sealed::Sealed {}

pub(super) mod sealed {
    use super::Store;

    pub trait Sealed {
        /// A constant of [`gaxx_abi::metric::kind`].
        const KIND: u32;
        /// Whether it counts, so that the next version goes on from there.
        const COUNTS: bool = false;

        /// A metric that the host reads at this slot of the store; one that it does not read.
        fn attach(place: Option<(&Store, u32)>, bounds: &[f64]) -> Self;
        fn clear(&self);
        fn is_set(&self) -> bool;
        fn release(self, store: &Store);

        /// What it has counted, as bits; nothing where it has no value.
        fn counted(&self) -> Option<Vec<u64>> {
            None
        }

        /// Goes on from there.
        fn go_on_from(&self, _counted: &[u64]) {}
    }
}

impl<T: Metric, const N: usize> Family<T, N> {
    pub(crate) fn new(family: Registered, host: &Host, store: &Arc<Store>) -> Self {
        Self(Inner::new(family, host, store))
    }

    /// The series with these label values, registered at its first use.
    ///
    /// Where the plugin's budget of series is spent the handle works, and is not kept.
    pub fn with(&self, labels: [&str; N]) -> T {
        self.try_with(labels).unwrap_or_else(|_| {
            // The host has counted and logged the refusal.
            T::attach(None, &self.0.family.bounds)
        })
    }

    /// As [`Family::with`], with the reason where the host refused the series.
    pub fn try_with(&self, labels: [&str; N]) -> Result<T> {
        self.0.member(&labels)
    }

    /// Takes all values away, so that only what is set from now on is there.
    ///
    /// Call it before setting the state of things that come and go, such as disks. A series that
    /// was not set between many calls is forgotten.
    pub fn reset(&self) {
        self.0.reset();
    }
}

impl<T: Metric> Inner<T> {
    pub(super) fn new(family: Registered, host: &Host, store: &Arc<Store>) -> Arc<Self> {
        let inner = Arc::new(Self {
            family,
            host: host.clone(),
            store: Arc::downgrade(store),
            members: Mutex::new(Members {
                by_labels: HashMap::new(),
                key: Vec::new(),
            }),
        });
        if T::COUNTS {
            store.keep(Arc::clone(&inner) as Arc<dyn Keep>);
        }
        inner
    }

    /// The series with these label values, registered at its first use.
    pub(super) fn member(&self, labels: &[&str]) -> Result<T> {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let Members { by_labels, key } = &mut *members;
        key.clear();
        for label in labels {
            key.extend_from_slice(label.as_bytes());
            key.push(END);
        }
        if let Some(member) = by_labels.get(key.as_slice()) {
            return Ok(member.handle.clone());
        }
        let values: RVec<RString> = labels.iter().map(|label| RString::from(*label)).collect();
        let Registered {
            number,
            key: name,
            bounds,
        } = &self.family;
        let slot = answer(self.host.0.series(*number, values.as_rslice()))?;
        // Without a store the component has come to its end, and nobody reads it any more.
        let store = self.store.upgrade();
        let handle = T::attach(store.as_deref().map(|store| (store, slot)), bounds);
        if let Some(counted) = store.and_then(|store| store.inherit(name, bounds, labels)) {
            handle.go_on_from(&counted);
        }
        let member = Member {
            handle: handle.clone(),
            slot,
            idle: 0,
        };
        by_labels.insert(key.as_slice().into(), member);
        Ok(handle)
    }

    pub(super) fn reset(&self) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let mut forgotten = Vec::new();
        for (key, member) in &mut members.by_labels {
            member.idle = if member.handle.is_set() {
                0
            } else {
                member.idle + 1
            };
            member.handle.clear();
            if member.idle > FORGET_AFTER {
                forgotten.push(key.clone());
            }
        }
        for key in forgotten {
            if let Some(member) = members.by_labels.remove(&key) {
                if let Some(store) = self.store.upgrade() {
                    member.handle.release(&store);
                }
                self.host.0.retire(member.slot);
            }
        }
    }
}

impl<T: Metric> Keep for Inner<T> {
    fn counts(&self) -> (String, Counted) {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let series = members.by_labels.iter().filter_map(|(key, member)| {
            let labels = key.split(|byte| *byte == END).map(String::from_utf8_lossy);
            let mut labels: Vec<String> = labels.map(Into::into).collect();
            // Behind the last end there is nothing.
            labels.pop();
            Some((labels, member.handle.counted()?))
        });
        let counted = Counted {
            bounds: bits(&self.family.bounds),
            series: series.collect(),
        };
        (self.family.key.clone(), counted)
    }
}

impl<T> fmt::Debug for Inner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("registered", &self.family)
            .finish_non_exhaustive()
    }
}

impl<T, const N: usize> Clone for Family<T, N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T, const N: usize> fmt::Debug for Family<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Tells the host of a family.
pub(crate) fn register_family(
    host: &Host,
    kind: u32,
    name: &str,
    help: &str,
    labels: &[&str],
    bounds: &[f64],
) -> Result<Registered> {
    let spec = FamilySpec {
        name: name.into(),
        help: help.into(),
        unit: RString::new(),
        kind,
        labels: labels.iter().map(|label| RString::from(*label)).collect(),
        bounds: bounds.to_vec().into(),
        attributes: RVec::new(),
    };
    Ok(Registered {
        number: answer(host.0.family(spec))?,
        key: format!("{name}{{{}}}", labels.join(",")),
        bounds: bounds.to_vec(),
    })
}

macro_rules! plain_metric {
    ($type:ident, $kind:expr, $initial:expr, $counts:expr) => {
        impl Metric for $type {}

        impl sealed::Sealed for $type {
            const KIND: u32 = $kind;
            const COUNTS: bool = $counts;

            fn attach(place: Option<(&Store, u32)>, _: &[f64]) -> Self {
                let cell = |(store, slot): (&Store, u32)| store.cell(slot, $initial);
                Self(place.map_or_else(Store::detached, cell))
            }

            fn clear(&self) {
                self.0.put(None);
            }

            fn is_set(&self) -> bool {
                self.0.get().is_some()
            }

            fn release(self, store: &Store) {
                store.release(self.0);
            }

            fn counted(&self) -> Option<Vec<u64>> {
                self.0.get().map(|value| vec![value.to_bits()])
            }

            fn go_on_from(&self, counted: &[u64]) {
                if let [bits] = counted {
                    self.0.put(Some(f64::from_bits(*bits)));
                }
            }
        }
    };
}

plain_metric!(Counter, kind::COUNTER, Some(0.0), true);
plain_metric!(Gauge, kind::GAUGE, None, false);

impl Metric for Histogram {}

impl sealed::Sealed for Histogram {
    const KIND: u32 = kind::HISTOGRAM;
    const COUNTS: bool = true;

    fn attach(place: Option<(&Store, u32)>, bounds: &[f64]) -> Self {
        let buckets = Arc::new(Buckets::new(bounds));
        if let Some((store, slot)) = place {
            store.histogram(slot, &buckets);
        }
        Self(buckets)
    }

    /// Observations are events, not a state: they stay.
    fn clear(&self) {}

    fn is_set(&self) -> bool {
        true
    }

    fn release(self, store: &Store) {
        store.release_histogram(&self.0);
    }

    fn counted(&self) -> Option<Vec<u64>> {
        Some(self.0.counted())
    }

    fn go_on_from(&self, counted: &[u64]) {
        self.0.go_on_from(counted);
    }
}

#[cfg(test)]
mod tests {
    // Compared numbers are whole and exact.
    #![allow(clippy::unwrap_used, clippy::float_cmp)]

    use super::*;
    use crate::{
        Context,
        testing::{Samples, TestHost},
    };

    /// A context, and what is read through it.
    struct Bench {
        host: TestHost,
        store: Arc<Store>,
        context: Context,
    }

    impl Bench {
        fn new() -> Self {
            let (host, store) = (TestHost::default(), Arc::new(Store::default()));
            let context = Context::new(Host::new(host.reference()), Arc::clone(&store));
            Self {
                host,
                store,
                context,
            }
        }

        fn samples(&self) -> Samples {
            let mut points = RVec::new();
            self.store.points(&mut points);
            self.host.samples(&points)
        }

        fn value(&self, labels: [&str; 1]) -> Option<f64> {
            self.samples().value("disk_bytes", &[("disk", labels[0])])
        }

        fn disks(&self) -> Family<Gauge, 1> {
            self.context
                .gauges("disk_bytes", "Bytes.", ["disk"])
                .unwrap()
        }
    }

    #[test]
    fn the_same_labels_are_the_same_series() {
        let bench = Bench::new();
        let disks = bench.disks();
        disks.with(["a"]).set(1.0);
        disks.clone().with(["a"]).add(2.0);
        disks.with(["b"]).set(5.0);
        assert_eq!(
            (bench.value(["a"]), bench.value(["b"])),
            (Some(3.0), Some(5.0))
        );
        assert_eq!(bench.samples().iter().count(), 2);
    }

    #[test]
    fn labels_are_told_apart_wherever_they_end() {
        let bench = Bench::new();
        let family = bench.context.gauges("x", "X.", ["a", "b"]).unwrap();
        family.with(["12", "3"]).set(1.0);
        family.with(["1", "23"]).set(2.0);
        let value = |a, b| bench.samples().value("x", &[("a", a), ("b", b)]);
        assert_eq!((value("12", "3"), value("1", "23")), (Some(1.0), Some(2.0)));
    }

    #[test]
    fn a_counter_is_there_at_zero_and_a_gauge_is_not() {
        let bench = Bench::new();
        let counter = bench.context.counter("a_total", "A.").unwrap();
        let gauge = bench.context.gauge("b", "B.").unwrap();
        assert_eq!(bench.samples().names(), ["a_total"]);
        counter.add(-1.0);
        counter.add(f64::NAN);
        counter.increment();
        gauge.set(1.0);
        gauge.clear();
        assert_eq!(bench.samples().to_string(), "a_total 1\n");
        counter.set_total(9.0);
        assert_eq!(counter.get(), 9.0);
    }

    #[test]
    fn after_a_reset_only_what_is_set_is_there() {
        let bench = Bench::new();
        let disks = bench.disks();
        disks.with(["gone"]).set(1.0);
        disks.with(["stays"]).set(1.0);
        disks.reset();
        assert_eq!(bench.samples().iter().count(), 0);
        disks.with(["stays"]).set(2.0);
        assert_eq!(
            (bench.value(["gone"]), bench.value(["stays"])),
            (None, Some(2.0))
        );
    }

    #[test]
    fn what_is_not_set_for_long_is_forgotten_and_may_come_back() {
        let bench = Bench::new();
        let disks = bench.disks();
        let kept = disks.with(["gone"]);
        kept.set(1.0);
        // The first reset still finds it set.
        for _ in 0..=FORGET_AFTER {
            disks.reset();
            disks.with(["stays"]).set(1.0);
        }
        assert_eq!(bench.host.series_count(), 2);
        disks.reset();
        assert_eq!(bench.host.series_count(), 1);

        let anew = disks.with(["gone"]);
        kept.set(99.0);
        assert_eq!((bench.value(["gone"]), anew.get()), (None, None));
        anew.set(2.0);
        assert_eq!(bench.value(["gone"]), Some(2.0));
        assert_eq!(bench.host.series_count(), 2);
    }

    #[test]
    fn observations_outlive_resets() {
        let bench = Bench::new();
        let family = bench
            .context
            .histograms("size_bytes", "Size.", &[1.0], ["disk"])
            .unwrap();
        family.with(["a"]).observe(0.5);
        for _ in 0..FORGET_AFTER * 2 {
            family.reset();
        }
        let labels = [("disk", "a"), ("le", "1")];
        assert_eq!(
            bench.samples().value("size_bytes_bucket", &labels),
            Some(1.0)
        );
        assert_eq!(bench.samples().value("size_bytes_sum", &[]), Some(0.5));
    }

    #[test]
    fn a_series_that_the_host_refuses_works_and_is_not_kept() {
        let bench = Bench::new();
        let host = Host::new(bench.host.reference());
        let unknown = Registered {
            number: 99,
            ..Registered::default()
        };
        let unknown: Family<Counter, 0> = Family::new(unknown, &host, &bench.store);
        assert_eq!(
            unknown.try_with([]).unwrap_err().message(),
            "no such family"
        );
        let counter = unknown.with([]);
        counter.increment();
        assert_eq!(counter.get(), 1.0);
        assert_eq!(unknown.with([]).get(), 0.0);
        assert_eq!(bench.samples().iter().count(), 0);
    }
}
