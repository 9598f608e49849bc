//! Loads plugins from libraries, and trusts none of them before it is checked.
//!
//! ```text
//! scan(folder) -> inspect(path) -> resolve(names) -> load(inspected)
//!   names only      no code runs     no two alike      dlopen, layout, manifest
//! ```
//!
//! A library is read once without following links; owner and mode of it and its folder, its size,
//! its ELF structure, its ABI note and its digest are judged on those bytes. Only then are these
//! same bytes written to a private copy, and that is loaded. Nothing is ever unloaded: a new
//! version is loaded beside the old one.

mod copy;
mod difference;
mod elf;
mod error;
mod file;
mod library;
pub mod manifest;
mod note;
mod resolve;
mod scan;
#[cfg(test)]
mod tests;
pub mod text;

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gaxx_abi::{Manifest, PluginBox};

use self::{copy::Copies, note::Note};
pub use self::{
    error::{LoadError, Refusal},
    resolve::{Resolved, resolve},
    scan::{Scan, scan},
};

/// BLAKE3 of a library; shown and read as hexadecimal digits.
pub type Digest = blake3::Hash;

/// Where private copies go, and what is refused.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program's state folder; the copies are in `loaded` in it.
    pub state_folder: PathBuf,
    /// The largest library, in bytes.
    pub max_file_size: u64,
    /// The most that all libraries loaded by this process may take together, in bytes. Versions
    /// that were replaced count, since they stay.
    pub max_loaded_size: u64,
    /// Where given, only libraries with one of these digests are loaded.
    pub allowed_digests: Option<HashSet<Digest>>,
}

impl Settings {
    /// The limits of a configuration that says nothing: 256 MiB a library, 1 GiB in all.
    pub fn new(state_folder: PathBuf) -> Self {
        Self {
            state_folder,
            max_file_size: 256 << 20,
            max_loaded_size: 1 << 30,
            allowed_digests: None,
        }
    }
}

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
}

/// A plugin that was loaded.
#[derive(Clone)]
pub struct Loaded {
    /// What was known before.
    pub inspected: Inspected,
    /// What it says of itself. Components of an unknown kind may be among the others.
    pub manifest: Arc<Manifest>,
    /// The plugin.
    pub plugin: Arc<PluginBox>,
}

/// Loads libraries. One belongs to a process; threads share it.
#[derive(Debug)]
pub struct Loader {
    settings: Settings,
    /// Made with the first library, so that a process without libraries writes nothing.
    copies: Mutex<Option<Arc<Copies>>>,
    /// By digest: loading the same bytes again gives the same plugin.
    entered: Mutex<HashMap<Digest, Entered>>,
}

#[derive(Clone)]
struct Entered {
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
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            copies: Mutex::new(None),
            entered: Mutex::new(HashMap::new()),
        }
    }

    /// Checks a library and says what it is. None of its code runs.
    pub fn inspect(&self, path: &Path) -> Result<Inspected, LoadError> {
        self.verify(path)
            .map_err(|refusal| LoadError::new(path, refusal))
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
            manifest: entered.manifest,
            plugin: entered.plugin,
        })
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

    fn verify(&self, path: &Path) -> Result<Inspected, Refusal> {
        let bytes = file::read(path, self.settings.max_file_size)?;
        let note = Note::of(&elf::Library::check(&bytes)?)?;
        let digest = blake3::hash(&bytes);
        if let Some(allowed) = &self.settings.allowed_digests
            && !allowed.contains(&digest)
        {
            return Err(Refusal::NotAllowed { digest });
        }
        Ok(Inspected {
            file: path.to_owned(),
            name: note.name,
            version: note.version,
            description: note.description,
            sdk: note.sdk,
            abi: note.abi,
            flags: note.flags,
            digest,
            size: bytes.len() as u64,
        })
    }

    fn enter(&self, inspected: &Inspected) -> Result<Entered, Refusal> {
        if let Some(entered) = locked(&self.entered).get(&inspected.digest) {
            return Ok(entered.clone());
        }
        let bytes = file::read(&inspected.file, self.settings.max_file_size)?;
        // The digest stands for all that was checked on these bytes.
        if blake3::hash(&bytes) != inspected.digest {
            return Err(Refusal::Changed);
        }
        let copy = self.copies()?.store(&inspected.digest, &bytes)?;
        drop(bytes);
        let plugin = library::enter(&copy)?;
        let manifest = plugin.manifest();
        manifest::check(&manifest).map_err(Refusal::BadManifest)?;
        for (what, note, manifest) in [
            ("name", &inspected.name, &manifest.name),
            ("version", &inspected.version, &manifest.version),
        ] {
            if note != manifest {
                return Err(Refusal::ManifestMismatch {
                    what,
                    note: note.clone(),
                    manifest: manifest.to_string(),
                });
            }
        }
        let entered = Entered {
            manifest: Arc::new(manifest),
            plugin: Arc::new(plugin),
        };
        // Where two threads loaded it at once, both use what the first one made.
        let mut all = locked(&self.entered);
        Ok(all.entry(inspected.digest).or_insert(entered).clone())
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

/// A panic in one load must not keep the others from theirs: every value here is whole between
/// statements.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
