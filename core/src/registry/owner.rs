//! Whose metrics they are.

use std::fmt;

/// The plugin that core's own instruments belong to.
pub const CORE: &str = "core";

/// The component that a table belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The plugin's name.
    pub plugin: String,
    /// The component's name within its plugin.
    pub component: String,
    /// The instance, where a plugin is configured more than once; empty for the only one.
    pub instance: String,
}

impl Owner {
    /// The only instance of a component.
    pub fn new(plugin: impl Into<String>, component: impl Into<String>) -> Self {
        Self {
            plugin: plugin.into(),
            component: component.into(),
            instance: String::new(),
        }
    }

    /// What the label `component` says: `cpu`, or `cpu@instance`.
    pub fn component_label(&self) -> String {
        if self.instance.is_empty() {
            self.component.clone()
        } else {
            format!("{}@{}", self.component, self.instance)
        }
    }
}

/// `plugin/component`, or `plugin/component@instance`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.plugin, self.component)?;
        if !self.instance.is_empty() {
            write!(f, "@{}", self.instance)?;
        }
        Ok(())
    }
}
