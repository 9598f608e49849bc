//! The web configuration of Prometheus and its exporters (`--web.config.file`): TLS, headers and
//! users with passwords in a file of its own.
//!
//! The format is that of <https://github.com/prometheus/exporter-toolkit>, `docs/web-configuration.md`.

mod format;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::{ArcSwap, Guard};
use http::HeaderMap;
use parking_lot::Mutex;

use super::{
    Scope, Scopes, SecurityError,
    error::NamedFile,
    passwords::Users,
    secret_file::{Guarded, read},
    stamp::{Rhythm, Stamp},
    tls::TlsFiles,
};

/// A web configuration, read again when its file changes: it is looked at when a request comes,
/// once a second at most. A change that cannot be used is logged, and what was before stays.
#[derive(Debug)]
pub struct WebConfig {
    file: NamedFile,
    current: ArcSwap<Loaded>,
    rhythm: Rhythm,
    seen: Mutex<Option<Stamp>>,
}

/// What a web configuration says.
#[derive(Debug)]
pub(super) struct Loaded {
    tls: Option<TlsFiles>,
    headers: HeaderMap,
    users: Arc<Users>,
}

impl WebConfig {
    /// What its users may do. The format knows no scopes: they see all there is to see, and may reload where that is on.
    pub(super) const SCOPES: Scopes = Scopes::NONE
        .with(Scope::Read)
        .with(Scope::Profile)
        .with(Scope::Admin);

    /// Reads a web configuration. `setting` is the key or flag that names it.
    pub fn open(setting: &str, path: impl Into<PathBuf>) -> Result<Arc<Self>, SecurityError> {
        let file = NamedFile::new(setting, path);
        let seen = Stamp::of(&file.path);
        Ok(Arc::new(Self {
            current: ArcSwap::from_pointee(load(&file)?),
            rhythm: Rhythm::new(),
            seen: Mutex::new(seen),
            file,
        }))
    }

    /// Whether it has users, so that every request needs a login.
    pub fn has_users(&self) -> bool {
        !self.current().users.is_empty()
    }

    /// Whether it asks for TLS.
    pub fn has_tls(&self) -> bool {
        self.current().tls.is_some()
    }

    /// What it says now.
    pub(super) fn current(&self) -> Guard<Arc<Loaded>> {
        if self.rhythm.is_due() {
            self.look();
        }
        self.current.load()
    }

    fn look(&self) {
        let stamp = Stamp::of(&self.file.path);
        let mut seen = self.seen.lock();
        if *seen == stamp {
            return;
        }
        *seen = stamp;
        let path = self.file.path.display();
        let renewed = load(&self.file).and_then(|new| self.may_follow(new));
        match renewed {
            Ok(new) => {
                tracing::info!(file = %path, "the web configuration was read again and is in force");
                self.current.store(Arc::new(new));
            }
            Err(error) => tracing::error!(%error, "the web configuration before stays in force"),
        }
    }

    /// What was protected stays so while the program runs: a file that is empty because somebody
    /// is just writing it opens nothing.
    fn may_follow(&self, new: Loaded) -> Result<Loaded, SecurityError> {
        let old = self.current.load();
        let fault = if old.tls.is_some() != new.tls.is_some() {
            "turns TLS on or off"
        } else if !old.users.is_empty() && new.users.is_empty() {
            "has no users any more"
        } else {
            return Ok(new);
        };
        Err(self
            .file
            .content(fault, "start the program again if that is meant"))
    }

    /// Lets the next request look at the file, for tests that do not wait.
    #[cfg(test)]
    pub(super) fn look_again(&self) {
        self.rhythm.skip();
    }
}

impl Loaded {
    pub(super) fn tls(&self) -> Option<&TlsFiles> {
        self.tls.as_ref()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn users(&self) -> Arc<Users> {
        Arc::clone(&self.users)
    }
}

fn load(file: &NamedFile) -> Result<Loaded, SecurityError> {
    let bytes = read(file, Guarded::FromWriting)?;
    let folder = file.path.parent().unwrap_or(Path::new(""));
    format::parse(&bytes, folder, &file.path).map_err(|fault| {
        let remedy = "the format is that of Prometheus' --web.config.file, as far as \
                      docs/security.md says";
        file.content(fault, remedy)
    })
}

#[cfg(test)]
mod tests;
