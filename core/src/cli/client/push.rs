//! Sends a file or a folder to a node.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{
    connect::Connect,
    transfer::{self, Manner},
};
use crate::{
    cli::{arguments::Common, load::refuse},
    client::transfer::Remote,
};

/// What `gaxx-mon push` understands.
#[derive(Debug, Args)]
pub(in crate::cli) struct Push {
    #[command(flatten)]
    connect: Connect,
    /// The file or folder
    local: PathBuf,
    /// Where to: `ROOT/PATH`, beneath a root that the agent's configuration names. It keeps its name
    /// where this ends with a slash or is a root
    remote: OsString,
    #[command(flatten)]
    manner: Manner,
    /// Make missing folders above it
    #[arg(long, short)]
    parents: bool,
}

pub(in crate::cli) fn run(common: &Common, push: &Push) -> ExitCode {
    let to = match target(&push.remote, &push.local) {
        Ok(to) => to,
        Err(error) => return refuse(&error),
    };
    let client = match push.connect.client(common) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let what = format!("{} to {}/{to}", push.local.display(), client.node());
    let (manner, from) = (&push.manner, &push.local);
    transfer::run(manner, &what, async |progress| {
        if manner.recursive {
            client
                .upload_folder(from, &to, push.parents, manner.verify, progress)
                .await
        } else {
            client
                .upload(from, &to, push.parents, manner.verify, progress)
                .await
        }
    })
}

/// Where something goes: to the path, or beneath it by its own name.
fn target(remote: &OsStr, local: &Path) -> Result<Remote, String> {
    let to = Remote::parse(remote).map_err(|error| error.to_string())?;
    if to.file_name().is_some() && !remote.as_bytes().ends_with(b"/") {
        return Ok(to);
    }
    match local.file_name() {
        Some(name) => Ok(to.join(Path::new(name))),
        None => Err(format!(
            "{} has no name of its own: say the whole path at the node, without a slash at its end",
            local.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes(remote: &str, local: &str) -> Result<String, String> {
        target(OsStr::new(remote), Path::new(local)).map(|to| to.to_string())
    }

    #[test]
    fn a_name_is_kept_where_none_is_given() {
        assert_eq!(goes("data/a", "x/b"), Ok("data/a".to_owned()));
        assert_eq!(goes("data/a/", "x/b"), Ok("data/a/b".to_owned()));
        assert_eq!(goes("data", "x/b/"), Ok("data/b".to_owned()));
        assert!(goes("data", "..").is_err());
        assert!(goes("/", "x").is_err());
    }
}
