//! Which node, and who asks: from flags, environment and configuration to a client.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use crate::{
    cli::{
        arguments::Common,
        load::{document, refuse},
    },
    client::{Channel, Client, Limits, Node, Plain, Token},
    config::Config,
    instruments::Instruments,
    monitor::Source,
    role::Role,
    security::{ClientTlsFiles, SecurityError},
};

/// The variable that holds a token.
const TOKEN: &str = "GAXX_AGENT_TOKEN";

/// Which node, and who asks.
#[derive(Debug, Args)]
pub(in crate::cli) struct Connect {
    /// The node: `HOST`, `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`. The port is 8088 where
    /// none is said. Without a scheme this machine is asked plainly, and others over TLS
    node: Node,
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
    /// `client.token_file`; on this machine, that of its own agent]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Let http:// leave this machine, readable for everybody on the way; the token is kept back
    #[arg(long)]
    plain_http: bool,
    /// How long to wait for a connection
    #[arg(long = "connect-timeout", value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    patience: Duration,
}

impl Connect {
    /// A client of the node.
    pub(super) fn client(&self, common: &Common) -> Result<Client, ExitCode> {
        let instruments = Instruments::new(Role::Main);
        let source = common.source();
        let quiet = common.log_level.is_none();
        let document = document(&source, &instruments, quiet)?;
        self.open(&source, document.config())
            .map_err(|error| refuse(&error))
    }

    fn open(&self, source: &Source, config: &Config) -> Result<Client, SecurityError> {
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
        let channel = Channel::to(&self.node, &files, plain)?;
        let limits = Limits {
            connect: self.patience,
            ..Limits::default()
        };
        let token = self.token(source, config)?;
        Ok(Client::new(self.node.clone(), channel, token, limits))
    }

    fn token(&self, source: &Source, config: &Config) -> Result<Option<Token>, SecurityError> {
        if let Some(file) = &self.token_file {
            return Token::read("--token-file", file).map(Some);
        }
        if let Ok(text) = std::env::var(TOKEN) {
            return Token::parse(&text, TOKEN).map(Some);
        }
        if let Some(file) = &config.client.token_file {
            return Token::read("client.token_file", file).map(Some);
        }
        if !self.node.is_loopback() {
            return Ok(None);
        }
        // Where there is no agent of this user's, there is no token of it either.
        let folder = source.state_folder(config).ok();
        let file = folder.map(|folder| folder.join("agent.token"));
        match file.filter(|file| file.exists()) {
            Some(file) => Token::read("the token of the agent on this machine", &file).map(Some),
            None => Ok(None),
        }
    }
}
