//! Why bytes are no profile.

use super::decode::MOST_BYTES;

/// Why bytes are no profile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("the profile cannot be decompressed: {0}")]
    Gzip(std::io::Error),
    #[error("the profile has more than {MOST_BYTES} bytes")]
    Large,
    #[error("the profile is not in pprof's format: {0}")]
    Format(String),
    #[error("the profile names {what} {number}, which it does not have")]
    Dangling { what: &'static str, number: i128 },
    #[error("a sample of the profile has {found} values and not {expected}")]
    Width { found: usize, expected: usize },
    #[error("the profile has no values of the type {0}")]
    NoSuchType(String),
}

impl ProfileError {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Large => "profile for a shorter time, or at a lower frequency",
            Self::NoSuchType(_) => "ask for a profile that has them",
            _ => "report this: whoever made the profile made a mistake",
        }
    }
}
