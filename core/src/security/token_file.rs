//! Files that hold one token, for its owner only.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    SecurityError,
    error::NamedFile,
    secret_file::{Guarded, read as read_guarded},
    tls::random,
    token::check,
};

/// Reads a token from a file that nobody but its owner and root can read. `setting` is the key or
/// flag that names the file. White space around the token is dropped.
pub fn read(setting: &str, path: &Path) -> Result<String, SecurityError> {
    let file = NamedFile::new(setting, path);
    let bytes = read_guarded(&file, Guarded::FromReading)?;
    let text = std::str::from_utf8(&bytes).unwrap_or("?").trim();
    match check(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(fault) => Err(file.content("holds no token", format!("what it holds {fault}"))),
    }
}

/// Gives the token in the file, which it makes with a new token in it where there is none.
pub fn read_or_create(setting: &str, path: &Path) -> Result<String, SecurityError> {
    let file = NamedFile::new(setting, path);
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut created = match created {
        Ok(created) => created,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return read(setting, path),
        Err(error) => return Err(file.unreadable(error)),
    };
    let token = generate();
    let written = writeln!(created, "{token}").and_then(|()| created.sync_all());
    match written {
        Ok(()) => Ok(token),
        Err(error) => {
            // Half a token would be taken for one at the next start.
            let _ = std::fs::remove_file(path);
            Err(file.unreadable(error))
        }
    }
}

/// A new token of 256 random bits.
pub fn generate() -> String {
    format!("gaxx_{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.token");
        let token = read_or_create("agent.local_token", &path).unwrap();
        assert_eq!(token.len(), 48);
        assert_eq!(read_or_create("agent.local_token", &path).unwrap(), token);
        assert_eq!(read("client.token_file", &path).unwrap(), token);
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(generate(), generate());
    }

    #[test]
    fn a_file_that_others_can_read_or_that_holds_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let refused = |mode, text: &str| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read("client.token_file", &path).unwrap_err().to_string()
        };
        let shown = refused(0o640, "hunter2");
        assert!(
            shown.contains("client.token_file") && shown.contains("0640"),
            "{shown}"
        );
        assert!(refused(0o600, " \n").contains("empty"));
        let shown = refused(0o600, "hunter2 hunter3");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
