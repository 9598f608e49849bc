//! The files of a new crate.

use super::sdk::Sdk;
use crate::cli::arguments::PluginKind;

const CARGO: &str = include_str!("Cargo.toml.in");
const CONFIG: &str = include_str!("config.toml.in");
const IGNORED: &str = include_str!("gitignore.in");
const README: &str = include_str!("README.md.in");

/// What differs from kind to kind.
#[derive(Debug)]
pub(super) struct Template {
    /// The kind in words.
    pub(super) kind: &'static str,
    /// A sentence on what the plugin does.
    summary: &'static str,
    source: &'static str,
    tests: &'static str,
    /// The README's part on settings, and that on what is seen of it.
    settings: &'static str,
    shown: &'static str,
}

/// The template in this folder.
macro_rules! template {
    ($folder:literal, $kind:literal, $summary:literal) => {
        Template {
            kind: $kind,
            summary: $summary,
            source: include_str!(concat!($folder, "/lib.rs")),
            tests: include_str!(concat!($folder, "/tests.rs")),
            settings: include_str!(concat!($folder, "/settings.md")),
            shown: include_str!(concat!($folder, "/shown.md")),
        }
    };
}

impl Template {
    /// That of this kind.
    pub(super) fn of(kind: PluginKind) -> Self {
        match kind {
            PluginKind::Collector => template!(
                "collector",
                "a collector",
                "Number and size of the files in a folder."
            ),
            PluginKind::Check => template!(
                "check",
                "a health check",
                "Whether a file was written lately."
            ),
            PluginKind::Exporter => template!(
                "exporter",
                "an exporter",
                "Appends what was measured to a file, a line for each sample."
            ),
            PluginKind::Endpoint => template!(
                "endpoint",
                "an endpoint",
                "Answers requests with a greeting, as JSON."
            ),
        }
    }

    /// Paths in the crate, and what stands in them, for a plugin of this name.
    ///
    /// No line of code depends on the name's length but those that hold a constant, so that the
    /// crate is formatted whatever it is called.
    pub(super) fn files(&self, name: &str, sdk: &Sdk) -> [(&'static str, String); 6] {
        let (snake, sdk) = (name.replace('-', "_"), sdk.dependency());
        let fill = |text: &str| {
            [
                // These two hold names themselves.
                ("@settings@", self.settings),
                ("@shown@", self.shown.trim_end()),
                ("@kind@", self.kind),
                ("@summary@", self.summary),
                ("@rust@", env!("CARGO_PKG_RUST_VERSION")),
                ("@name@", name),
                ("@snake@", &snake),
                // Last, since a path may hold anything.
                ("@sdk@", &sdk),
            ]
            .iter()
            .fold(text.to_owned(), |text, (mark, value)| {
                text.replace(mark, value)
            })
        };
        [
            ("Cargo.toml", fill(CARGO)),
            (".cargo/config.toml", CONFIG.to_owned()),
            (".gitignore", IGNORED.to_owned()),
            ("README.md", fill(README)),
            ("src/lib.rs", fill(self.source)),
            ("src/tests.rs", fill(self.tests)),
        ]
    }
}
