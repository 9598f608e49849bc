//! Fetches a file or a folder from a node.

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

/// What `gaxx-mon pull` understands.
#[derive(Debug, Args)]
pub(in crate::cli) struct Pull {
    #[command(flatten)]
    connect: Connect,
    /// The file or folder: `ROOT/PATH`, beneath a root that the agent's configuration names
    remote: OsString,
    /// Where to. A file keeps its name where this is a folder, and anything where this ends with a
    /// slash
    #[arg(default_value = "./")]
    local: PathBuf,
    #[command(flatten)]
    manner: Manner,
}

pub(in crate::cli) fn run(common: &Common, pull: &Pull) -> ExitCode {
    let manner = &pull.manner;
    let target = Remote::parse(&pull.remote)
        .map_err(|error| error.to_string())
        .and_then(|from| Ok((target(&from, &pull.local, manner.recursive)?, from)));
    let (to, from) = match target {
        Ok(target) => target,
        Err(error) => return refuse(&error),
    };
    let client = match pull.connect.client(common) {
        Ok(client) => client,
        Err(code) => return code,
    };
    let what = format!("{}/{from} to {}", client.node(), to.display());
    transfer::run(manner, &what, async |progress| {
        if manner.recursive {
            client
                .download_folder(&from, &to, manner.verify, progress)
                .await
        } else {
            client.download(&from, &to, manner.verify, progress).await
        }
    })
}

/// Where something goes: to the path, or beneath it by its own name.
fn target(from: &Remote, local: &Path, recursive: bool) -> Result<PathBuf, String> {
    let slash = local.as_os_str().as_bytes().ends_with(b"/");
    if !slash && (recursive || !local.is_dir()) {
        return Ok(local.to_owned());
    }
    let name: Option<&OsStr> = from.file_name();
    name.map(|name| local.join(name)).ok_or_else(|| {
        format!("{from} is a root, which has no name of its own: say the whole local path, without a slash at its end")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_kept_where_none_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let from = |text: &str| Remote::parse(OsStr::new(text)).unwrap();
        let file = from("data/x/a");
        assert_eq!(target(&file, here, false), Ok(here.join("a")));
        assert_eq!(target(&file, here, true), Ok(here.to_owned()));
        assert_eq!(target(&file, &here.join("b"), false), Ok(here.join("b")));
        assert_eq!(target(&file, Path::new("none/"), true), Ok("none/a".into()));
        assert!(target(&from("data"), here, false).is_err());
    }
}
