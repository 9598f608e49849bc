//! Health: what checks say, steadied, and what that makes of the whole.
//!
//! Nobody who asks for the health waits for a check: a scheduler runs them, and the engine keeps
//! what they said last.

mod agent_api;
mod condition;
mod draft;
mod engine;
mod history;
mod news;
mod own;
mod report;
mod silence;
mod steady;

pub use agent_api::OwnApi;
pub use condition::{Change, Condition, Rules};
pub use draft::{Draft, MEDIA_TYPE, Observed};
pub use engine::Engine;
pub use history::Past;
pub use news::{Standing, Transition};
pub use own::{AGENT_API, OWN_CHECKS, TASKS, collectors, own_checks, tasks};
pub use report::{CheckReport, Report};
pub use silence::{Silence, SilenceError, Wanted};
pub use steady::Steady;

use gaxx_abi::component::status;

use crate::registry::Owner;

/// How a check sees its subject, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// All is well.
    Healthy,
    /// The check could not find out.
    Unknown,
    /// It works, and somebody should look at it.
    Degraded,
    /// It does not work.
    Unhealthy,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Healthy,
        Self::Unknown,
        Self::Degraded,
        Self::Unhealthy,
    ];

    /// As JSON and labels say it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unknown => "unknown",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// The status of this number in the ABI; one that this host does not know is unknown.
    pub fn from_number(number: u32) -> Self {
        match number {
            status::HEALTHY => Self::Healthy,
            status::DEGRADED => Self::Degraded,
            status::UNHEALTHY => Self::Unhealthy,
            _ => Self::Unknown,
        }
    }
}

/// The name of a check: `PLUGIN/COMPONENT`, or just `PLUGIN` where the two are the same and no
/// check of the program itself is named so; with `/INSTANCE` behind it where there are several.
pub fn check_name(owner: &Owner) -> String {
    let mut name = owner.plugin.clone();
    if owner.component != owner.plugin || OWN_CHECKS.contains(&owner.plugin.as_str()) {
        name.push('/');
        name.push_str(&owner.component);
    }
    if !owner.instance.is_empty() {
        name.push('/');
        name.push_str(&owner.instance);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_named_without_repetition() {
        let mut owner = Owner::new("tcp-port", "tcp-port");
        assert_eq!(check_name(&owner), "tcp-port");
        owner.instance = "web".to_owned();
        assert_eq!(check_name(&owner), "tcp-port/web");
        assert_eq!(check_name(&Owner::new("system", "memory")), "system/memory");
        assert_eq!(check_name(&Owner::new("tasks", "tasks")), "tasks/tasks");
    }
}
