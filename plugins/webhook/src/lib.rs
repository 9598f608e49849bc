//! Changes of health to whoever is to be told: as JSON with a signature, or to Alertmanager.

mod alertmanager;
mod filter;
mod json;
mod signature;
#[cfg(test)]
mod tests;

use std::{fs, path::PathBuf};

use gaxx_sdk::{
    Severity,
    client::{self, Client},
    prelude::*,
    schemars::JsonSchema,
    serde::{Deserialize, Serialize},
};

use self::{filter::Filter, signature::Key};

/// The largest file that holds a secret, in bytes.
const MOST_SECRET: u64 = 64 << 10;

/// Settings under `exporters.webhook` in config.yaml.
#[settings]
struct Settings {
    /// Where it is sent, such as `https://hooks.example.org/gaxx`; with the flavour `alertmanager` that of
    /// Alertmanager, such as `http://127.0.0.1:9093`.
    url: client::Secret,
    /// What is sent: `json`, or `alertmanager` for Alertmanager's API v2.
    #[default]
    flavour: Flavour,
    /// A file with a secret, by which what is sent is signed. Only with `json`.
    secret_file: Option<PathBuf>,
    /// Of which checks it tells, by name; `*` at the end stands for any rest. Empty: of all.
    #[default]
    checks: Vec<String>,
    /// Only of checks that have one of these tags. Empty: of all.
    #[default]
    tags: Vec<String>,
    /// Only of checks that matter at least so much: `info`, `warning` or `critical`.
    #[default]
    severity: Least,
    /// Whether it tells of checks that are silenced, too.
    #[default(false)]
    silenced: bool,
    /// For how long Alertmanager takes an alert for true after it was told last. It is told at each
    /// interval of the exporter.
    #[default(Duration::from_mins(5))]
    lasts: Duration,
    #[serde(flatten)]
    client: client::Settings,
}

/// What is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "gaxx_sdk::serde", rename_all = "lowercase")]
#[schemars(crate = "gaxx_sdk::schemars")]
enum Flavour {
    /// Changes of health as JSON.
    #[default]
    Json,
    /// Alerts of Alertmanager's API v2.
    Alertmanager,
}

/// How much a check must matter.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "gaxx_sdk::serde", rename_all = "lowercase")]
#[schemars(crate = "gaxx_sdk::schemars")]
enum Least {
    /// Any will do.
    #[default]
    Info,
    /// Somebody should look at it.
    Warning,
    /// Somebody must act.
    Critical,
}

impl From<Least> for Severity {
    fn from(least: Least) -> Self {
        match least {
            Least::Info => Self::Info,
            Least::Warning => Self::Warning,
            Least::Critical => Self::Critical,
        }
    }
}

struct Webhook {
    url: String,
    flavour: Flavour,
    key: Option<Key>,
    filter: Filter,
    lasts: Duration,
    client: Client,
}

impl Component for Webhook {
    type Settings = Settings;

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        let url = settings.url.reveal();
        if !["http://", "https://"].iter().any(|it| url.starts_with(it)) {
            return Err(Error::settings(
                "url does not begin with http:// or https://",
            ));
        }
        if settings.secret_file.is_some() && settings.flavour == Flavour::Alertmanager {
            return Err(
                Error::settings("secret_file: Alertmanager reads no signature")
                    .remedy("leave it out, and use basic or tls"),
            );
        }
        let url = match settings.flavour {
            Flavour::Json => url.to_owned(),
            Flavour::Alertmanager => alertmanager::url(url),
        };
        Ok(Self {
            url,
            flavour: settings.flavour,
            key: settings.secret_file.as_deref().map(key).transpose()?,
            filter: Filter {
                checks: settings.checks,
                tags: settings.tags,
                severity: settings.severity.into(),
                silenced: settings.silenced,
            },
            lasts: settings.lasts,
            client: Client::new(&settings.client)?,
        })
    }
}

impl Notifier for Webhook {
    fn notify(&mut self, news: &News, deadline: Deadline) -> Result<()> {
        let body = match self.flavour {
            Flavour::Json => json::body(news, &self.filter)?,
            Flavour::Alertmanager => alertmanager::body(news, &self.filter, self.lasts)?,
        };
        // Nothing has changed that it should tell of.
        let Some(body) = body else { return Ok(()) };
        let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        if self.flavour == Flavour::Json {
            // The same when it is sent again: whoever was told twice can see it.
            headers.push(("X-Gaxx-Delivery".to_owned(), signature::digest(&body)));
        }
        if let Some(key) = &self.key {
            headers.extend(key.headers(&body));
        }
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = self.client.post(&self.url, &headers, &body, deadline)?;
        answer.judge()
    }
}

fn key(path: &std::path::Path) -> Result<Key> {
    let fault = |what: String| Error::settings(format!("secret_file: {}: {what}", path.display()));
    let about = fs::metadata(path).map_err(|error| fault(error.to_string()))?;
    if !about.is_file() || about.len() > MOST_SECRET {
        return Err(fault("is not a file of at most 64 KiB".to_owned()));
    }
    let secret = fs::read(path).map_err(|error| fault(error.to_string()))?;
    match secret.trim_ascii() {
        [] => Err(fault("is empty".to_owned())),
        secret => Ok(Key::new(secret)),
    }
}

gaxx_sdk::plugin! {
    name = "webhook";
    description = "Changes of health to a webhook, or to Alertmanager.";
    notifier "webhook" => Webhook;
}
