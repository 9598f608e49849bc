//! Plugins whose library cannot be used any more, while they run.

use std::collections::BTreeMap;

use super::{Candidate, Catalog, Discovery, Failed, Plugin};

/// Why the library of a plugin that runs on cannot be used, by the plugin's name.
pub type Standing = BTreeMap<String, Failed>;

impl Catalog {
    /// Puts what runs in the place of each library that is there and cannot be used: a damaged file
    /// must not end what works. A library that is gone is gone.
    pub fn stand_by(&self, found: &mut Discovery) -> Standing {
        let mut standing = Standing::new();
        for plugin in self.plugins().iter() {
            let Some(candidate) = plugin.of_a_library() else {
                continue;
            };
            let is_found = |other: &Candidate| {
                other.file.is_some() && other.manifest.name == candidate.manifest.name
            };
            if found.candidates.iter().any(is_found) {
                continue;
            }
            let Some(failed) = take_failure(&mut found.failed, plugin, candidate) else {
                continue;
            };
            // One that is linked in would come back else.
            found
                .candidates
                .retain(|other| other.manifest.name != candidate.manifest.name);
            found.candidates.push(candidate.clone());
            standing.insert(plugin.name.clone(), failed);
        }
        found
            .candidates
            .sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
        standing
    }
}

/// Why the library of this plugin cannot be used. The failure of a whole folder stays a row of its
/// own.
fn take_failure(all: &mut Vec<Failed>, plugin: &Plugin, candidate: &Candidate) -> Option<Failed> {
    let (file, _) = candidate.file.as_ref()?;
    let own = |failed: &Failed| failed.file == *file || failed.name == plugin.name;
    if let Some(at) = all.iter().position(own) {
        return Some(all.remove(at));
    }
    let folder = |failed: &&Failed| file.parent() == Some(&failed.file);
    all.iter().find(folder).cloned()
}
