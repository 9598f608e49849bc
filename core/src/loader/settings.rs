//! What a loader is told of the configuration.

use std::path::PathBuf;

use super::Trust;
use crate::config::Config;

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
    /// Which libraries are trusted.
    pub trust: Trust,
}

impl Settings {
    /// The limits of a configuration that says nothing.
    pub fn new(state_folder: PathBuf) -> Self {
        Self::of(&Config::default(), state_folder)
    }

    /// What this configuration says. Every command that loads libraries takes it from here, so
    /// that none of them loads what another would refuse.
    pub fn of(config: &Config, state_folder: PathBuf) -> Self {
        Self {
            state_folder,
            max_file_size: config.limits.max_library_size.bytes(),
            max_loaded_size: config.limits.max_loaded_size.bytes(),
            trust: Trust::of(config),
        }
    }
}
