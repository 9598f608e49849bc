//! TLS of a listener, which follows its files.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::ServerConfig;

use super::TlsFiles;
use crate::{
    config,
    security::{
        SecurityError, WebConfig,
        certificate::Clients,
        stamp::{Rhythm, Stamp},
    },
};

/// TLS of a listener. Its files are looked at when a connection comes, once a second at most; a
/// connection after a change gets the new certificate. Where what is new cannot be used, the old
/// stays and an error is logged.
#[derive(Debug)]
pub struct ServerTls {
    source: Mutex<Source>,
    current: ArcSwap<Current>,
    rhythm: Rhythm,
    seen: Mutex<Seen>,
}

#[derive(Debug, Clone)]
enum Source {
    Section(TlsFiles),
    Web(Arc<WebConfig>),
}

/// What handshakes are made with.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) config: Arc<ServerConfig>,
    pub(super) clients: Clients,
}

/// The state of the files that was tried last, whether it could be used or not.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    files: TlsFiles,
    stamps: [Option<Stamp>; 3],
}

impl ServerTls {
    /// TLS as a section of the configuration asks for it, or nothing where it does not. `section`
    /// is its name, for messages: `agent.tls`.
    pub fn open(section: &str, tls: &config::Tls) -> Result<Option<Arc<Self>>, SecurityError> {
        let files = TlsFiles::of(section, tls)?;
        files
            .map(|files| Self::new(Source::Section(files.clone()), files))
            .transpose()
    }

    /// TLS as a web configuration asks for it, or nothing where it does not.
    pub fn of_web(web: &Arc<WebConfig>) -> Result<Option<Arc<Self>>, SecurityError> {
        let files = web.current().tls().cloned();
        files
            .map(|files| Self::new(Source::Web(Arc::clone(web)), files))
            .transpose()
    }

    fn new(source: Source, files: TlsFiles) -> Result<Arc<Self>, SecurityError> {
        // Before the files are read: a change during the reading is seen at the next look.
        let stamps = files.stamps();
        Ok(Arc::new(Self {
            source: Mutex::new(source),
            current: ArcSwap::from_pointee(Current::load(&files)?),
            rhythm: Rhythm::new(),
            seen: Mutex::new(Seen { files, stamps }),
        }))
    }

    /// Takes on a section that was read again; where it has no certificate any more, nothing
    /// changes. With an error what was before stays.
    pub fn renew(&self, section: &str, tls: &config::Tls) -> Result<(), SecurityError> {
        let Some(files) = TlsFiles::of(section, tls)? else {
            return Ok(());
        };
        let stamps = files.stamps();
        let current = Current::load(&files)?;
        let mut seen = self.seen.lock();
        *self.source.lock() = Source::Section(files.clone());
        *seen = Seen { files, stamps };
        self.current.store(Arc::new(current));
        Ok(())
    }

    /// What the next handshake is made with.
    pub(super) fn current(&self) -> Arc<Current> {
        if self.rhythm.is_due() {
            self.look();
        }
        self.current.load_full()
    }

    /// Reads the files again where they have changed.
    fn look(&self) {
        let mut seen = self.seen.lock();
        let source = self.source.lock().clone();
        let files = match source {
            Source::Section(files) => files,
            // A web configuration that no longer asks for TLS is not taken on.
            Source::Web(web) => match web.current().tls() {
                Some(files) => files.clone(),
                None => return,
            },
        };
        let stamps = files.stamps();
        let found = Seen { files, stamps };
        if *seen == found {
            return;
        }
        let path = found.files.certificate.path.display();
        match Current::load(&found.files) {
            Ok(current) => {
                tracing::info!(certificate = %path, "the certificate was read again and is in force");
                self.current.store(Arc::new(current));
            }
            Err(error) => {
                tracing::error!(%error, "TLS goes on with the certificate and key it had");
            }
        }
        *seen = found;
    }

    /// Lets the next connection look at the files, for tests that do not wait.
    #[cfg(test)]
    pub(crate) fn look_again(&self) {
        self.rhythm.skip();
    }
}

impl Current {
    fn load(files: &TlsFiles) -> Result<Self, SecurityError> {
        Ok(Self {
            config: Arc::new(files.load()?),
            clients: files.clients.clone(),
        })
    }
}
