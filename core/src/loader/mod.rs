//! Loads plugins from libraries, and trusts none of them before it is checked.
//!
//! ```text
//! scan(folder) -> inspect(path) -> resolve(names) -> load(inspected)
//!   names only      no code runs     no two alike      dlopen, layout, manifest
//! ```
//!
//! A library is read once without following links; owner and mode of it and its folder, its size,
//! its ELF structure, its ABI note, its digest and its signature are judged on those bytes. Only then are these
//! same bytes written to a private copy, and that is loaded. Nothing is ever unloaded: a new
//! version is loaded beside the old one.

mod check;
mod copy;
mod difference;
mod elf;
mod error;
mod examination;
mod file;
mod install;
mod library;
pub mod manifest;
mod note;
mod resolve;
mod scan;
mod settings;
mod signature;
#[cfg(test)]
mod tests;
pub mod text;
mod trust;

use std::{
    collections::HashMap,
    mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;
use gaxx_abi::{Manifest, PluginBox};

use self::copy::Copies;
pub use self::{
    check::{Outcome, Subject},
    copy::Superseded,
    error::{LoadError, Refusal},
    examination::Examination,
    install::{InstallError, Installed, install},
    resolve::{Resolved, resolve},
    scan::{Scan, scan},
    settings::Settings,
    trust::Trust,
};
use crate::config::TrustedKey;

/// BLAKE3 of a library; shown and read as hexadecimal digits.
pub type Digest = blake3::Hash;

/// What is known of a library that passed every check, without having been loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Where it was found.
    pub file: PathBuf,
    /// The plugin's name.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// One line for people.
    pub description: String,
    /// The version of the SDK it was built with; empty where none was used.
    pub sdk: String,
    /// Major and minor version of the ABI it was built for.
    pub abi: (u16, u16),
    /// Bits of [`gaxx_abi::note`].
    pub flags: u8,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Whose signature it bears; nothing where none was asked for and none is there.
    pub signed_by: Option<TrustedKey>,
}

impl Inspected {
    /// Whether the manifest of what was loaded says the same as the note of the file.
    fn is_described_by(&self, manifest: &Manifest) -> Result<(), Refusal> {
        for (what, note, manifest) in [
            ("name", &self.name, &manifest.name),
            ("version", &self.version, &manifest.version),
        ] {
            if note != manifest {
                return Err(Refusal::ManifestMismatch {
                    what,
                    note: note.clone(),
                    manifest: manifest.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Judges the manifest of this library, which was loaded in a process of its own.
    pub fn judge(&self, manifest: &Manifest) -> Result<(), LoadError> {
        manifest::check(manifest)
            .map_err(Refusal::BadManifest)
            .and_then(|()| self.is_described_by(manifest))
            .map_err(|refusal| LoadError::new(&self.file, refusal))
    }
}

/// A plugin that was loaded.
#[derive(Clone)]
pub struct Loaded {
    /// What was known before.
    pub inspected: Inspected,
    /// The private copy of it, which stays as long as this process.
    pub copy: PathBuf,
    /// What it says of itself. Components of an unknown kind may be among the others.
    pub manifest: Arc<Manifest>,
    /// The plugin.
    pub plugin: Arc<PluginBox>,
}

/// Loads libraries. One belongs to a process; threads share it.
#[derive(Debug)]
pub struct Loader {
    settings: Settings,
    /// The trust in force; that of `settings` was taken out of them.
    trust: ArcSwap<Trust>,
    /// Made with the first library, so that a process without libraries writes nothing.
    copies: Mutex<Option<Arc<Copies>>>,
    /// By digest: loading the same bytes again gives the same plugin.
    entered: Mutex<HashMap<Digest, Entered>>,
}

#[derive(Clone)]
struct Entered {
    copy: PathBuf,
    manifest: Arc<Manifest>,
    plugin: Arc<PluginBox>,
}

impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.manifest.name)
    }
}

impl Loader {
    /// A loader that has loaded nothing yet.
    pub fn new(mut settings: Settings) -> Self {
        Self {
            trust: ArcSwap::from_pointee(mem::take(&mut settings.trust)),
            settings,
            copies: Mutex::new(None),
            entered: Mutex::new(HashMap::new()),
        }
    }

    /// Checks a library and says what it is. None of its code runs.
    pub fn inspect(&self, path: &Path) -> Result<Inspected, LoadError> {
        let trust = self.trust.load();
        let found = Examination::of(path, self.settings.max_file_size, &trust);
        found.verdict().cloned()
    }

    /// Puts another trust in force, for inspections from now on, and answers the one before. What
    /// is loaded stays.
    pub fn set_trust(&self, trust: Trust) -> Arc<Trust> {
        self.trust.swap(Arc::new(trust))
    }

    /// Loads a library that was inspected, if it still has the same bytes.
    ///
    /// This runs the library's code (its constructors, its entry function, its manifest), and may
    /// block for ever or panic with it: call it on a thread of its own and wait with a deadline.
    /// The loader holds no lock meanwhile. A constructor that never returns keeps the dynamic
    /// linker's own lock, though, and with it every later load of this process; only a process of
    /// its own contains that.
    pub fn load(&self, inspected: &Inspected) -> Result<Loaded, LoadError> {
        let entered = self
            .enter(inspected)
            .map_err(|refusal| LoadError::new(&inspected.file, refusal))?;
        Ok(Loaded {
            inspected: inspected.clone(),
            copy: entered.copy,
            manifest: entered.manifest,
            plugin: entered.plugin,
        })
    }

    /// Writes the private copy of a library that was inspected, if it still has the same bytes: for
    /// a process of its own, which loads it from there. [`Self::release`] removes it.
    pub fn copy(&self, inspected: &Inspected) -> Result<PathBuf, LoadError> {
        self.store(inspected)
            .map_err(|refusal| LoadError::new(&inspected.file, refusal))
    }

    /// Removes the private copy of a library that no process loads any more, once this was called
    /// as often as [`Self::copy`] for it. Not for what was loaded into this process: that stays.
    pub fn release(&self, digest: &Digest) {
        if let Some(copies) = &*locked(&self.copies) {
            copies.release(digest);
        }
    }

    /// Notes which libraries are used now. All others that were loaded are superseded.
    pub fn set_used(&self, is_used: impl Fn(&Digest) -> bool) {
        if let Some(copies) = &*locked(&self.copies) {
            copies.set_used(is_used);
        }
    }

    /// Libraries that were loaded and are not used any more.
    pub fn superseded(&self) -> Superseded {
        let copies = locked(&self.copies);
        copies
            .as_ref()
            .map_or_else(Superseded::default, |copies| copies.superseded())
    }

    /// Where the private copies are, as the kernel names it.
    pub fn copies_folder(&self) -> PathBuf {
        let folder = self.settings.state_folder.join(copy::FOLDER);
        folder.canonicalize().unwrap_or(folder)
    }

    /// Removes the private copies, at a clean end of the process. What is loaded keeps working;
    /// nothing more can be loaded.
    pub fn remove_copies(&self) {
        if let Some(copies) = &*locked(&self.copies) {
            copies.remove();
        }
    }

    fn enter(&self, inspected: &Inspected) -> Result<Entered, Refusal> {
        if let Some(entered) = locked(&self.entered).get(&inspected.digest) {
            return Ok(entered.clone());
        }
        let copy = self.store(inspected)?;
        let (plugin, manifest) = enter_copy(&copy)?;
        inspected.is_described_by(&manifest)?;
        let entered = Entered {
            copy,
            manifest: Arc::new(manifest),
            plugin: Arc::new(plugin),
        };
        // Where two threads loaded it at once, both use what the first one made.
        let mut all = locked(&self.entered);
        Ok(all.entry(inspected.digest).or_insert(entered).clone())
    }

    fn store(&self, inspected: &Inspected) -> Result<PathBuf, Refusal> {
        let bytes = file::read(&inspected.file, self.settings.max_file_size)?;
        // The digest stands for all that was checked on these bytes.
        if blake3::hash(&bytes) != inspected.digest {
            return Err(Refusal::Changed);
        }
        self.copies()?.store(&inspected.digest, &bytes)
    }

    fn copies(&self) -> Result<Arc<Copies>, Refusal> {
        let mut copies = locked(&self.copies);
        if let Some(copies) = &*copies {
            return Ok(copies.clone());
        }
        let settings = &self.settings;
        let made = Arc::new(Copies::open(
            &settings.state_folder,
            settings.max_loaded_size,
        )?);
        *copies = Some(made.clone());
        Ok(made)
    }
}

/// Loads a private copy, made by this process or by the one that started it, and asks the plugin
/// for its manifest. Runs the library's code.
pub(crate) fn enter_copy(copy: &Path) -> Result<(PluginBox, Manifest), Refusal> {
    let plugin = enter_known(copy)?;
    let manifest = plugin.manifest();
    manifest::check(&manifest).map_err(Refusal::BadManifest)?;
    Ok((plugin, manifest))
}

/// Loads a private copy of a library whose manifest is known. Runs the library's code.
pub(crate) fn enter_known(copy: &Path) -> Result<PluginBox, Refusal> {
    library::enter(copy)
}

/// A panic in one load must not keep the others from theirs: every value here is whole between
/// statements.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
