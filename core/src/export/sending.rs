//! What an exporter sends, and how it waits.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::{
    cargo::Takes,
    origin::{Health, Origin},
    relabel::{Relabel, Rule},
    spool::Budget,
};
use crate::{health::Engine, registry::Registry};

/// What an exporter sends, and how it waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sending {
    /// What it is given.
    pub takes: Takes,
    /// How many batches wait in memory at most, where they cannot be on disk.
    pub queue: usize,
    /// How much may wait on disk; nothing where it may not.
    pub spool: Option<Budget>,
    /// What becomes of series before they are sent.
    pub rules: Vec<Rule>,
    /// Labels of all series that have none of that name.
    pub labels: BTreeMap<String, String>,
}

/// What is true of this program, for labels.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The name of the machine.
    pub host: String,
    /// The number of its installation; empty where it has none.
    pub machine_id: String,
    /// As what the program runs.
    pub role: &'static str,
}

/// Where exporters' spools are, and what is true of all that is sent.
#[derive(Debug, Clone)]
pub struct Home {
    /// The folder of all spools of this role.
    pub folder: PathBuf,
    /// For labels.
    pub facts: Facts,
}

impl Facts {
    /// Those of this machine.
    pub fn of(role: &'static str) -> Self {
        let host = rustix::system::uname();
        let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        Self {
            host: host.nodename().to_string_lossy().into_owned(),
            machine_id: id.trim().to_owned(),
            role,
        }
    }

    /// A text in which `{host}`, `{machine_id}` and `{role}` stand for what they are.
    fn fill(&self, text: &str) -> String {
        text.replace("{host}", &self.host)
            .replace("{machine_id}", &self.machine_id)
            .replace("{role}", self.role)
    }
}

impl Sending {
    /// The labels, filled in.
    pub(super) fn labels(&self, facts: &Facts) -> BTreeMap<String, String> {
        let labels = self.labels.iter();
        let filled = labels.map(|(name, value)| (name.clone(), facts.fill(value)));
        filled.collect()
    }

    /// The same, with machine and role: what is told of health has no series to say so.
    fn own_labels(&self, facts: &Facts) -> BTreeMap<String, String> {
        let own = [("host", facts.host.as_str()), ("role", facts.role)];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut labels = BTreeMap::from(own);
        labels.extend(self.labels(facts));
        labels
    }

    /// Where it comes from.
    pub(super) fn origin(
        &self,
        registry: &Registry,
        health: &Arc<Engine>,
        facts: &Facts,
    ) -> Origin {
        match self.takes {
            Takes::Measurements => Origin::Measurements {
                registry: registry.clone(),
                relabel: self.relabel(facts),
            },
            Takes::Health => {
                Origin::Health(Health::new(Arc::clone(health), self.own_labels(facts)))
            }
        }
    }

    /// What changes series as this says. Rules that cannot be used, which the check of the
    /// configuration has refused, change nothing.
    fn relabel(&self, facts: &Facts) -> Relabel {
        Relabel::new(&self.rules, self.labels(facts)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_may_say_where_they_come_from() {
        let facts = Facts {
            host: "db1".to_owned(),
            machine_id: "4711".to_owned(),
            role: "agent",
        };
        assert_eq!(
            facts.fill("{host}:9091/{role}/{machine_id}"),
            "db1:9091/agent/4711"
        );
        assert_eq!(facts.fill("{other} {"), "{other} {");
    }
}
