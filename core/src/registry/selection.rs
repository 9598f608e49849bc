//! Which components a scrape asks for: `collect[]` and `exclude[]`, as `node_exporter` has them.

use std::collections::BTreeSet;

use super::Owner;

/// Which components to show. A name is that of a component (`cpu`), of a plugin (`system`, or
/// `core` for core's own instruments), or both (`system/cpu`, `system/cpu@instance`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// Everything.
    #[default]
    All,
    /// What one of the names stands for.
    Only(BTreeSet<String>),
    /// All but what one of the names stands for.
    Except(BTreeSet<String>),
}

impl Selection {
    /// Whether it takes the metrics of this component.
    pub fn takes(&self, owner: &Owner) -> bool {
        let named = |set: &BTreeSet<String>| names(owner).iter().any(|name| set.contains(name));
        match self {
            Self::All => true,
            Self::Only(set) => named(set),
            Self::Except(set) => !named(set),
        }
    }
}

/// The names that stand for a component.
pub(super) fn names(owner: &Owner) -> [String; 5] {
    [
        owner.component.clone(),
        // As `node_exporter` writes it: `thermal_zone`.
        owner.component.replace('-', "_"),
        owner.plugin.clone(),
        format!("{}/{}", owner.plugin, owner.component),
        owner.to_string(),
    ]
}
