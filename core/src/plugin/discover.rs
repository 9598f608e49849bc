//! Finds plugins: those linked in, and those in the folders.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use gaxx_abi::{Manifest, PluginBox};

use super::{Kind, schema, text::one_line};
use crate::loader::{self, Inspected, Loader, Scan};

/// How long a library may take to be loaded and to describe itself.
const LOAD_DEADLINE: Duration = Duration::from_secs(10);

/// Texts of a refusal are cut after so many characters.
const LONGEST: usize = 1000;

/// A plugin that can be used.
#[derive(Clone)]
pub struct Candidate {
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// The plugin.
    pub plugin: Arc<PluginBox>,
    /// Where it was loaded from, and the digest of that file; nothing for one that is linked in.
    pub file: Option<(PathBuf, String)>,
    /// Whether it stands in for one that is linked in.
    pub replaces_builtin: bool,
}

/// A library that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The plugin's name where the file says it, else the file's.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// A word for why, from a closed set.
    pub reason: String,
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    pub remedy: String,
}

impl Failed {
    fn new(name: &str, file: &Path, reason: &str, error: &dyn Display, remedy: &str) -> Self {
        // Anything may stand in a file's name.
        Self {
            name: one_line(name, LONGEST),
            file: file.to_owned(),
            reason: reason.to_owned(),
            error: one_line(&format!("{}: {error}", file.display()), LONGEST),
            remedy: remedy.to_owned(),
        }
    }
}

/// What was found.
#[derive(Default, Clone)]
pub struct Discovery {
    /// Plugins that can be used, each name once, ordered by name.
    pub candidates: Vec<Candidate>,
    /// Libraries that cannot.
    pub failed: Vec<Failed>,
    /// What people should know of the folders, one line each.
    pub notes: Vec<String>,
}

/// Finds the plugins linked in and those of these folders. Blocks; runs the libraries' code.
pub fn discover(folders: &[PathBuf], loader: &Arc<Loader>) -> Discovery {
    let builtins = linked();
    let mut found = Discovery::default();
    let mut inspected = Vec::new();
    for folder in folders {
        for path in libraries(folder, &mut found) {
            match loader.inspect(&path) {
                Ok(library) => inspected.push(library),
                Err(error) => found.failed.push(failed(&path, None, &error)),
            }
        }
    }
    let names: Vec<&str> = builtins
        .iter()
        .map(|plugin| plugin.manifest.name.as_str())
        .collect();
    let resolved = loader::resolve(inspected, &names);
    for error in &resolved.refused {
        found.failed.push(failed(&error.file, None, error));
    }
    for library in resolved.load {
        match load(loader, library.clone()) {
            Ok(mut candidate) => {
                candidate.replaces_builtin = names.contains(&candidate.manifest.name.as_str());
                if candidate.replaces_builtin {
                    found.notes.push(format!(
                        "{} replaces the built-in plugin {}",
                        library.file.display(),
                        library.name
                    ));
                }
                found.candidates.push(candidate);
            }
            Err(failure) => found.failed.push(failure),
        }
    }
    for builtin in builtins {
        let name = &builtin.manifest.name;
        if !found
            .candidates
            .iter()
            .any(|candidate| candidate.manifest.name == *name)
        {
            found.candidates.push(builtin);
        }
    }
    found
        .candidates
        .sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
    refuse_shared_exporters(&mut found);
    found
}

/// An exporter's name is that of its section, so two plugins cannot both have it: libraries that
/// share one are refused.
fn refuse_shared_exporters(found: &mut Discovery) {
    let all = found.candidates.clone();
    found.candidates.retain(|candidate| {
        let Some((file, _)) = &candidate.file else {
            return true;
        };
        let others = all
            .iter()
            .filter(|other| other.manifest.name != candidate.manifest.name);
        let shared = others
            .flat_map(|other| exporters(other).map(move |name| (name, &other.manifest.name)))
            .find(|(name, _)| exporters(candidate).any(|own| own == *name));
        if let Some((name, other)) = shared {
            let error = format!("its exporter {name} is one of plugin {other} too");
            let remedy = "keep one of the two plugins, or rename the exporter in one of them";
            found.failed.push(Failed::new(
                &candidate.manifest.name,
                file,
                "exporter_name",
                &error,
                remedy,
            ));
        }
        shared.is_none()
    });
}

fn exporters(candidate: &Candidate) -> impl Iterator<Item = &str> {
    let components = candidate.manifest.components.iter();
    let exporters = components.filter(|one| Kind::from_number(one.kind) == Some(Kind::Exporter));
    exporters.map(|exporter| exporter.name.as_str())
}

fn libraries(folder: &Path, found: &mut Discovery) -> Vec<PathBuf> {
    match loader::scan(folder) {
        Ok(Scan::Found(paths)) => paths,
        Ok(Scan::Empty) => {
            found.notes.push(format!(
                "no plugin libraries (*.so) in {}",
                folder.display()
            ));
            Vec::new()
        }
        Ok(Scan::Missing) => {
            found
                .notes
                .push(format!("plugin folder {} does not exist", folder.display()));
            Vec::new()
        }
        Err(error) => {
            found.failed.push(failed(folder, None, &error));
            Vec::new()
        }
    }
}

/// Loads a library on a thread of its own, since its code may hang.
fn load(loader: &Arc<Loader>, library: Inspected) -> Result<Candidate, Failed> {
    let (sender, receiver) = mpsc::channel();
    let (of, inspected) = (Arc::clone(loader), library.clone());
    let thread = thread::Builder::new()
        .name("load".to_owned())
        .spawn(move || {
            // Nobody waits for one that is too late.
            let _ = sender.send(of.load(&inspected));
        });
    let fail = |reason: &str, error: &dyn Display, remedy: &str| {
        Failed::new(&library.name, &library.file, reason, error, remedy)
    };
    let late = |error: &str| {
        let remedy = "a library must return at once from its constructors and its entry function";
        fail("deadline", &error, remedy)
    };
    if let Err(error) = thread {
        return Err(late(&format!("no thread to load it on: {error}")));
    }
    match receiver.recv_timeout(LOAD_DEADLINE) {
        Ok(Ok(ready)) => match schema::unusable(&ready.manifest) {
            Some(error) => {
                let remedy = "the plugin must describe its settings by a JSON Schema";
                Err(fail("settings_schema", &error, remedy))
            }
            None => Ok(Candidate {
                manifest: ready.manifest,
                plugin: ready.plugin,
                file: Some((library.file, library.digest.to_hex().to_string())),
                replaces_builtin: false,
            }),
        },
        Ok(Err(error)) => Err(failed(&library.file, Some(&library.name), &error)),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(late("loading it takes longer than 10 s")),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(late("it panicked while it was loaded")),
    }
}

fn failed(file: &Path, name: Option<&str>, error: &loader::LoadError) -> Failed {
    let stem = || {
        let stem = file
            .file_stem()
            .unwrap_or(file.as_os_str())
            .to_string_lossy();
        stem.strip_prefix("lib").unwrap_or(&stem).replace('_', "-")
    };
    let (name, remedy) = (
        name.map_or_else(stem, str::to_owned),
        error.refusal.remedy(),
    );
    Failed::new(&name, file, error.reason(), &error.refusal, &remedy)
}

#[cfg(feature = "builtins")]
fn linked() -> Vec<Candidate> {
    let plugins = gaxx_builtins::plugins().into_iter();
    plugins
        .map(|plugin| Candidate {
            manifest: Arc::new(plugin.manifest()),
            plugin: Arc::new(plugin),
            file: None,
            replaces_builtin: false,
        })
        .collect()
}

#[cfg(not(feature = "builtins"))]
fn linked() -> Vec<Candidate> {
    Vec::new()
}
