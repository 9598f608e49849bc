//! TLS and callers of the listeners.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use crate::{
    config::{Config, NoStateFolder},
    http::routes,
    monitor::Source,
    role::Role,
    security::{
        Access, AccessBuilder, Limiter, Scope, Scopes, SecurityError, ServerTls, Token, WebConfig,
        token_file,
    },
};

/// The name of this machine's own users, as audit logs have it.
const LOCAL: &str = "local";
/// The file of their token, in the state folder.
const LOCAL_TOKEN: &str = "agent.token";

/// What keeps the listeners safe. Certificates and web configuration are read again when they
/// change, tokens when the configuration is.
#[derive(Debug)]
pub(super) struct Envelope {
    local: Option<Token>,
    web: Option<Arc<WebConfig>>,
    /// By the listener's name.
    listeners: [(&'static str, Secured); 3],
}

/// How one listener tells who comes.
#[derive(Debug, Clone)]
pub(super) struct Secured {
    pub(super) access: Arc<Access>,
    pub(super) tls: Option<Arc<ServerTls>>,
    /// Whether only this machine reaches it, whatever a later configuration says.
    loopback: bool,
}

/// Why the listeners cannot be made safe as the configuration wants.
#[derive(Debug, Error)]
pub(super) enum EnvelopeError {
    /// A file or a setting.
    #[error(transparent)]
    Security(#[from] SecurityError),
    /// There is nowhere to keep the token of this machine.
    #[error(transparent)]
    NoState(#[from] NoStateFolder),
    /// The folder for state cannot be made.
    #[error(
        "state_folder: {} cannot be made: {error}: choose one that this user may write to, or set \
         agent.local_token to false",
        path.display()
    )]
    State {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Envelope {
    /// Reads everything that the role's listeners need. An agent's first start makes the token of
    /// this machine's users.
    pub(super) fn open(
        role: Role,
        source: &Source,
        config: &Config,
    ) -> Result<Self, EnvelopeError> {
        let web = config.server.web_config_file.as_ref();
        let web = web.filter(|_| config.telemetry.enabled);
        let web = web
            .map(|path| WebConfig::open("server.web_config_file", path))
            .transpose()?;
        check_web(config, web.as_deref())?;
        let local = match role {
            Role::Agent if config.agent.local_token => Some(local_token(source, config)?),
            _ => None,
        };
        let monitoring_tls = match &web {
            Some(web) => ServerTls::of_web(web)?,
            None => ServerTls::open("server.tls", &config.server.tls)?,
        };
        let profiling_tls = ServerTls::open("profiling.tls", &config.profiling.tls)?;
        let api_tls = match role {
            Role::Agent => ServerTls::open("agent.tls", &config.agent.tls)?,
            Role::Main => None,
        };
        let limiter = Arc::new(Limiter::new(config.auth.failures, config.auth.window.get()));
        let described = [
            (routes::MONITORING, config.server.listen, monitoring_tls),
            (routes::PROFILING, config.profiling.listen, profiling_tls),
            (routes::API, config.agent.listen, api_tls),
        ];
        let tokens = tokens(config, local.as_ref())?;
        let listeners = described.map(|(name, listen, tls)| {
            let loopback = listen.to_canonical().is_loopback();
            let anonymous = anonymous(name, loopback, config);
            let access = describe(name, anonymous, &tokens, web.as_ref()).limiter(&limiter);
            let access = access.build();
            let secured = Secured {
                access,
                tls,
                loopback,
            };
            (name, secured)
        });
        Ok(Self {
            local,
            web,
            listeners,
        })
    }

    /// How the listener of this name tells who comes.
    pub(super) fn of(&self, listener: &'static str) -> Option<Secured> {
        let mut all = self.listeners.iter();
        let found = all.find(|(name, _)| *name == listener);
        found.map(|(_, secured)| secured.clone())
    }

    /// Takes on the tokens and the clients of a configuration that was read again.
    pub(super) fn renew(&self, config: &Config) {
        let tokens = match tokens(config, self.local.as_ref()) {
            Ok(tokens) => tokens,
            // The configuration was checked, so there is no such case.
            Err(error) => return tracing::error!(%error, "the tokens stay as they were"),
        };
        for (name, secured) in &self.listeners {
            let anonymous = anonymous(name, secured.loopback, config);
            let described = describe(name, anonymous, &tokens, self.web.as_ref());
            secured.access.renew(described);
            let (section, tls) = match *name {
                routes::MONITORING => ("server.tls", &config.server.tls),
                routes::PROFILING => ("profiling.tls", &config.profiling.tls),
                _ => ("agent.tls", &config.agent.tls),
            };
            let renewed = secured.tls.as_ref().map(|own| own.renew(section, tls));
            if let Some(Err(error)) = renewed {
                tracing::error!(%error, "TLS of this listener stays as it was");
            }
        }
    }
}

/// Refuses a web configuration that leaves other machines' way to the pages open. It is known only
/// once the file is read, so the rules of the configuration cannot.
fn check_web(config: &Config, web: Option<&WebConfig>) -> Result<(), SecurityError> {
    let Some(web) = web else { return Ok(()) };
    let server = &config.server;
    let is_safe = web.has_tls() && (web.has_users() || server.require_login);
    if server.listen.is_loopback() || server.allow_plain_remote || is_safe {
        return Ok(());
    }
    Err(SecurityError::Setting {
        setting: "server.web_config_file".to_owned(),
        fault: format!(
            "has not both tls_server_config and basic_auth_users, and other machines can reach {}",
            server.listen
        ),
        remedy: "add what is missing, listen on 127.0.0.1, or set server.allow_plain_remote: true"
            .to_owned(),
    })
}

fn tokens(config: &Config, local: Option<&Token>) -> Result<Vec<Token>, SecurityError> {
    let mut tokens = Token::of(&config.auth)?;
    tokens.extend(local.cloned());
    Ok(tokens)
}

fn describe(
    listener: &str,
    anonymous: Scopes,
    tokens: &[Token],
    web: Option<&Arc<WebConfig>>,
) -> AccessBuilder {
    let web = web.filter(|_| listener == routes::MONITORING);
    Access::builder()
        .anonymous(anonymous)
        .tokens(tokens.iter().cloned())
        .web(web.cloned())
}

/// What those may do who do not say who they are.
fn anonymous(listener: &str, loopback: bool, config: &Config) -> Scopes {
    let server = &config.server;
    let pages = Scopes::NONE.with(Scope::Read);
    match listener {
        routes::MONITORING | routes::PROFILING if server.require_login => Scopes::NONE,
        routes::MONITORING | routes::PROFILING if loopback => pages.with(Scope::Profile),
        routes::MONITORING if server.allow_plain_remote => pages,
        _ => Scopes::NONE,
    }
}

/// The token of this machine's users, made where there is none.
fn local_token(source: &Source, config: &Config) -> Result<Token, EnvelopeError> {
    let folder = source.state_folder(config)?;
    make(&folder)?;
    let path = folder.join(LOCAL_TOKEN);
    let is_new = !path.exists();
    let text = token_file::read_or_create("agent.local_token", &path)?;
    if is_new {
        tracing::info!(file = %path.display(), "made a token for this machine's own user");
    }
    let token = Token::from_text(LOCAL, &text, Scopes::ALL);
    token.map_err(|fault| {
        let fault = SecurityError::Content {
            setting: "agent.local_token".to_owned(),
            path,
            fault: format!("holds what {fault}"),
            remedy: "remove the file; the next start makes a new one".to_owned(),
        };
        fault.into()
    })
}

fn make(folder: &Path) -> Result<(), EnvelopeError> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|error| EnvelopeError::State {
        path: folder.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn may(listener: &str, loopback: bool, yaml: &str, scope: Scope) -> bool {
        let config: Config = serde_yaml::from_str(yaml).unwrap();
        anonymous(listener, loopback, &config).contain(scope)
    }

    #[test]
    fn nobody_may_do_anything_at_the_api_without_saying_who_he_is() {
        for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::Open) {
            assert!(!may(routes::API, true, "{}", scope), "{scope:?}");
        }
        assert!(may(routes::API, true, "{}", Scope::Open));
    }

    #[test]
    fn pages_are_open_on_loopback_and_by_an_explicit_key() {
        let plain = "server: {allow_plain_remote: true}";
        let login = "server: {require_login: true}";
        assert!(may(routes::MONITORING, true, "{}", Scope::Read));
        assert!(may(routes::MONITORING, true, "{}", Scope::Profile));
        assert!(may(routes::MONITORING, false, plain, Scope::Read));
        assert!(!may(routes::MONITORING, false, plain, Scope::Profile));
        assert!(!may(routes::MONITORING, true, login, Scope::Read));
        assert!(!may(routes::PROFILING, true, login, Scope::Profile));
        assert!(!may(routes::MONITORING, false, "{}", Scope::Read));
        assert!(may(routes::PROFILING, true, "{}", Scope::Profile));
        assert!(!may(routes::PROFILING, false, plain, Scope::Profile));
        for listener in [routes::MONITORING, routes::PROFILING] {
            for scope in [Scope::Exec, Scope::Files, Scope::Tasks, Scope::Admin] {
                assert!(!may(listener, true, "{}", scope), "{listener} {scope:?}");
            }
        }
    }
}
