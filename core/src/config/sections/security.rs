//! Who is who, and what is kept of what they did.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::values::{Duration, Secret, Size};

/// TLS of one listener. Files are PEM; a relative path counts from the folder of the configuration
/// file. They are read again when they change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate, and those between it and its CA. If it is set, the listener speaks TLS
    /// only.
    #[schemars(length(min = 1))]
    pub certificate: Option<PathBuf>,
    /// Its key, which only the program's user may be able to read.
    #[schemars(length(min = 1))]
    pub key: Option<PathBuf>,
    /// The CA of the clients' certificates.
    #[schemars(length(min = 1))]
    pub client_ca: Option<PathBuf>,
    /// Whether who has no certificate of `client_ca` is turned away. Otherwise a token will do.
    pub require_client_certificate: bool,
    /// The clients that may come, by a name in their certificate. If there are none, every
    /// certificate of `client_ca` will do, and may do everything.
    pub clients: Vec<ClientCertificate>,
}

impl Tls {
    /// Its paths that are set, by their keys.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = (&'static str, &mut PathBuf)> {
        let paths = [
            ("certificate", &mut self.certificate),
            ("key", &mut self.key),
            ("client_ca", &mut self.client_ca),
        ];
        set(paths)
    }
}

/// Those that are set.
pub(super) fn set<'a, const MANY: usize>(
    paths: [(&'static str, &'a mut Option<PathBuf>); MANY],
) -> impl Iterator<Item = (&'static str, &'a mut PathBuf)> {
    let paths = paths.into_iter();
    paths.filter_map(|(key, path)| Some((key, path.as_mut()?)))
}

/// A client, by a name in its certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The common name, or an alternative name of its subject.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What it may do; everything if it is not set.
    #[serde(default = "ScopeName::all")]
    pub scopes: Vec<ScopeName>,
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ScopeName {
    /// Read the monitoring pages.
    Read,
    /// Run what the policy allows.
    Exec,
    /// Move files beneath the configured roots.
    Files,
    /// Give tasks.
    Tasks,
    /// Change how the program runs.
    Admin,
    /// Profile the program.
    Profile,
}

impl ScopeName {
    fn all() -> Vec<Self> {
        use ScopeName::{Admin, Exec, Files, Profile, Read, Tasks};
        vec![Read, Exec, Files, Tasks, Admin, Profile]
    }
}

/// Who may come in, beside those with certificates, and how often one may fail to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Tokens, each of a caller. `gaxx-mon agent token NAME` makes one.
    pub tokens: Vec<Token>,
    /// How many logins of one address may fail within `window`. Further ones are answered 429;
    /// right ones still pass.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub failures: u32,
    /// The time in which failed logins count together.
    pub window: Duration,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            tokens: Vec::new(),
            failures: 10,
            window: Duration::from_secs(60),
        }
    }
}

/// A token that a caller shows: `Authorization: Bearer TOKEN`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Whose it is, as the audit log names it.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// `sha256:` and the SHA-256 of the token in hexadecimal digits.
    pub hash: Secret,
    /// What its bearer may do.
    pub scopes: Vec<ScopeName>,
    /// The last day it is taken, as `2030-12-31`; for ever if it is not set.
    #[serde(default)]
    pub expires: Option<String>,
}

/// The log of what was run and moved, and by whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// Whether it is kept.
    pub enabled: bool,
    /// How large a file of it grows before the next begins.
    pub max_size: Size,
    /// How many files are kept, the growing one included.
    #[schemars(range(min = 2, max = 100_000))]
    pub keep: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            enabled: true,
            max_size: Size::mib(64),
            keep: 16,
        }
    }
}

impl Client {
    /// Its paths that are set, by their keys.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = (&'static str, &mut PathBuf)> {
        let paths = [
            ("token_file", &mut self.token_file),
            ("ca", &mut self.ca),
            ("certificate", &mut self.certificate),
            ("key", &mut self.key),
        ];
        set(paths)
    }
}

/// Who the commands `exec`, `push`, `pull` and `ping` say they are. Relative paths count from the
/// folder of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// A file with the token.
    #[schemars(length(min = 1))]
    pub token_file: Option<PathBuf>,
    /// The CA of the agents' certificates (PEM); the system's if it is not set.
    #[schemars(length(min = 1))]
    pub ca: Option<PathBuf>,
    /// The client's own certificate (PEM).
    #[schemars(length(min = 1))]
    pub certificate: Option<PathBuf>,
    /// Its key.
    #[schemars(length(min = 1))]
    pub key: Option<PathBuf>,
}
