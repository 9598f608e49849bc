//! Who gives which family and which series, and what each plugin has left of its budget.
//!
//! A claim belongs to an owner, not to a table: the new version of a component shares the claims
//! of the old one while it is being swapped in, and pays nothing twice.

use std::{collections::HashMap, sync::Arc};

use super::{
    Owner,
    error::{RegisterError, shown},
    family::{Family, Kind},
};

/// The names that a histogram's lines bear.
const SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

#[derive(Debug)]
pub(super) struct Claims {
    families: HashMap<Arc<str>, Claim>,
    accounts: HashMap<String, Account>,
    default_budget: usize,
}

/// What is claimed of one family name.
#[derive(Debug, Default)]
struct Claim {
    holders: Vec<Holder>,
    /// By the text of their labels.
    series: HashMap<Arc<str>, SeriesClaim>,
}

#[derive(Debug)]
struct Holder {
    table: u64,
    owner: Arc<Owner>,
    family: Arc<Family>,
}

#[derive(Debug)]
struct SeriesClaim {
    owner: Arc<Owner>,
    tables: usize,
    cost: usize,
}

/// What a plugin has used of its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The most series it may have.
    pub limit: usize,
    /// The series it has.
    pub used: usize,
    /// How many registrations of a series were refused, whatever the reason.
    pub refused: u64,
}

impl Claims {
    pub(super) fn new(default_budget: usize) -> Self {
        Self {
            families: HashMap::new(),
            accounts: HashMap::new(),
            default_budget,
        }
    }

    pub(super) fn set_budget(&mut self, plugin: &str, limit: usize) {
        self.account(plugin).limit = limit;
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = (&str, Account)> {
        self.accounts
            .iter()
            .map(|(plugin, account)| (plugin.as_str(), *account))
    }

    /// Claims a family for a table. The table has none of this name yet.
    pub(super) fn family(
        &mut self,
        table: u64,
        owner: &Arc<Owner>,
        family: &Arc<Family>,
    ) -> Result<(), RegisterError> {
        // Another table of the same owner is the version that this one replaces.
        let binds = |holder: &&Holder| holder.table == table || holder.owner != *owner;
        if let Some(claim) = self.families.get(&family.name) {
            for holder in claim.holders.iter().filter(binds) {
                if let Some(what) = family.difference(&holder.family) {
                    return Err(RegisterError::Differs {
                        family: family.name.to_string(),
                        owner: holder.owner.to_string(),
                        what,
                    });
                }
            }
        }
        let clashes = |name: &str, histogram: bool| {
            let mut holders = self.families.get(name)?.holders.iter().filter(binds);
            holders.find(|holder| !histogram || holder.family.kind == Kind::Histogram)
        };
        let clash = SUFFIXES.iter().find_map(|suffix| {
            let base = family.name.strip_suffix(suffix);
            let base = base.and_then(|base| clashes(base, true));
            base.or_else(|| {
                let is_histogram = family.kind == Kind::Histogram;
                is_histogram.then(|| clashes(&format!("{}{suffix}", family.name), false))?
            })
        });
        if let Some(holder) = clash {
            return Err(RegisterError::Clashes {
                family: family.name.to_string(),
                other: holder.family.name.to_string(),
                owner: holder.owner.to_string(),
            });
        }
        let claim = self.families.entry(family.name.clone()).or_default();
        claim.holders.push(Holder {
            table,
            owner: owner.clone(),
            family: family.clone(),
        });
        Ok(())
    }

    /// Counts a registration of a series that was refused.
    pub(super) fn refused(&mut self, plugin: &str) {
        self.account(plugin).refused += 1;
    }

    /// Claims a series of a claimed family for one table of `owner`.
    pub(super) fn series(
        &mut self,
        owner: &Arc<Owner>,
        family: &Family,
        labels: &Arc<str>,
    ) -> Result<(), RegisterError> {
        let series = || shown(&format!("{}{{{labels}}}", family.name));
        let held = self.families.get(&family.name);
        let held = held.and_then(|claim| claim.series.get(labels));
        if let Some(held) = held.filter(|held| held.owner != *owner) {
            return Err(RegisterError::Taken {
                series: series(),
                owner: held.owner.to_string(),
            });
        }
        let extra = family
            .lines()
            .saturating_sub(held.map_or(0, |held| held.cost));
        let account = self.account(&owner.plugin);
        if account.used.saturating_add(extra) > account.limit {
            return Err(RegisterError::Budget {
                plugin: owner.plugin.clone(),
                limit: account.limit,
                series: series(),
            });
        }
        account.used += extra;
        let claim = self.families.entry(family.name.clone()).or_default();
        let held = claim.series.entry(labels.clone());
        let held = held.or_insert_with(|| SeriesClaim {
            owner: owner.clone(),
            tables: 0,
            cost: 0,
        });
        held.tables += 1;
        held.cost += extra;
        Ok(())
    }

    /// Gives back one table's claim of a series.
    pub(super) fn release_series(&mut self, family: &Family, labels: &str) {
        let Some(claim) = self.families.get_mut(&family.name) else {
            return;
        };
        let Some(held) = claim.series.get_mut(labels) else {
            return;
        };
        held.tables -= 1;
        if held.tables > 0 {
            return;
        }
        if let Some(held) = claim.series.remove(labels) {
            self.account(&held.owner.plugin).used -= held.cost;
        }
    }

    /// Gives back a table's claim of a family. Its series were given back before.
    pub(super) fn release_family(&mut self, table: u64, family: &Family) {
        if let Some(claim) = self.families.get_mut(&family.name) {
            claim.holders.retain(|holder| holder.table != table);
            if claim.holders.is_empty() {
                self.families.remove(&family.name);
            }
        }
    }

    fn account(&mut self, plugin: &str) -> &mut Account {
        let limit = self.default_budget;
        self.accounts.entry(plugin.to_owned()).or_insert(Account {
            limit,
            used: 0,
            refused: 0,
        })
    }
}
