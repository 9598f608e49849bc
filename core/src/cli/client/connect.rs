//! Which node, and who asks: from flags, environment and configuration to a client.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use crate::{
    cli::{
        arguments::Common,
        load::{document, refuse},
    },
    client::{Channel, Client, Limits, Node, Plain, Token},
    config::{Config, Document},
    instruments::Instruments,
    monitor::Source,
    role::Role,
    security::{ClientTlsFiles, SecurityError},
};

/// The variable that holds a token.
const TOKEN: &str = "GAXX_AGENT_TOKEN";

/// Which agent, and who asks.
#[derive(Debug, Args)]
pub(in crate::cli) struct Connect {
    /// The node: `HOST`, `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`. The port is 8088 where
    /// none is said. Without a scheme this machine is asked plainly, and others over TLS
    node: Node,
    #[command(flatten)]
    identity: Identity,
}

/// Who asks, and how a connection is made.
#[derive(Debug, Args)]
pub(in crate::cli) struct Identity {
    /// The CA of the agents' certificates (PEM) [default: `client.ca`, else the system's]
    #[arg(
        long,
        value_name = "FILE",
        env = "GAXX_CLIENT_CA",
        hide_env_values = true
    )]
    ca: Option<PathBuf>,
    /// The own certificate (PEM) [default: client.certificate]
    #[arg(
        long,
        value_name = "FILE",
        env = "GAXX_CLIENT_CERT",
        hide_env_values = true
    )]
    certificate: Option<PathBuf>,
    /// Its key (PEM), which only its owner may read [default: client.key]
    #[arg(
        long,
        value_name = "FILE",
        env = "GAXX_CLIENT_KEY",
        hide_env_values = true
    )]
    key: Option<PathBuf>,
    /// The token, in a file that only its owner may read [default: `$GAXX_AGENT_TOKEN`,
    /// `client.token_file`; for the API of the agent on this machine, the token that it has made]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Let http:// leave this machine, readable for everybody on the way; the token is kept back
    #[arg(long)]
    plain_http: bool,
    /// How long to wait for a connection
    #[arg(long = "connect-timeout", value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    patience: Duration,
}

/// What the configuration says to clients.
pub(super) struct Settings {
    source: Source,
    document: Document,
}

impl Settings {
    /// Reads the configuration; says on standard error what is wrong with it.
    pub(super) fn read(common: &Common) -> Result<Self, ExitCode> {
        let instruments = Instruments::new(Role::Main);
        let source = common.source();
        let document = document(&source, &instruments, common.log_level.is_none())?;
        Ok(Self { source, document })
    }

    pub(super) fn config(&self) -> &Config {
        self.document.config()
    }

    /// The token that an agent of this user has made, if there is one on this machine.
    fn token_of_own_agent(&self) -> Result<Option<Token>, SecurityError> {
        // Where there is no agent of this user's, there is no token of it either.
        let folder = self.source.state_folder(self.config()).ok();
        let file = folder.map(|folder| folder.join("agent.token"));
        match file.filter(|file| file.exists()) {
            Some(file) => Token::read("the token of the agent on this machine", &file).map(Some),
            None => Ok(None),
        }
    }
}

impl Connect {
    /// A client of the agent.
    pub(super) fn client(&self, common: &Common) -> Result<Client, ExitCode> {
        let settings = Settings::read(common)?;
        self.open(&settings).map_err(|error| refuse(&error))
    }

    fn open(&self, settings: &Settings) -> Result<Client, SecurityError> {
        let token = match self.identity.token(settings.config())? {
            None if self.node.is_loopback() => settings.token_of_own_agent()?,
            token => token,
        };
        self.identity.client(&self.node, token, settings.config())
    }
}

impl Identity {
    /// A client of this node, which shows this token.
    pub(super) fn client(
        &self,
        node: &Node,
        token: Option<Token>,
        config: &Config,
    ) -> Result<Client, SecurityError> {
        let set = |flag: &Option<PathBuf>, key: &Option<PathBuf>| flag.clone().or(key.clone());
        let files = ClientTlsFiles {
            ca: set(&self.ca, &config.client.ca),
            certificate: set(&self.certificate, &config.client.certificate),
            key: set(&self.key, &config.client.key),
        };
        let plain = if self.plain_http {
            Plain::Anywhere
        } else {
            Plain::Loopback
        };
        let channel = Channel::to(node, &files, plain)?;
        let limits = Limits {
            connect: self.patience,
            ..Limits::default()
        };
        Ok(Client::new(node.clone(), channel, token, limits))
    }

    /// The token that was given, if one was.
    pub(super) fn token(&self, config: &Config) -> Result<Option<Token>, SecurityError> {
        if let Some(file) = &self.token_file {
            return Token::read("--token-file", file).map(Some);
        }
        if let Ok(text) = std::env::var(TOKEN) {
            return Token::parse(&text, TOKEN).map(Some);
        }
        if let Some(file) = &config.client.token_file {
            return Token::read("client.token_file", file).map(Some);
        }
        Ok(None)
    }
}
