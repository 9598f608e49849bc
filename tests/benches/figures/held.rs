//! A plugin held by this process, as the program holds it.

use std::{path::Path, sync::Arc};

use gaxx_abi::{CollectorBox, Fault, PluginBox};
use gaxx_core::{
    config::{Duration, Process},
    isolation::{self, Isolated},
    loader::{Inspected, Loader, Settings},
    plugin::{CoreHost, Services},
    profile::{ProfileError, Subject},
    registry::{Owner, Registry},
    role::Role,
};
use tempfile::TempDir;

/// A loader with a state folder of its own.
pub(crate) fn loader() -> (Loader, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (
        Loader::new(Settings::new(folder.path().to_path_buf())),
        folder,
    )
}

/// The collector of a library made from copies of `load-000`, started.
pub(crate) fn collector(
    loader: &Loader,
    library: &Path,
    registry: &Registry,
    series: u32,
) -> CollectorBox {
    let inspected: Inspected = loader.inspect(library).unwrap();
    let plugin = loader.load(&inspected).unwrap().plugin;
    of(&plugin, registry, series)
}

/// The same in a process of its own, which ends with what is answered.
pub(crate) fn isolated(loader: &Loader, library: &Path) -> Isolated {
    let inspected: Inspected = loader.inspect(library).unwrap();
    let want = isolation::Want {
        plugin: inspected.name.clone(),
        code: isolation::Code::Library(loader.copy(&inspected).unwrap()),
        process: Process {
            // This calls it without a pause.
            cpu: Duration::MAX,
            ..Process::default()
        },
    };
    isolation::start(&want).unwrap()
}

/// The collector of a plugin, started.
pub(crate) fn of(plugin: &PluginBox, registry: &Registry, series: u32) -> CollectorBox {
    let table = registry.table(Owner::new(plugin.manifest().name.as_str(), "load"));
    let host = Arc::new(CoreHost::new(
        table,
        Arc::new(Nothing),
        "/nonexistent".into(),
    ));
    let settings = format!("{{\"series\":{series}}}");
    let made = plugin.collector("load".into(), settings.as_str().into(), host.reference());
    let mut collector = made.into_result().unwrap();
    collector.start(u64::MAX).into_result().unwrap();
    collector
}

/// What `load` asks of the program.
struct Nothing;

impl Services for Nothing {
    fn role(&self) -> Role {
        Role::Main
    }

    fn metrics(&self) -> String {
        "[]".to_owned()
    }

    fn select(&self, _: &str) -> Result<Vec<u8>, Fault> {
        Ok(Vec::new())
    }

    fn health(&self) -> String {
        "{}".to_owned()
    }

    fn process(&self, _what: u32) -> Result<Vec<u8>, Fault> {
        Ok(Vec::new())
    }

    fn profiled(&self, _plugin: &str) -> Result<Box<dyn Subject>, ProfileError> {
        Err(ProfileError::Stopped)
    }

    fn audit(&self, _component: &Owner, _record: &str, _deadline: u64) -> Result<(), Fault> {
        Ok(())
    }
}
