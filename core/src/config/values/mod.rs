//! The kinds of values a setting can have beside plain text, numbers and lists.

mod duration;
mod endpoint;
mod format;
mod log_filter;
mod secret;
mod settings;
mod size;
mod threshold;
mod timestamp;
mod trusted_key;
mod version;

pub use duration::{Duration, DurationError};
pub use endpoint::Endpoint;
pub use log_filter::{LogFilter, LogFilterError};
pub use secret::Secret;
pub use settings::Settings;
pub use size::{Size, SizeError};
pub use threshold::{Threshold, ThresholdError};
pub use timestamp::Timestamp;
pub use trusted_key::{TrustedKey, TrustedKeyError};
pub use version::{Version, VersionError};

pub(super) use duration::seconds_or_text;
pub(super) use format::{FORMATS, Format};
pub(super) use secret::MASK;
