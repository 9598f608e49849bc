//! What the rest of the core asks for: a plugin that runs in a child.

use std::{io, path::Path, sync::Arc};

use gaxx_abi::{Fault, Manifest, PluginBox, fault::kind};

use super::{Code, PROGRAM, Status, process::Child, proxy};
use crate::config;

/// What runs in a child, and with which limits. Two that are equal ask for the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Want {
    /// The plugin's name, for messages.
    pub plugin: String,
    /// What it loads.
    pub code: Code,
    /// What it may use, and when it is started again.
    pub process: config::Process,
}

/// A plugin that runs in a child. Clones share the child, which ends with the last of them and of
/// the components that it made.
#[derive(Clone)]
pub struct Isolated {
    /// What the plugin says of itself.
    pub manifest: Arc<Manifest>,
    /// The plugin. Calls into it end within their deadline, whatever it does.
    pub plugin: Arc<PluginBox>,
    /// How it is with the child.
    pub status: Arc<Status>,
}

/// Why a plugin does not run in a child.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system did not start its process.
    #[error("its process cannot be started: {0}")]
    System(#[from] io::Error),
    /// Its library cannot be loaded, as the loader in the child says.
    #[error("{error}")]
    Refused {
        /// A word for why, from the closed set of the loader's.
        reason: String,
        /// What is wrong.
        error: String,
        /// What to do about it.
        remedy: String,
    },
    /// Its process ended, or was ended, before it had loaded the library.
    #[error("while it was loaded: {}", .0.message)]
    Ended(Fault),
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        Self::Ended(fault)
    }
}

impl StartError {
    /// A word for why, from a closed set, for metrics.
    pub fn reason(&self) -> &str {
        match self {
            Self::System(_) => "process",
            Self::Refused { reason, .. } => reason,
            Self::Ended(fault) if fault.kind == kind::DEADLINE => "deadline",
            Self::Ended(_) => "crash",
        }
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::System(_) => {
                "see that this user may have more processes, files and memory".to_owned()
            }
            Self::Refused { remedy, .. } => remedy.clone(),
            Self::Ended(fault) if fault.kind == kind::DEADLINE => {
                "a library must return at once from its constructors and its entry function"
                    .to_owned()
            }
            Self::Ended(fault) => fault.remedy.to_string(),
        }
    }
}

/// Starts a child, has it load the plugin and asks what it says of itself. Waits ten seconds at
/// most; what does not answer by then is ended.
pub fn start(want: &Want) -> Result<Isolated, StartError> {
    start_as(want, Path::new(PROGRAM))
}

/// As [`start`], where `program` is this one.
fn start_as(want: &Want, program: &Path) -> Result<Isolated, StartError> {
    let (child, manifest) = Child::start(want, program)?;
    let status = Arc::clone(child.status());
    let plugin = Arc::new(proxy::plugin(Arc::new(child), Arc::clone(&manifest)));
    Ok(Isolated {
        manifest,
        plugin,
        status,
    })
}
