//! Finds plugins: those linked in, and those in the folders.

use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use gaxx_abi::{Manifest, PluginBox, abi_std::RString};

use super::{Home, Kind, Launcher, Origin, text::one_line};
use crate::{
    config::Plugins,
    loader::{self, Scan},
};

/// Libraries that are loaded at a time.
const AT_A_TIME: usize = 8;

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
    /// Where its code runs.
    pub home: Home,
    /// Where its code is.
    pub origin: Arc<Origin>,
    /// Whether it stands in for one that is linked in.
    pub replaces_builtin: bool,
}

impl Candidate {
    /// Whether the other is the same code, and runs in the same way.
    pub(super) fn is_same_code(&self, other: &Self) -> bool {
        let digest = |one: &Self| one.file.as_ref().map(|(_, digest)| digest.clone());
        digest(self) == digest(other) && self.home.is_like(&other.home)
    }
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
    pub(super) fn new(
        name: &str,
        file: &Path,
        reason: &str,
        error: &dyn Display,
        remedy: &str,
    ) -> Self {
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
pub fn discover(folders: &[PathBuf], plugins: &Plugins, launcher: &Launcher) -> Discovery {
    let builtins = linked();
    let mut found = Discovery::default();
    let mut inspected = Vec::new();
    for folder in folders {
        for path in libraries(folder, &mut found) {
            match launcher.loader().inspect(&path) {
                Ok(library) => inspected.push(library),
                Err(error) => found.failed.push(failed(&path, None, &error)),
            }
        }
    }
    let names: Vec<RString> = builtins.iter().map(|one| one.manifest().name).collect();
    let names: Vec<&str> = names.iter().map(RString::as_str).collect();
    let resolved = loader::resolve(inspected, &names);
    for error in &resolved.refused {
        found.failed.push(failed(&error.file, None, error));
    }
    for launched in side_by_side(&resolved.load, |library| launcher.library(library, plugins)) {
        match launched {
            Ok(candidate) => found.candidates.push(candidate),
            Err(failure) => found.failed.push(failure),
        }
    }
    for candidate in &mut found.candidates {
        let name = candidate.manifest.name.as_str();
        candidate.replaces_builtin = names.contains(&name);
        if let Some((file, _)) = candidate
            .file
            .as_ref()
            .filter(|_| candidate.replaces_builtin)
        {
            let note = format!("{} replaces the built-in plugin {name}", file.display());
            found.notes.push(note);
        }
    }
    for (builtin, name) in builtins.into_iter().zip(names) {
        let mut candidates = found.candidates.iter();
        if candidates.any(|candidate| candidate.manifest.name == name) {
            continue;
        }
        match launcher.linked(builtin, plugins) {
            Ok(candidate) => found.candidates.push(candidate),
            Err(failure) => found.failed.push(failure),
        }
    }
    found
        .candidates
        .sort_by(|a, b| a.manifest.name.cmp(&b.manifest.name));
    refuse_shared_exporters(&mut found);
    found
}

/// What becomes of each, in the same order. Some are done at a time, so that one that takes long
/// keeps few others waiting.
fn side_by_side<T: Sync, R: Send>(all: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = all.get(number) else {
                return done;
            };
            done.push((number, one(item)));
        }
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..all.len().min(AT_A_TIME))
            .filter_map(|_| {
                let builder = thread::Builder::new().name("launch".to_owned());
                builder.spawn_scoped(scope, work).ok()
            })
            .collect();
        let mut done = work();
        done.extend(
            others
                .into_iter()
                .filter_map(|other| other.join().ok())
                .flatten(),
        );
        done
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
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

pub(super) fn failed(file: &Path, name: Option<&str>, error: &loader::LoadError) -> Failed {
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
fn linked() -> Vec<PluginBox> {
    gaxx_builtins::plugins().into()
}

#[cfg(not(feature = "builtins"))]
fn linked() -> Vec<PluginBox> {
    Vec::new()
}
