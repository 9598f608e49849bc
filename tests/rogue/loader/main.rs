//! The loader with a real plugin, whole and damaged. `cargo test` has built the library.
#![allow(clippy::unwrap_used)]

mod damage;
mod loading;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use gaxx_core::loader::{Inspected, LoadError, Loaded, Loader, Settings};
use tempfile::TempDir;

/// The bytes of the built plugin.
fn rogue() -> Vec<u8> {
    // A test runs as `target/PROFILE/deps/NAME`, and its libraries are beside it.
    let test = std::env::current_exe().unwrap();
    fs::read(test.with_file_name("libgaxx_rogue.so")).unwrap()
}

/// A loader, and a folder with libraries of its own.
struct Bench {
    folder: TempDir,
    loader: Loader,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let loader = Loader::new(Settings::new(folder.path().join("state")));
        Self { folder, loader }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    fn inspect(&self, bytes: &[u8]) -> Result<Inspected, LoadError> {
        self.loader.inspect(&self.put("rogue.so", bytes))
    }

    fn load(&self, path: &Path) -> Result<Loaded, LoadError> {
        self.loader.load(&self.loader.inspect(path)?)
    }
}

/// Where the descriptor of the ABI note lies.
fn note(bytes: &[u8]) -> usize {
    let head = b"GAXX\0\0\0\0\x01\0\x01\0";
    let mut places = bytes.windows(head.len()).enumerate();
    let place = places.find(|(_, window)| window == head).unwrap().0;
    place + 8
}

/// A copy with other bytes at a place.
fn patched(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}
