//! From a library that passed every check to a plugin that can be used, in the program or in a
//! process of its own.

use std::{
    collections::HashMap,
    fmt::Display,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc},
    thread,
    time::Duration,
};

use gaxx_abi::{Manifest, PluginBox};

use super::{
    discover::{Candidate, Failed, failed},
    origin::{Origin, PrivateCopy},
    schema,
};
use crate::{
    config::{Isolation, Plugins},
    isolation::{self, Code, Isolated},
    loader::{Inspected, Loader},
    profile::label,
};

/// How long a library may take to be loaded and to describe itself.
const LOAD_DEADLINE: Duration = Duration::from_secs(10);

/// Where the code of a plugin runs.
#[derive(Clone)]
pub enum Home {
    /// In the program.
    InProcess,
    /// In a process of its own.
    Process(Arc<Child>),
}

/// A plugin in a process of its own. The process ends with the last of these.
pub struct Child {
    want: isolation::Want,
    isolated: Isolated,
    /// Goes last: a process that is started again loads it anew.
    origin: Arc<Origin>,
}

/// Makes plugins of libraries. A library that is asked for again, as at every reload, is the same
/// plugin again.
pub struct Launcher {
    loader: Arc<Loader>,
    children: Mutex<HashMap<isolation::Want, Weak<Child>>>,
}

/// A plugin that answers, wherever its code runs.
struct Launched {
    manifest: Arc<Manifest>,
    plugin: Arc<PluginBox>,
    home: Home,
    origin: Arc<Origin>,
}

impl Launched {
    /// The plugin in this process of its own.
    fn apart(child: Arc<Child>) -> Self {
        Self {
            manifest: Arc::clone(&child.isolated.manifest),
            plugin: Arc::clone(&child.isolated.plugin),
            origin: Arc::clone(&child.origin),
            home: Home::Process(child),
        }
    }

    /// The same, from this file with this digest, or linked in.
    fn candidate(self, file: Option<(PathBuf, String)>) -> Candidate {
        Candidate {
            manifest: self.manifest,
            plugin: self.plugin,
            file,
            home: self.home,
            origin: self.origin,
            replaces_builtin: false,
        }
    }
}

impl Home {
    /// Whether the same code runs in the same way in both.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::InProcess, Self::InProcess) => true,
            (Self::Process(one), Self::Process(other)) => one.want == other.want,
            _ => false,
        }
    }

    /// What is known of the process of its own, if there is one.
    pub fn process(&self) -> Option<&Arc<isolation::Status>> {
        match self {
            Self::InProcess => None,
            Self::Process(child) => Some(&child.isolated.status),
        }
    }
}

impl Launcher {
    /// One that has made nothing yet.
    pub fn new(loader: Arc<Loader>) -> Self {
        Self {
            loader,
            children: Mutex::default(),
        }
    }

    /// What checks and loads the libraries.
    pub fn loader(&self) -> &Arc<Loader> {
        &self.loader
    }

    /// The plugin of a library. Blocks; runs the library's code, and waits for it no longer than
    /// 10 s.
    pub(super) fn library(
        &self,
        library: &Inspected,
        plugins: &Plugins,
    ) -> Result<Candidate, Failed> {
        let launched = match plugins.isolation(&library.name, false) {
            Isolation::InProcess => self.inside(library)?,
            Isolation::Process => self.outside(library, plugins)?,
        };
        if let Some(error) = schema::unusable(&launched.manifest) {
            let remedy = "the plugin must describe its settings by a JSON Schema";
            return Err(refused(library, "settings_schema", &error, remedy));
        }
        let file = (library.file.clone(), library.digest.to_hex().to_string());
        Ok(launched.candidate(Some(file)))
    }

    /// The plugin that is linked in, in a process of its own where the configuration says so.
    pub(super) fn linked(&self, plugin: PluginBox, plugins: &Plugins) -> Result<Candidate, Failed> {
        let manifest = Arc::new(plugin.manifest());
        let name = manifest.name.as_str();
        let code = Code::Linked(name.to_owned());
        if plugins.isolation(name, true) == Isolation::InProcess {
            let launched = Launched {
                manifest,
                plugin: Arc::new(plugin),
                home: Home::InProcess,
                origin: Origin::staying(code),
            };
            return Ok(launched.candidate(None));
        }
        let want = isolation::Want {
            plugin: name.to_owned(),
            code,
            process: plugins.process(name),
        };
        let file = PathBuf::from("/proc/self/exe");
        let child = self
            .child(want, None)
            .map_err(|error| Failed::new(name, &file, error.reason(), &error, &error.remedy()))?;
        Ok(Launched::apart(child).candidate(None))
    }

    /// What a library says of itself, from a process that ends after that. Blocks as a load does.
    pub fn describe(
        &self,
        library: &Inspected,
        plugins: &Plugins,
    ) -> Result<Arc<Manifest>, Failed> {
        self.outside(library, plugins)
            .map(|launched| launched.manifest)
    }

    /// Loads a library into the program, on a thread of its own, since its code may hang.
    fn inside(&self, library: &Inspected) -> Result<Launched, Failed> {
        let (sender, receiver) = mpsc::channel();
        let (loader, inspected) = (Arc::clone(&self.loader), library.clone());
        let thread = thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || {
                // Nobody waits for one that is too late.
                let _ = sender.send(loader.load(&inspected));
            });
        let late = |error: &str| {
            let remedy =
                "a library must return at once from its constructors and its entry function";
            refused(library, "deadline", &error, remedy)
        };
        if let Err(error) = thread {
            return Err(late(&format!("no thread to load it on: {error}")));
        }
        match receiver.recv_timeout(LOAD_DEADLINE) {
            Ok(Ok(loaded)) => {
                label::library(&loaded.copy, &library.name);
                Ok(Launched {
                    manifest: loaded.manifest,
                    plugin: loaded.plugin,
                    home: Home::InProcess,
                    origin: Origin::staying(Code::Library(loaded.copy)),
                })
            }
            Ok(Err(error)) => Err(failed(&library.file, Some(&library.name), &error)),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(late("loading it takes longer than 10 s")),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(late("it panicked while it was loaded"))
            }
        }
    }

    /// Has a process of its own load a library.
    fn outside(&self, library: &Inspected, plugins: &Plugins) -> Result<Launched, Failed> {
        let copy = self
            .loader
            .copy(library)
            .map_err(|error| failed(&library.file, Some(&library.name), &error))?;
        let private = PrivateCopy::of(&self.loader, library.digest);
        let want = isolation::Want {
            plugin: library.name.clone(),
            code: Code::Library(copy),
            process: plugins.process(&library.name),
        };
        let child = self
            .child(want, Some(private))
            .map_err(|error| refused(library, error.reason(), &error, &error.remedy()))?;
        library
            .judge(&child.isolated.manifest)
            .map_err(|error| failed(&library.file, Some(&library.name), &error))?;
        Ok(Launched::apart(child))
    }

    /// The process that runs this already, or a new one.
    fn child(
        &self,
        want: isolation::Want,
        copy: Option<PrivateCopy>,
    ) -> Result<Arc<Child>, isolation::StartError> {
        if let Some(child) = self.lock().get(&want).and_then(Weak::upgrade) {
            return Ok(child);
        }
        let isolated = isolation::start(&want)?;
        let child = Arc::new(Child {
            want: want.clone(),
            isolated,
            origin: Origin::new(want.code.clone(), copy),
        });
        let mut children = self.lock();
        children.retain(|_, child| child.strong_count() > 0);
        children.insert(want, Arc::downgrade(&child));
        Ok(child)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<isolation::Want, Weak<Child>>> {
        // Nothing can panic while it is held.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(library: &Inspected, reason: &str, error: &dyn Display, remedy: &str) -> Failed {
    Failed::new(&library.name, &library.file, reason, error, remedy)
}
