//! What is wrong with settings of security, before any file is looked at. A setting that asks for
//! security and cannot have it is an error, never left out.

use std::collections::HashSet;

use super::{Expiry, Scope, SecurityError, Token, TokenHash};
use crate::config::{self, Config, ScopeName};

/// A setting that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its place, as a JSON pointer: `/agent/tls/key`.
    pub pointer: String,
    /// What is wrong, and the remedy.
    pub message: String,
}

/// Everything that is wrong with certificates, tokens and logins.
pub fn check(config: &Config) -> Vec<Fault> {
    [
        tls("server.tls", &config.server.tls),
        tls("agent.tls", &config.agent.tls),
        tls("profiling.tls", &config.profiling.tls),
        tokens(&config.auth),
        web(config),
    ]
    .concat()
}

/// What is wrong with one section of TLS; `section` is its key.
pub(super) fn tls(section: &str, tls: &config::Tls) -> Vec<Fault> {
    let key = |name: &str| format!("`{section}.{name}`");
    let lacks = |name: &str, set: bool, need: &str, has: bool| {
        (set && !has).then(|| {
            let remedy = format!("set {} too, or leave this out", key(need));
            Fault::at(section, name, format!("needs {}; {remedy}", key(need)))
        })
    };
    let (certificate, own_key) = (tls.certificate.is_some(), tls.key.is_some());
    let (ca, clients) = (tls.client_ca.is_some(), !tls.clients.is_empty());
    let required = tls.require_client_certificate;
    [
        lacks("certificate", certificate, "key", own_key),
        lacks("key", own_key, "certificate", certificate),
        lacks("client_ca", ca, "certificate", certificate),
        lacks("require_client_certificate", required, "client_ca", ca),
        lacks("clients", clients, "client_ca", ca),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tokens(auth: &config::Auth) -> Vec<Fault> {
    let mut names = HashSet::new();
    let mut faults = Vec::new();
    for (number, token) in auth.tokens.iter().enumerate() {
        let section = format!("auth.tokens.{number}");
        if let Err(fault) = token.hash.reveal().parse::<TokenHash>() {
            faults.push(Fault::at(&section, "hash", fault.to_string()));
        }
        if let Some(Err(fault)) = token.expires.as_deref().map(str::parse::<Expiry>) {
            faults.push(Fault::at(&section, "expires", fault.to_string()));
        }
        if token.name.chars().any(char::is_control) {
            let message = "has something invisible in it; use letters, digits and punctuation";
            faults.push(Fault::at(&section, "name", message.to_owned()));
        }
        if !names.insert(&token.name) {
            let message = "is the name of another token too; give each its own".to_owned();
            faults.push(Fault::at(&section, "name", message));
        }
    }
    faults
}

fn web(config: &Config) -> Vec<Fault> {
    let server = &config.server;
    let mut faults = Vec::new();
    if server.web_config_file.is_some() && server.tls.certificate.is_some() {
        let message = "both say what TLS of the monitoring pages is, this and \
                       `server.tls.certificate`; leave one out";
        faults.push(Fault::at("server", "web_config_file", message.to_owned()));
    }
    faults
}

impl Fault {
    fn at(section: &str, name: &str, message: String) -> Self {
        Self {
            pointer: format!("/{}/{name}", section.replace('.', "/")),
            message,
        }
    }
}

impl From<Fault> for SecurityError {
    fn from(fault: Fault) -> Self {
        let (text, remedy) = match fault.message.split_once("; ") {
            Some((text, remedy)) => (text.to_owned(), remedy.to_owned()),
            None => (fault.message, "correct it".to_owned()),
        };
        Self::Setting {
            setting: fault.pointer.trim_start_matches('/').replace('/', "."),
            fault: text,
            remedy,
        }
    }
}

impl Token {
    /// The tokens of a configuration.
    pub fn of(auth: &config::Auth) -> Result<Vec<Self>, SecurityError> {
        if let Some(fault) = tokens(auth).into_iter().next() {
            return Err(fault.into());
        }
        let read = |token: &config::Token| {
            Some(Self {
                name: token.name.clone(),
                hash: token.hash.reveal().parse().ok()?,
                scopes: token.scopes.iter().copied().map(Scope::from).collect(),
                expires: token.expires.as_deref().and_then(|day| day.parse().ok()),
            })
        };
        Ok(auth.tokens.iter().filter_map(read).collect())
    }
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Self::Read,
            ScopeName::Exec => Self::Exec,
            ScopeName::Files => Self::Files,
            ScopeName::Tasks => Self::Tasks,
            ScopeName::Admin => Self::Admin,
            ScopeName::Profile => Self::Profile,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HASH: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn faults(yaml: &str) -> Vec<(String, String)> {
        let config: Config = serde_yaml::from_str(yaml).unwrap();
        let faults = check(&config).into_iter();
        faults.map(|fault| (fault.pointer, fault.message)).collect()
    }

    #[test]
    fn what_asks_for_security_and_cannot_have_it_is_wrong() {
        for (yaml, pointer, part) in [
            ("certificate: a", "certificate", "`agent.tls.key`"),
            ("key: a", "key", "`agent.tls.certificate`"),
            ("client_ca: a", "client_ca", "`agent.tls.certificate`"),
            (
                "require_client_certificate: true",
                "require_client_certificate",
                "`agent.tls.client_ca`",
            ),
            (
                "{certificate: a, key: b, require_client_certificate: true}",
                "require_client_certificate",
                "`agent.tls.client_ca`",
            ),
            (
                "{certificate: a, key: b, clients: [{name: ctl}]}",
                "clients",
                "`agent.tls.client_ca`",
            ),
        ] {
            let found = faults(&format!("agent: {{tls: {}}}", braced(yaml)));
            assert_eq!(found.len(), 1, "{yaml}: {found:?}");
            assert_eq!(found[0].0, format!("/agent/tls/{pointer}"), "{yaml}");
            assert!(found[0].1.contains(part), "{yaml}: {found:?}");
        }
        let whole = "{certificate: a, key: b, client_ca: c, require_client_certificate: true}";
        assert_eq!(faults(&format!("server: {{tls: {whole}}}")), []);
        assert_eq!(faults("{}"), []);
    }

    fn braced(yaml: &str) -> String {
        if yaml.starts_with('{') {
            yaml.to_owned()
        } else {
            format!("{{{yaml}}}")
        }
    }

    #[test]
    fn tokens_that_nobody_could_use_are_wrong_and_not_shown() {
        let found = faults(&format!(
            "auth: {{tokens: [{{name: a, hash: hunter2, scopes: []}}, \
             {{name: a, hash: '{HASH}', scopes: [read], expires: tomorrow}}]}}"
        ));
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        let expected = [
            "/auth/tokens/0/hash",
            "/auth/tokens/1/expires",
            "/auth/tokens/1/name",
        ];
        assert_eq!(pointers, expected);
        assert!(
            found
                .iter()
                .all(|(_, message)| !message.contains("hunter2"))
        );
    }

    #[test]
    fn tls_of_the_pages_is_said_once() {
        let both = "server: {web_config_file: w, tls: {certificate: a, key: b}}";
        assert_eq!(faults(both)[0].0, "/server/web_config_file");
    }
}
