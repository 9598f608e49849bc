//! The metrics of one component.

mod deliver;
mod read;
mod register;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, atomic::Ordering},
    time::SystemTime,
};

use parking_lot::{Mutex, MutexGuard};

use super::{Limits, Owner, Shared, error::RegisterError, family::Family, slots::Slots};

pub(super) use read::{Described, Run};

/// The metrics of one component: what it registered, and the values it last delivered.
///
/// Made by [`Registry::table`]; seen by nobody until [`Registry::attach`]. All methods may be
/// called from any thread; none calls foreign code, and none waits for more than another call on
/// the same table.
///
/// [`Registry::table`]: super::Registry::table
/// [`Registry::attach`]: super::Registry::attach
#[derive(Debug)]
pub struct Table {
    id: u64,
    owner: Arc<Owner>,
    shared: Arc<Shared>,
    limits: Limits,
    /// When its counters began, where that was before their registration.
    born: Option<SystemTime>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    families: Vec<Registered>,
    numbers: HashMap<Arc<str>, u32>,
    /// By first slot.
    series: BTreeMap<u32, Series>,
    histograms: BTreeMap<u32, Histogram>,
    slots: Slots,
    lines: usize,
    delivered: Option<SystemTime>,
    ignored: u64,
    late: bool,
    attached: bool,
    closed: bool,
}

#[derive(Debug)]
struct Registered {
    family: Arc<Family>,
    /// The label names in the order they were given.
    given: Vec<String>,
    /// First slots by the text of the labels.
    series: HashMap<Arc<str>, u32>,
}

#[derive(Debug)]
struct Series {
    family: u32,
    values: Arc<[String]>,
    text: Arc<str>,
    started: SystemTime,
}

#[derive(Debug)]
struct Histogram {
    bounds: u32,
    /// The count of all at the last delivery, to notice a reset.
    count: f64,
}

/// What is known of a table, beside its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableStatus {
    /// Its series, in lines of the scrape.
    pub series: usize,
    /// Points that were delivered and not taken: of unknown or retired slots, of counters that
    /// were negative or not finite, of broken histograms.
    pub ignored: u64,
    /// Whether the values are older than they should be.
    pub late: bool,
    /// When values were last delivered.
    pub delivered: Option<SystemTime>,
}

impl Table {
    pub(in crate::registry) fn new(
        id: u64,
        owner: Owner,
        shared: Arc<Shared>,
        limits: Limits,
        born: Option<SystemTime>,
    ) -> Self {
        Self {
            id,
            owner: Arc::new(owner),
            shared,
            limits,
            born,
            state: Mutex::default(),
        }
    }

    /// Whose it is.
    pub fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }

    /// What is known of it, beside its values.
    pub fn status(&self) -> TableStatus {
        let state = self.state.lock();
        TableStatus {
            series: state.lines,
            ignored: state.ignored,
            late: state.late,
            delivered: state.delivered,
        }
    }

    /// Gives back everything it claims, for good: names, series and budget. Later registrations
    /// are refused. For a component that was stopped while something may still hold its table.
    pub fn close(&self) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        if state.closed {
            return;
        }
        state.closed = true;
        let mut claims = self.shared.claims.lock();
        for registered in &state.families {
            for text in registered.series.keys() {
                claims.release_series(&registered.family, text);
            }
            claims.release_family(self.id, &registered.family);
        }
    }

    pub(in crate::registry) fn set_attached(&self, attached: bool) -> Result<(), RegisterError> {
        if attached {
            self.open()?.attached = true;
        } else {
            self.state.lock().attached = false;
        }
        Ok(())
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, RegisterError> {
        let state = self.state.lock();
        if state.closed {
            return Err(RegisterError::Closed {
                owner: self.owner.to_string(),
            });
        }
        Ok(state)
    }

    /// Notes, with the lock held, that the set of visible series is another one.
    fn changed(&self, state: &State) {
        if state.attached {
            self.shared.generation.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.close();
    }
}
