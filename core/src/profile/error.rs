//! Why there is no profile.

use std::{borrow::Cow, io};

use gaxx_abi::{Fault, abi_std::RVec, fault::kind};
use thiserror::Error;

use super::{
    heap::HeapError,
    order::{HERTZ, SECONDS},
};
use crate::{isolation::ENDED, plugin::text::one_line};

/// Letters of a message: names in it are of whoever asked.
const LONGEST: usize = 1000;

/// Why there is no profile.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The order cannot be read.
    #[error("the order cannot be read: {0}")]
    Order(serde_json::Error),
    /// So many samples are not taken.
    #[error("{0} samples in a second of CPU time are not taken")]
    Hertz(u32),
    /// For so long no profile is taken.
    #[error("a profile does not take {0} s")]
    Seconds(u64),
    /// Samples are being taken already.
    #[error("a CPU profile is being taken already")]
    Busy,
    /// There is no such plugin.
    #[error("there is no plugin {plugin}; {}", with_processes(.apart))]
    UnknownPlugin {
        /// As it was called.
        plugin: String,
        /// Those that have a process of their own.
        apart: Vec<String>,
    },
    /// The plugin has no process of its own.
    #[error(
        "plugin {0} has no process of its own: its CPU samples carry the label plugin={0} in the \
         profile of the whole program, where `go tool pprof -tagfocus=plugin={0}` shows them"
    )]
    InProcess(String),
    /// The plugin has not been loaded.
    #[error("plugin {plugin} is not loaded: {why}")]
    NotLoaded {
        /// Its name.
        plugin: String,
        /// Why.
        why: String,
    },
    /// The process of a plugin gave none.
    #[error("plugin {plugin}: {}", .fault.message)]
    Process {
        /// Its name.
        plugin: String,
        /// What it answered, or why it did not.
        fault: Box<Fault>,
    },
    /// The component has no such session.
    #[error("there is no session {0}: it was ended, or given up when it was not fetched in time")]
    Session(u64),
    /// The component, or the program, is being stopped.
    #[error("the component is being stopped")]
    Stopped,
    /// The allocator gives none.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// The system refused something.
    #[error("cannot {0}: {1}")]
    System(&'static str, io::Error),
}

impl ProfileError {
    /// What to do about it; empty where nothing is known.
    pub fn remedy(&self) -> Cow<'_, str> {
        match self {
            Self::Order(_) => "see `profile` in the documentation of the ABI".into(),
            Self::Hertz(_) => format!("take {} to {}", HERTZ.start(), HERTZ.end()).into(),
            Self::Seconds(_) => format!("take {} to {}", SECONDS.start(), SECONDS.end()).into(),
            Self::Busy => "wait until it has ended: there is one at a time".into(),
            Self::UnknownPlugin { .. } => "see `gaxx-mon plugins`, or /api/plugins".into(),
            Self::InProcess(plugin) => {
                format!("set plugins.{plugin}.isolation to process, and it has one").into()
            }
            Self::NotLoaded { .. } => "mend that first; /api/plugins says how".into(),
            Self::Process { fault, .. } => fault.remedy.as_str().into(),
            Self::Session(_) => "begin another".into(),
            Self::Stopped => "".into(),
            Self::Heap(error) => error.remedy().into(),
            Self::System(..) => "see that this user may have more threads and timers".into(),
        }
    }

    fn kind(&self) -> u32 {
        match self {
            Self::Order(_) | Self::Hertz(_) | Self::Seconds(_) => kind::PERMANENT,
            Self::Busy => kind::LIMIT,
            Self::UnknownPlugin { .. } | Self::Session(_) => kind::UNKNOWN,
            Self::InProcess(_) | Self::NotLoaded { .. } | Self::Heap(HeapError::Off) => {
                kind::REFUSED
            }
            // That kind never leaves the core.
            Self::Process { fault, .. } if fault.kind == ENDED => kind::FAILED,
            Self::Process { fault, .. } => fault.kind,
            Self::Stopped => kind::CANCELLED,
            Self::Heap(_) | Self::System(..) => kind::FAILED,
        }
    }
}

impl From<ProfileError> for Fault {
    fn from(error: ProfileError) -> Self {
        Self {
            kind: error.kind(),
            message: one_line(&error.to_string(), LONGEST).into(),
            remedy: one_line(&error.remedy(), LONGEST).into(),
            retry_after: 0,
            attributes: RVec::new(),
        }
    }
}

fn with_processes(apart: &[String]) -> String {
    match apart {
        [] => "none has a process of its own".to_owned(),
        some => format!("a process of its own has: {}", some.join(", ")),
    }
}
