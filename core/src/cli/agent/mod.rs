//! `gaxx-mon agent`: a node's agent, and what it needs to begin.

mod init;
mod token;

use std::{net::SocketAddr, process::ExitCode};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{arguments::Common, serve};
use crate::{config::Argument, role::Role};

/// What `gaxx-mon agent` understands.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Agent {
    /// Serve the API on this address; port 0 takes a free one [default: 127.0.0.1:8088]
    #[arg(long, value_name = "ADDRESS:PORT")]
    api_listen: Option<SocketAddr>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make certificates and a configuration to begin with: mutual TLS, and a policy to fill in
    Init(init::Init),
    /// Make a token for a caller; prints it once, and what to put into the configuration
    Token(token::NewToken),
}

pub(super) fn run(common: &Common, agent: &Agent) -> ExitCode {
    match &agent.command {
        Some(Command::Init(init)) => init::run(init),
        Some(Command::Token(token)) => token::run(token),
        None => {
            let mut source = common.source_of(Role::Agent);
            let listen = agent.api_listen.into_iter().flat_map(|listen| {
                let address = ("agent.listen", json!(listen.ip().to_string()));
                [address, ("agent.api_port", json!(listen.port()))]
            });
            source.arguments.extend(listen.map(|(key, value)| Argument {
                flag: "--api-listen".to_owned(),
                key: key.to_owned(),
                value,
            }));
            serve::run(source, Role::Agent)
        }
    }
}
