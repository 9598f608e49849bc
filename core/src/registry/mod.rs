//! The registry: what every component measures, and every form in which it is shown.
//!
//! A component describes its metrics once and then delivers numbers into its own [`Table`], so
//! deliveries of different components never wait for each other. Whoever reads takes a
//! [`Snapshot`]: descriptions laid out once for each *generation* (the set of series), and one flat
//! copy of the numbers. Text, protobuf, JSON, exporters and the dashboard all read snapshots, so
//! they cannot disagree, and encoding holds no lock.
//!
//! Locks are taken in one order: `own`, `layout`, `tables`, a table's state, `claims`. They come
//! from `parking_lot`, whose locks are not poisoned: nothing that can panic, and no code of a
//! plugin, runs under them, and a monitor must go on serving if that were ever wrong.

mod claims;
mod counts;
mod error;
mod escape;
mod export;
mod family;
pub mod json;
mod layout;
mod limits;
mod lines;
mod number;
pub mod openmetrics;
mod own;
mod owner;
pub mod protobuf;
mod selection;
mod selector;
mod slots;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;
pub mod text;
mod unit;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use parking_lot::Mutex;

pub use claims::Account;
pub use error::RegisterError;
pub use export::{Descriptors, Exported};
pub use family::Kind;
pub use limits::Limits;
pub use owner::{CORE, Owner};
pub use selection::Selection;
pub use selector::{Selector, SelectorError};
pub use snapshot::{FamilyView, Sample, Selected, Snapshot, Value};
pub use table::{Table, TableStatus};

use claims::Claims;
use layout::Layout;
use own::Own;

/// Everything that is measured. Cheap to clone; all clones are one registry.
#[derive(Debug, Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    limits: Limits,
    next_table: AtomicU64,
    tables: Mutex<BTreeMap<Arc<Owner>, Arc<Table>>>,
    /// The layout of the last snapshot.
    layout: Mutex<Option<Arc<Layout>>>,
    instruments: prometheus::Registry,
    own: Mutex<Own>,
}

/// What tables share with the registry.
#[derive(Debug)]
struct Shared {
    claims: Mutex<Claims>,
    /// Grows whenever the set of visible series changes.
    generation: AtomicU64,
}

impl Registry {
    /// An empty registry, whose snapshots also show core's own `instruments`.
    ///
    /// A collector in `instruments` must not take a snapshot of this registry.
    pub fn new(limits: Limits, instruments: prometheus::Registry) -> Self {
        let shared = Arc::new(Shared {
            claims: Mutex::new(Claims::new(limits.series_per_plugin)),
            generation: AtomicU64::new(1),
        });
        shared.claims.lock().set_budget(CORE, usize::MAX);
        let own_limits = Limits {
            families_per_component: usize::MAX,
            slots_per_component: u32::MAX,
            label_value_bytes: usize::MAX,
            ..limits
        };
        let owner = Owner::new(CORE, CORE);
        let born = Some(SystemTime::now());
        let own = Arc::new(Table::new(0, owner, shared.clone(), own_limits, born));
        let registry = Self {
            inner: Arc::new(Inner {
                shared,
                limits,
                next_table: AtomicU64::new(1),
                tables: Mutex::default(),
                layout: Mutex::default(),
                instruments,
                own: Mutex::new(Own::new(own.clone())),
            }),
        };
        // A new table is open, so it attaches.
        let _ = registry.attach(&own);
        registry
    }

    /// Sets how many series a plugin may have, all of its components together.
    ///
    /// Series it has already stay, also where they are more.
    pub fn set_budget(&self, plugin: &str, series: usize) {
        self.inner.shared.claims.lock().set_budget(plugin, series);
    }

    /// Makes a table for a component. It is not shown before [`Self::attach`].
    pub fn table(&self, owner: Owner) -> Arc<Table> {
        let inner = &*self.inner;
        let id = inner.next_table.fetch_add(1, Ordering::Relaxed);
        Arc::new(Table::new(
            id,
            owner,
            inner.shared.clone(),
            inner.limits,
            None,
        ))
    }

    /// Shows a table, in place of the one that its owner had: a snapshot has the one or the other.
    ///
    /// Answers the replaced one. It keeps its claims while it lives, so it can be attached again;
    /// [`Table::close`] ends that. Fails for a closed table.
    pub fn attach(&self, table: &Arc<Table>) -> Result<Option<Arc<Table>>, RegisterError> {
        let replaced = self.attach_all(std::slice::from_ref(table))?;
        Ok(replaced.into_iter().next())
    }

    /// As [`Self::attach`], several in one step: a snapshot has all of them or none.
    pub fn attach_all(&self, new: &[Arc<Table>]) -> Result<Vec<Arc<Table>>, RegisterError> {
        let mut tables = self.inner.tables.lock();
        for (at, table) in new.iter().enumerate() {
            if let Err(error) = table.set_attached(true) {
                for table in new.iter().take(at) {
                    table.set_attached(false)?;
                }
                return Err(error);
            }
        }
        let mut replaced = Vec::new();
        for table in new {
            let before = tables.insert(table.owner().clone(), table.clone());
            replaced.extend(before.filter(|before| !Arc::ptr_eq(before, table)));
        }
        for table in &replaced {
            table.set_attached(false)?;
        }
        self.inner.shared.generation.fetch_add(1, Ordering::AcqRel);
        Ok(replaced)
    }

    /// Shows the table of this owner no more, and closes it.
    pub fn detach(&self, owner: &Owner) -> Option<Arc<Table>> {
        let mut tables = self.inner.tables.lock();
        let table = tables.remove(owner)?;
        // Only attaching can fail.
        let _ = table.set_attached(false);
        self.inner.shared.generation.fetch_add(1, Ordering::AcqRel);
        drop(tables);
        table.close();
        Some(table)
    }

    /// Everything that is shown now. Gathers core's instruments; waits for no component.
    pub fn snapshot(&self) -> Snapshot {
        self.deliver_own();
        Snapshot::take(self.layout())
    }

    /// The names that a [`Selection`] may have.
    pub fn names(&self) -> BTreeSet<String> {
        let tables = self.inner.tables.lock();
        let names = tables.keys().flat_map(|owner| selection::names(owner));
        names.collect()
    }

    /// Each component that is shown, and how its table stands.
    pub fn components(&self) -> Vec<(Owner, TableStatus)> {
        let tables = self.inner.tables.lock();
        let status = |(owner, table): (&Arc<Owner>, &Arc<Table>)| {
            let owner = Owner::clone(owner);
            (owner, table.status())
        };
        tables.iter().map(status).collect()
    }

    /// Each plugin's budget, ascending by name.
    pub fn accounts(&self) -> Vec<(String, Account)> {
        let claims = self.inner.shared.claims.lock();
        let accounts = claims.accounts();
        let mut accounts: Vec<_> = accounts
            .map(|(plugin, account)| (plugin.to_owned(), account))
            .collect();
        drop(claims);
        accounts.sort_by(|(one, _), (other, _)| one.cmp(other));
        accounts
    }

    fn deliver_own(&self) {
        // Gathered under the lock, or an older state could arrive after a newer one and a counter
        // seem to begin again.
        let mut own = self.inner.own.lock();
        let mut families = self.inner.instruments.gather();
        families.extend(counts::families(&self.components(), &self.accounts()));
        own.deliver(&families);
    }

    fn layout(&self) -> Arc<Layout> {
        let mut layout = self.inner.layout.lock();
        // Read before the tables are: a change that comes between makes the next one lay out
        // again, and none is missed.
        let generation = self.inner.shared.generation.load(Ordering::Acquire);
        if let Some(layout) = layout.as_ref().filter(|l| l.generation == generation) {
            return layout.clone();
        }
        let tables: Vec<_> = self.inner.tables.lock().values().cloned().collect();
        let new = Arc::new(Layout::new(generation, tables.into_iter()));
        *layout = Some(new.clone());
        new
    }
}
