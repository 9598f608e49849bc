//! The plugins of the run.

use std::{fs, path::Path, time::Duration};

use gaxx_tests::{PluginFolder, rewritten};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::options::Isolation;

/// Plugins that never have a fault: what they measure must be in every scrape.
const CALM: u16 = 4;
/// The plugin's name in the library.
const NAME: &str = "chaos-000";
/// What stands in the description of the first edition.
const EDITION: &str = "edition 00000";
/// How long a call may take.
pub(crate) const DEADLINE: Duration = Duration::from_millis(200);

/// Libraries in a folder, all of them copies of one.
#[derive(Debug)]
pub(crate) struct Fleet {
    library: Vec<u8>,
    installed: PluginFolder,
    /// Where orders and notes are.
    orders: TempDir,
    plugins: Vec<Plugin>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    pub(crate) name: String,
    /// Whether it has no faults.
    pub(crate) calm: bool,
    /// How often it was replaced.
    pub(crate) edition: u32,
    /// Whether its library is not there, nor its sections in the configuration.
    pub(crate) removed: bool,
}

impl Plugin {
    /// What its description holds.
    pub(crate) fn edition_text(&self) -> String {
        format!("edition {:05}", self.edition)
    }

    fn file(&self) -> String {
        format!("lib{}.so", self.name)
    }
}

impl Fleet {
    /// Writes the first edition of each.
    pub(crate) fn new(library: &Path, plugins: u16) -> std::io::Result<Self> {
        let plugin = |name, calm| Plugin {
            name,
            calm,
            edition: 0,
            removed: false,
        };
        let wild = (1..=plugins).map(|number| plugin(format!("chaos-{number:03}"), false));
        let calm = (1..=CALM).map(|number| plugin(format!("quiet-{number:03}"), true));
        let fleet = Self {
            library: fs::read(library)?,
            installed: PluginFolder::new(),
            orders: tempfile::Builder::new().prefix("gaxx-chaos-").tempdir()?,
            plugins: wild.chain(calm).collect(),
        };
        fleet.plugins.iter().for_each(|plugin| fleet.write(plugin));
        Ok(fleet)
    }

    /// All of them.
    pub(crate) fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// The names of those that have faults, or of those that have none.
    pub(crate) fn names(&self, calm: bool) -> Vec<String> {
        let chosen = self.plugins.iter().filter(|plugin| plugin.calm == calm);
        chosen.map(|plugin| plugin.name.clone()).collect()
    }

    /// The folder of the libraries.
    pub(crate) fn folder(&self) -> &Path {
        self.installed.path()
    }

    /// The folder of orders and notes.
    pub(crate) fn orders(&self) -> &Path {
        self.orders.path()
    }

    /// Notes that a plugin comes or goes: the configuration that [`Self::config`] gives follows. It
    /// must be in force before the library comes, or goes.
    pub(crate) fn set_removed(&mut self, at: usize, removed: bool) {
        self.plugins[at].removed = removed;
    }

    /// Puts the next edition in the place of a plugin, or where it was.
    pub(crate) fn replace(&mut self, at: usize) {
        self.plugins[at].edition += 1;
        self.write(&self.plugins[at]);
    }

    /// Takes a library away.
    pub(crate) fn take(&self, at: usize) -> std::io::Result<()> {
        fs::remove_file(self.folder().join(self.plugins[at].file()))
    }

    /// Puts half of a library in the place of a plugin: it must be refused.
    pub(crate) fn damage(&self, at: usize) {
        let half = &self.library[..self.library.len() / 2];
        self.installed.write(&self.plugins[at].file(), half, 0o755);
    }

    fn write(&self, plugin: &Plugin) {
        let copy = rewritten(&self.library, NAME, &plugin.name);
        let copy = rewritten(&copy, EDITION, &plugin.edition_text());
        self.installed.write(&plugin.file(), &copy, 0o755);
    }

    /// The configuration, as JSON, which is YAML too. Intervals and deadlines are short, so that
    /// many faults pass in little time; a process that ended is started again almost at once.
    pub(crate) fn config(&self, isolation: Isolation) -> String {
        let folder = self.orders();
        let deadline = format!("{}ms", DEADLINE.as_millis());
        let mut plugins = Map::new();
        let mut exporters = Map::new();
        for Plugin { name, .. } in self.plugins.iter().filter(|plugin| !plugin.removed) {
            let section = json!({
                "folder": folder, "interval": "100ms", "deadline": deadline, "max_series": 100,
            });
            plugins.insert(name.clone(), section);
            let section = json!({"folder": folder, "interval": "2s", "deadline": deadline});
            exporters.insert(name.clone(), section);
        }
        plugins.insert("isolation".to_owned(), isolation.word().into());
        plugins.insert("process".to_owned(), limits());
        let config = json!({
            "telemetry": {"metrics_interval": "1s"},
            "plugins": plugins,
            "exporters": exporters,
            "health": {"interval": "200ms", "timeout": deadline},
        });
        config.to_string()
    }
}

/// What a plugin's process may use.
fn limits() -> Value {
    json!({
        "memory": "128MiB", "open_files": 64,
        "restart_delay": "1ms", "restarts": 1_000_000, "retry": "1s",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn editions_follow_each_other_under_one_name() {
        let library = tempfile::NamedTempFile::new().unwrap();
        fs::write(&library, "chaos-000, edition 00000").unwrap();
        let mut fleet = Fleet::new(library.path(), 2).unwrap();
        let read = |fleet: &Fleet| fs::read_to_string(fleet.folder().join("libchaos-002.so"));
        assert_eq!(read(&fleet).unwrap(), "chaos-002, edition 00000");
        fleet.replace(1);
        assert_eq!(read(&fleet).unwrap(), "chaos-002, edition 00001");
        fleet.damage(1);
        assert_eq!(read(&fleet).unwrap(), "chaos-000, e");
        assert!(fleet.config(Isolation::Process).contains("chaos-002"));
        fleet.set_removed(1, true);
        fleet.take(1).unwrap();
        assert!(read(&fleet).is_err());
        assert!(!fleet.config(Isolation::Process).contains("chaos-002"));
        assert_eq!(fleet.names(true).len(), usize::from(CALM));
    }
}
