//! What is asked of a node.

use std::time::Duration;

use super::costs::Column;

/// What is asked of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// What it is, in words.
    pub(super) what: String,
    /// The page's name.
    pub(super) name: &'static str,
    pub(super) query: Vec<(&'static str, String)>,
    /// How long the node is asked to take.
    pub(super) takes: Duration,
    /// What samples are put together by, in a table of its own.
    pub(super) columns: &'static [Column],
    /// What to do about a profile without samples.
    pub(super) remedy: &'static str,
}

impl Order {
    pub(super) fn cpu(seconds: u64, hertz: Option<u64>, plugin: Option<String>) -> Self {
        let mut query = vec![("seconds", seconds.to_string())];
        query.extend(hertz.map(|hertz| ("hz", hertz.to_string())));
        let whose = whose(plugin.as_deref());
        query.extend(plugin.map(|plugin| ("plugin", plugin)));
        Self {
            what: format!("CPU{whose}"),
            name: "profile",
            query,
            takes: Duration::from_secs(seconds),
            columns: &[Column::Label("plugin"), Column::Label("component")],
            remedy: "it used too little CPU to be met: give it more --seconds, or ask while it has work",
        }
    }

    pub(super) fn heap(seconds: Option<u64>, gc: bool, plugin: Option<String>) -> Self {
        let mut query = Vec::new();
        query.extend(seconds.map(|seconds| ("seconds", seconds.to_string())));
        query.extend(gc.then(|| ("gc", "1".to_owned())));
        let whose = whose(plugin.as_deref());
        query.extend(plugin.map(|plugin| ("plugin", plugin)));
        let (what, remedy) = match seconds {
            Some(_) => (
                "change of heap",
                "nothing that is sampled was allocated or freed meanwhile: give it more --seconds, or ask while it has work",
            ),
            None => (
                "heap",
                "only some allocations are sampled, and none of those is left: ask while it has work",
            ),
        };
        Self {
            what: format!("{what}{whose}"),
            name: "heap",
            query,
            takes: Duration::from_secs(seconds.unwrap_or(0)),
            columns: &[],
            remedy,
        }
    }

    pub(super) fn tasks() -> Self {
        Self {
            what: "tasks".to_owned(),
            name: "goroutine",
            query: Vec::new(),
            takes: Duration::ZERO,
            columns: &[Column::Leaf("name"), Column::Label("state")],
            remedy: "there are none",
        }
    }
}

fn whose(plugin: Option<&str>) -> String {
    plugin.map_or_else(String::new, |plugin| format!(" of the plugin {plugin}"))
}
