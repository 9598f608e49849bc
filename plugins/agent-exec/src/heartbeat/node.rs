//! Which node this is, and since when it runs.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use gaxx_sdk::log::warn;

use crate::{hex, ids};

/// What the node is called by those who do not trust its name: made at the first start, and kept
/// in the state folder. Null where it cannot be kept.
pub(super) fn id(folder: &Path) -> Option<String> {
    let path = folder.join("node-id");
    kept(&path)
        .inspect_err(|error| warn!("{}: {error}: heartbeats have no node_id", path.display()))
        .ok()
}

fn kept(path: &Path) -> io::Result<String> {
    if let Some(id) = fs::read_to_string(path).ok().and_then(|text| valid(&text)) {
        return Ok(id);
    }
    let id = hex::encode(&ids::random::<16>()?);
    let fresh = path.with_extension(&id);
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(id.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    Ok(id)
}

fn valid(text: &str) -> Option<String> {
    let text = text.trim();
    hex::decode::<16>(text).map(|_| text.to_owned())
}

/// What the kernel calls this run of the machine.
pub(super) fn boot() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_node_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let first = id(folder.path()).unwrap();
        assert_eq!(id(folder.path()).unwrap(), first);
        fs::write(folder.path().join("node-id"), "torn").unwrap();
        assert_ne!(id(folder.path()).unwrap(), first);
        assert_eq!(id(&folder.path().join("absent")), None);
    }
}
