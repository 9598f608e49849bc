//! The configuration of one start.

use std::path::Path;

use serde_json::Value;

use super::draft::Draft;
use super::known::KnownPlugins;
use super::problem::Problems;
use super::sections::Config;

/// A key that an argument of the command line sets. It goes before file and environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The flag, for messages: `--listen`.
    pub flag: String,
    /// The key it sets, with dots: `server.listen`. Each level below a known section is made.
    pub key: String,
    /// The value, checked like one of the file.
    pub value: Value,
}

/// A configuration whose own part is right. The sections of plugins and exporters are checked
/// once the plugins are known: [`Document::settle`].
#[derive(Debug)]
pub struct Document {
    draft: Draft,
    config: Config,
}

impl Document {
    /// Reads the configuration (see [`Draft::read`]). Fails with everything that is wrong in what
    /// is core's own.
    pub fn read(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        arguments: &[Argument],
    ) -> Result<Self, Problems> {
        let draft = Draft::read(path, environment, arguments)?;
        let (config, problems) = draft.evaluate(None);
        if problems.has_errors() {
            return Err(problems);
        }
        Ok(Self { draft, config })
    }

    /// The configuration before plugins are known: their sections are as written, environment
    /// variables for them and claimed keys are not yet applied.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Everything wrong, now that the plugins are known; warnings too.
    pub fn check(&self, known: &KnownPlugins) -> Problems {
        self.draft.check(known)
    }

    /// The whole configuration, with environment variables for plugins and claimed keys applied,
    /// and its warnings. Fails with everything that is wrong.
    pub fn settle(&self, known: &KnownPlugins) -> Result<(Config, Problems), Problems> {
        let (config, problems) = self.draft.evaluate(Some(known));
        if problems.has_errors() {
            Err(problems)
        } else {
            Ok((config, problems))
        }
    }
}
