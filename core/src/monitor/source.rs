//! Where the configuration of a start comes from, so that it can be read again.

use std::path::PathBuf;

use crate::{
    audit::AuditError,
    config::{self, Argument, Config, Document, NoStateFolder, Problems},
};

/// Where the configuration of a start comes from, so that it can be read again.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// What the command line sets.
    pub arguments: Vec<Argument>,
    /// Folders of plugins from the command line, beside those of the file.
    pub plugin_folders: Vec<PathBuf>,
}

/// Why it did not start.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong: all of it that is.
    #[error("{0}")]
    Config(#[from] Problems),
    /// There is nowhere to keep state.
    #[error(transparent)]
    State(#[from] NoStateFolder),
    /// The audit log cannot be kept.
    #[error("{0}\n{remedy}", remedy = .0.remedy())]
    Audit(#[from] AuditError),
}

impl Source {
    /// Reads file, environment and command line.
    pub fn read(&self) -> Result<Document, Problems> {
        Document::read(self.file.as_deref(), config::environment(), &self.arguments)
    }

    /// The folders to look for plugins in: those of the file, then those of the command line.
    pub fn folders(&self, config: &Config) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in config.plugins.folders.iter().chain(&self.plugin_folders) {
            if !folders.contains(folder) {
                folders.push(folder.clone());
            }
        }
        folders
    }

    /// Those of them that are watched.
    pub fn watched_folders(&self, config: &Config) -> Vec<PathBuf> {
        if config.plugins.watch {
            self.folders(config)
        } else {
            Vec::new()
        }
    }

    /// The folder for state.
    pub fn state_folder(&self, config: &Config) -> Result<PathBuf, NoStateFolder> {
        let is_root = rustix::process::geteuid().is_root();
        config.state_folder(is_root, |name| std::env::var_os(name))
    }
}
