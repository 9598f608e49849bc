//! Plugins whose process can be profiled.

use super::Catalog;
use crate::{
    plugin::text::one_line,
    profile::{ProfileError, Subject},
};

/// Letters of a name that somebody made up.
const LONGEST_NAME: usize = 100;

impl Catalog {
    /// The process of the plugin of this name, as it is at `/api/plugins`.
    pub fn profiled(&self, name: &str) -> Result<Box<dyn Subject>, ProfileError> {
        let plugins = self.plugins();
        // A library that was refused may bear the name of one that runs.
        let of_that_name = || plugins.iter().filter(|plugin| plugin.name == name);
        if let Some(process) = of_that_name().find_map(|plugin| plugin.process()) {
            return Ok(Box::new(process.profiled(name)?));
        }
        let (mut loaded, mut failed) = (false, None);
        for plugin in of_that_name() {
            loaded |= plugin.failed.is_none();
            failed = failed.or(plugin.failed.as_ref());
        }
        Err(match failed {
            _ if loaded => ProfileError::InProcess(name.to_owned()),
            Some(failed) => ProfileError::NotLoaded {
                plugin: name.to_owned(),
                why: failed.error.clone(),
            },
            None => ProfileError::UnknownPlugin {
                plugin: one_line(name, LONGEST_NAME),
                apart: plugins
                    .iter()
                    .filter(|plugin| plugin.process().is_some())
                    .map(|plugin| plugin.name.clone())
                    .collect(),
            },
        })
    }
}
