//! `agent init`: certificates and a configuration, ready to use.

mod certificates;
mod files;

use std::{
    fmt::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use self::{
    certificates::{Authority, Subject},
    files::{File, InitError},
};
use super::super::{load::refuse, style};

const CONFIG: &str = include_str!("config.yaml.in");
const CLIENT_CONFIG: &str = include_str!("client.yaml.in");

/// The port of the API.
const PORT: u16 = 8088;

/// What `gaxx-mon agent init` understands.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder to make
    #[arg(value_name = "FOLDER", default_value = "gaxx-agent")]
    folder: PathBuf,
    /// The node's name
    #[arg(long, value_name = "NODE")]
    name: String,
    /// Names and addresses that clients reach it by, beside its own name and those of loopback
    #[arg(long, value_name = "HOST,IP", value_delimiter = ',')]
    names: Vec<String>,
    /// Where its API is to be served
    #[arg(long, value_name = "ADDRESS:PORT",
        default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT))]
    api_listen: SocketAddr,
    /// Sign with the CA of this folder, made by an earlier init, so that its client's certificate
    /// opens this node too
    #[arg(long, value_name = "FOLDER")]
    ca: Option<PathBuf>,
    /// The name of the client whose certificate is made
    #[arg(long, value_name = "NAME", default_value = "operator")]
    client: String,
}

pub(super) fn run(init: &Init) -> ExitCode {
    match make(init) {
        Ok(told) => {
            style::say(&told);
            ExitCode::SUCCESS
        }
        Err(error) => refuse(&error),
    }
}

fn make(init: &Init) -> Result<String, InitError> {
    let names = server_names(init);
    let (authority, is_new) = match &init.ca {
        Some(folder) => (Authority::read(folder)?, false),
        None => (Authority::new(&init.name)?, true),
    };
    let server = authority.sign(&Subject::server(&init.name, names.clone()))?;
    let mut files = vec![
        File::public("ca.pem", authority.certificate()),
        File::public("server.pem", &server.certificate),
        File::secret("server.key", &server.key),
        File::public("config.yaml", &config(init)),
    ];
    if is_new {
        let client = authority.sign(&Subject::client(&init.client))?;
        files.extend([
            File::secret("ca.key", &authority.key()),
            File::public("client.pem", &client.certificate),
            File::secret("client.key", &client.key),
            File::public("client.yaml", CLIENT_CONFIG),
        ]);
    }
    files::write(&init.folder, &files)?;
    Ok(next_steps(init, &names, is_new))
}

/// The names in the server's certificate, each once.
fn server_names(init: &Init) -> Vec<String> {
    let mut names = vec![init.name.clone()];
    let listen = init.api_listen.ip();
    let own = (!listen.is_unspecified()).then(|| listen.to_string());
    let loopback = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    for name in init.names.iter().cloned().chain(own).chain(loopback) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn config(init: &Init) -> String {
    // JSON's texts are YAML's, too.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    CONFIG
        .replace("{node}", &text(&init.name))
        .replace("{client}", &text(&init.client))
        .replace("{address}", &text(&init.api_listen.ip().to_string()))
        .replace("{port}", &init.api_listen.port().to_string())
}

fn next_steps(init: &Init, names: &[String], is_new: bool) -> String {
    let folder = init.folder.display();
    let reached = if init.api_listen.ip().is_loopback() {
        init.api_listen.ip().to_string()
    } else {
        names.first().cloned().unwrap_or_default()
    };
    let node = match reached.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{}", init.api_listen.port()),
        _ => format!("{reached}:{}", init.api_listen.port()),
    };
    let clients = init.ca.as_deref().unwrap_or(&init.folder);
    let client = clients.join("client.yaml");
    let mut told = format!(
        "{folder} has the certificates and the configuration of {}.\n\
         It answers as {}.\n\n\
         Start the agent:\n    gaxx-mon agent --config {}\n\
         Ask it how it is:\n    gaxx-mon ping --config {} https://{node}\n\
         Say what may run and what may be moved: plugins in {folder}/config.yaml. Then:\n    \
         gaxx-mon exec --config {} https://{node} -- uname -a\n",
        init.name,
        names.join(", "),
        init.folder.join("config.yaml").display(),
        client.display(),
        client.display(),
    );
    if is_new {
        let _ = write!(
            told,
            "\nTo where clients run, take ca.pem, client.pem, client.key and client.yaml.\n\
             Take ca.key away from here and keep it safe: whoever has it may do everything on this \
             node.\nA further node joins by: gaxx-mon agent init FOLDER --name NODE --ca {}\n",
            Path::new(".").join(&init.folder).display(),
        );
    }
    told
}

#[cfg(test)]
mod tests;
