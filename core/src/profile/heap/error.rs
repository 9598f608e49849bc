//! Why the allocator gives no profile.

use std::io;

use thiserror::Error;

use super::text::TextError;

/// Why the allocator gives no profile.
#[derive(Debug, Error)]
pub enum HeapError {
    /// It takes no samples.
    #[error("the allocator takes no samples: the variable MALLOC_CONF turns that off")]
    Off,
    /// It cannot write what it knows.
    #[error("the allocator cannot write its profile: {0}")]
    Write(io::Error),
    /// What it has written is not what this version reads.
    #[error("the allocator's profile cannot be read: {0}")]
    Text(#[from] TextError),
}

impl HeapError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Off => "start gaxx-mon without it",
            Self::Write(_) => {
                "see that /proc is mounted, and that there are memory and descriptors"
            }
            Self::Text(_) => "report this",
        }
    }
}
