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
    source: Source,
    current: ArcSwap<Current>,
    rhythm: Rhythm,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
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
            source,
            current: ArcSwap::from_pointee(Current::load(&files)?),
            rhythm: Rhythm::new(),
            seen: Mutex::new(Seen { files, stamps }),
        }))
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
        let files = match &self.source {
            Source::Section(files) => files.clone(),
            // A web configuration that no longer asks for TLS is not taken on.
            Source::Web(web) => match web.current().tls() {
                Some(files) => files.clone(),
                None => return,
            },
        };
        let stamps = files.stamps();
        let found = Seen { files, stamps };
        let mut seen = self.seen.lock();
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
