//! What may stand in a web configuration, and what it means.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::{Loaded, WebConfig};
use crate::security::{
    certificate::Clients,
    error::NamedFile,
    passwords::Users,
    tls::{TlsFiles, Versions},
};

/// The headers that the format knows, and what some of them may say.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    tls_server_config: Option<TlsSection>,
    http_server_config: HttpSection,
    basic_auth_users: Option<BTreeMap<String, String>>,
    rate_limit: Option<serde_yaml::Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TlsSection {
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    client_ca_file: Option<PathBuf>,
    client_auth_type: Option<String>,
    client_allowed_sans: Vec<String>,
    min_version: Option<String>,
    max_version: Option<String>,
    // Known to the format, and not to this program.
    cert: Option<serde_yaml::Value>,
    key: Option<serde_yaml::Value>,
    client_ca: Option<serde_yaml::Value>,
    cipher_suites: Option<serde_yaml::Value>,
    curve_preferences: Option<serde_yaml::Value>,
    prefer_server_cipher_suites: Option<serde_yaml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HttpSection {
    http2: bool,
    headers: BTreeMap<String, String>,
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            http2: true,
            headers: BTreeMap::new(),
        }
    }
}

/// Reads the file's text. Relative paths in it count from `folder`. An error says what is wrong
/// and repeats no value, since that may be a secret.
pub(super) fn parse(bytes: &[u8], folder: &Path, path: &Path) -> Result<Loaded, String> {
    let file: Option<File> = serde_yaml::from_slice(bytes).map_err(|error| describe(&error))?;
    let file = file.unwrap_or_default();
    unsupported(&[("rate_limit", file.rate_limit.is_some())])?;
    let http2 = file.http_server_config.http2;
    let tls = file
        .tls_server_config
        .map(|section| section.checked(folder, path, http2));
    Ok(Loaded {
        tls: tls.transpose()?,
        headers: headers(file.http_server_config.headers)?,
        users: Arc::new(Users::new(file.basic_auth_users.unwrap_or_default())?),
    })
}

/// What the parser found, without the values that it would quote.
fn describe(error: &serde_yaml::Error) -> String {
    let place = error.location().map_or_else(String::new, |place| {
        format!(" in line {}, column {}", place.line(), place.column())
    });
    let text = error.to_string();
    let field = text
        .split_once("unknown field `")
        .and_then(|(_, rest)| rest.split_once('`'));
    match field {
        Some((name, _)) => format!("has the key {name:?}{place}, which the format does not know"),
        None => format!("is no YAML, or has a value of the wrong kind{place}"),
    }
}

fn unsupported(keys: &[(&str, bool)]) -> Result<(), String> {
    match keys.iter().find(|(_, set)| *set) {
        Some((key, _)) => Err(format!("sets {key}, which is not supported here")),
        None => Ok(()),
    }
}

fn headers(wanted: BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in wanted {
        let known = HEADERS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name));
        let Some((known, values)) = known else {
            let known = HEADERS.map(|(known, _)| known).join(", ");
            return Err(format!(
                "sets the header {name:?}, where the format knows {known}"
            ));
        };
        if value.is_empty() {
            continue;
        }
        if !values.is_empty() && !values.iter().any(|may| may.eq_ignore_ascii_case(&value)) {
            return Err(format!(
                "sets {known} to something else than {}",
                values.join(" or ")
            ));
        }
        let name = HeaderName::try_from(*known).map_err(|error| error.to_string())?;
        let value = HeaderValue::try_from(value)
            .map_err(|_| format!("sets {known} to what no header can hold"))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

impl TlsSection {
    fn checked(self, folder: &Path, path: &Path, http2: bool) -> Result<TlsFiles, String> {
        unsupported(&[
            ("cert", self.cert.is_some()),
            ("key", self.key.is_some()),
            ("client_ca", self.client_ca.is_some()),
            ("cipher_suites", self.cipher_suites.is_some()),
            ("curve_preferences", self.curve_preferences.is_some()),
            (
                "prefer_server_cipher_suites",
                self.prefer_server_cipher_suites.is_some(),
            ),
        ])?;
        let versions = versions(self.min_version.as_deref(), self.max_version.as_deref())?;
        let require_client = self.requires_client()?;
        let named = |key: &str, file: Option<PathBuf>| {
            let file = file.filter(|file| !file.as_os_str().is_empty())?;
            let setting = format!("tls_server_config.{key} in {}", path.display());
            Some(NamedFile::new(setting, folder.join(file)))
        };
        let client_ca = named("client_ca_file", self.client_ca_file);
        match (&client_ca, require_client) {
            (None, Some(_)) => {
                return Err("sets client_auth_type without client_ca_file".to_owned());
            }
            (Some(_), None) => {
                return Err("sets client_ca_file without client_auth_type".to_owned());
            }
            _ => {}
        }
        if client_ca.is_none() && !self.client_allowed_sans.is_empty() {
            return Err("sets client_allowed_sans without client_ca_file".to_owned());
        }
        let missing = |key: &str| format!("has a tls_server_config without {key}");
        let allowed = self.client_allowed_sans.into_iter();
        Ok(TlsFiles {
            certificate: named("cert_file", self.cert_file).ok_or_else(|| missing("cert_file"))?,
            key: named("key_file", self.key_file).ok_or_else(|| missing("key_file"))?,
            client_ca,
            require_client: require_client.unwrap_or(false),
            clients: Clients {
                named: allowed.map(|name| (name, WebConfig::SCOPES)).collect(),
                others: WebConfig::SCOPES,
                by_common_name: false,
            },
            versions,
            http2,
        })
    }

    /// Whether clients need a certificate; nothing where none is looked at.
    fn requires_client(&self) -> Result<Option<bool>, String> {
        match self.client_auth_type.as_deref().unwrap_or_default() {
            "" | "NoClientCert" => Ok(None),
            "VerifyClientCertIfGiven" => Ok(Some(false)),
            "RequireAndVerifyClientCert" => Ok(Some(true)),
            // A certificate that nobody verifies shows nothing.
            "RequestClientCert" | "RequireClientCert" | "RequireAnyClientCert" => Err(
                "sets a client_auth_type that verifies nothing, which is not supported here: use \
                 VerifyClientCertIfGiven or RequireAndVerifyClientCert"
                    .to_owned(),
            ),
            _ => Err(
                "sets a client_auth_type that the format does not know: use NoClientCert, \
                 VerifyClientCertIfGiven or RequireAndVerifyClientCert"
                    .to_owned(),
            ),
        }
    }
}

fn versions(min: Option<&str>, max: Option<&str>) -> Result<Versions, String> {
    let known = |key: &str, version: Option<&str>| match version.unwrap_or_default() {
        "" => Ok(None),
        "TLS12" => Ok(Some(12)),
        "TLS13" => Ok(Some(13)),
        _ => Err(format!(
            "sets {key} to something else than TLS12 or TLS13, which are spoken here"
        )),
    };
    let min = known("min_version", min)?.unwrap_or(12);
    let max = known("max_version", max)?.unwrap_or(13);
    match (min, max) {
        (12, 13) => Ok(Versions::Both),
        (12, _) => Ok(Versions::Only12),
        (_, 13) => Ok(Versions::Only13),
        _ => Err("sets a min_version above max_version".to_owned()),
    }
}
