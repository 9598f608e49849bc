//! Where the configuration and the program's own files are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::sections::Config;

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "GAXX_CONFIG";

/// Files that are read if none is named, in this order.
const DEFAULTS: [&str; 2] = ["config.yaml", "/etc/gaxx-mon/config.yaml"];

/// Why there is no state folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no folder for state: neither XDG_STATE_HOME nor HOME is an absolute path; set `state_folder`"
)]
pub struct NoStateFolder;

/// The configuration file to read: the one named on the command line, else the one that
/// `GAXX_CONFIG` names, else `config.yaml` in the working directory, else
/// `/etc/gaxx-mon/config.yaml`, else none.
///
/// A file that is named must be readable; one that is not named need not exist.
pub fn config_file(
    named: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    named
        .map(Path::to_owned)
        .or_else(|| {
            variable(CONFIG_VARIABLE)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from)
        })
        .or_else(|| {
            DEFAULTS
                .iter()
                .map(PathBuf::from)
                .find(|path| path.exists())
        })
}

/// The variables of this process that may be overrides, as [`super::Document::read`] takes them.
/// What is not UTF-8 in a value is replaced, so that it is refused where it matters.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name
            .into_string()
            .ok()
            .filter(|name| name.starts_with("GAXX_"))?;
        Some((name, value.to_string_lossy().into_owned()))
    })
}

impl Config {
    /// The folder for what must outlive the program: `state_folder`, else `/var/lib/gaxx-mon` for
    /// root, else `gaxx-mon` in `$XDG_STATE_HOME`, else in `~/.local/state`.
    pub fn state_folder(
        &self,
        is_root: bool,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<PathBuf, NoStateFolder> {
        if let Some(folder) = &self.state_folder {
            return Ok(folder.clone());
        }
        if is_root {
            return Ok(PathBuf::from("/var/lib/gaxx-mon"));
        }
        let absolute = |name| {
            variable(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
            .map(|folder| folder.join("gaxx-mon"))
            .ok_or(NoStateFolder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables<'v>(set: &'v [(&'v str, &'v str)]) -> impl Fn(&str) -> Option<OsString> + 'v {
        move |name| {
            set.iter()
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value.into())
        }
    }

    #[test]
    fn a_named_file_goes_first() {
        let named = Path::new("a.yaml");
        let set = [("GAXX_CONFIG", "b.yaml")];
        assert_eq!(
            config_file(Some(named), variables(&set)),
            Some("a.yaml".into())
        );
        assert_eq!(config_file(None, variables(&set)), Some("b.yaml".into()));
    }

    #[test]
    fn the_state_folder_has_a_default_for_each_user() {
        let config = Config::default();
        let home = [("HOME", "/home/me"), ("XDG_STATE_HOME", "relative")];
        assert_eq!(
            config.state_folder(true, variables(&home)),
            Ok("/var/lib/gaxx-mon".into())
        );
        assert_eq!(
            config.state_folder(false, variables(&home)),
            Ok("/home/me/.local/state/gaxx-mon".into())
        );
        assert_eq!(
            config.state_folder(false, variables(&[("XDG_STATE_HOME", "/s")])),
            Ok("/s/gaxx-mon".into())
        );
        assert_eq!(
            config.state_folder(false, variables(&[])),
            Err(NoStateFolder)
        );
        let set = Config {
            state_folder: Some("/own".into()),
            ..Config::default()
        };
        assert_eq!(set.state_folder(true, variables(&[])), Ok("/own".into()));
    }
}
