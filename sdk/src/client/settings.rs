//! How a receiver is reached.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_sdk::{
    Error, Result,
    schemars::{JsonSchema, Schema, SchemaGenerator, json_schema},
    serde::{Deserialize, Serialize},
    settings,
};

/// The largest file that holds a secret or a certificate, in bytes.
const MOST_FILE: u64 = 1 << 20;

/// How a receiver is reached.
#[settings]
pub struct Settings {
    /// Headers of every request.
    #[default]
    pub headers: BTreeMap<String, Secret>,
    /// A file that holds a token, sent as `Authorization: Bearer`.
    pub bearer_token_file: Option<PathBuf>,
    /// Name and password, sent as `Authorization: Basic`.
    pub basic: Option<Basic>,
    /// Whom to trust, and who we are.
    #[default]
    pub tls: Tls,
}

/// Name and password.
#[settings]
pub struct Basic {
    /// The name.
    pub username: String,
    /// A file that holds the password.
    pub password_file: PathBuf,
}

/// Whom to trust, and who we are.
#[settings]
pub struct Tls {
    /// A file with the certificates of those who may vouch for the receiver, in PEM. Without it,
    /// those that browsers trust.
    pub ca: Option<PathBuf>,
    /// A file with our own certificate and those that vouch for it, in PEM.
    pub certificate: Option<PathBuf>,
    /// A file with the key of `certificate`, in PEM.
    pub key: Option<PathBuf>,
    /// Whether anybody is taken for the receiver. Only for tries: whoever sits between reads all.
    #[default(false)]
    pub insecure_skip_verify: bool,
}

/// A text that is shown nowhere.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "gaxx_sdk::serde", transparent)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // So marked it is masked wherever the configuration is shown.
        json_schema!({ "type": "string", "writeOnly": true })
    }
}

impl Settings {
    /// The headers of every request, with those that prove who calls. For clients of another protocol;
    /// [`Client`](super::Client) sends them itself.
    ///
    /// # Errors
    ///
    /// Where settings contradict each other, or a file cannot be used.
    pub fn all_headers(&self) -> Result<Vec<(String, Secret)>> {
        let mut headers: Vec<_> = self.headers.clone().into_iter().collect();
        let proof = match (&self.bearer_token_file, &self.basic) {
            (Some(_), Some(_)) => {
                return Err(
                    Error::settings("there are both bearer_token_file and basic")
                        .remedy("leave one of them"),
                );
            }
            (Some(path), None) => Some(format!("Bearer {}", secret("bearer_token_file", path)?)),
            (
                None,
                Some(Basic {
                    username,
                    password_file,
                }),
            ) => {
                let password = secret("basic.password_file", password_file)?;
                let both = format!("{username}:{password}");
                Some(format!("Basic {}", STANDARD.encode(both)))
            }
            (None, None) => None,
        };
        let is_proof = |name: &String| name.eq_ignore_ascii_case("authorization");
        if proof.is_some() && headers.iter().any(|(name, _)| is_proof(name)) {
            return Err(Error::settings("headers has an Authorization of its own")
                .remedy("leave that, or bearer_token_file and basic"));
        }
        headers.extend(proof.map(|proof| ("Authorization".to_owned(), Secret(proof))));
        Ok(headers)
    }
}

/// The content of a file that a setting names, of text.
fn secret(setting: &str, path: &Path) -> Result<String> {
    let text = String::from_utf8(read(setting, path)?);
    let text =
        text.map_err(|_| Error::settings(format!("{setting}: {} is no text", path.display())))?;
    match text.trim() {
        "" => Err(Error::settings(format!(
            "{setting}: {} is empty",
            path.display()
        ))),
        secret => Ok(secret.to_owned()),
    }
}

/// The content of a file that a setting names.
pub(super) fn read(setting: &str, path: &Path) -> Result<Vec<u8>> {
    let fault = |what: String| Error::settings(format!("{setting}: {}: {what}", path.display()));
    let about = fs::metadata(path).map_err(|error| fault(error.to_string()))?;
    if !about.is_file() || about.len() > MOST_FILE {
        return Err(fault("is not a file of at most 1 MiB".to_owned()));
    }
    fs::read(path).map_err(|error| fault(error.to_string()))
}
