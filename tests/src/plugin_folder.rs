//! A folder of plugin libraries.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder as the loader wants it: owned by this user, mode 0755. It goes with its owner.
#[derive(Debug)]
pub struct PluginFolder {
    folder: TempDir,
}

impl Default for PluginFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl PluginFolder {
    /// An empty folder.
    #[track_caller]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("gaxx-plugins-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        set_mode(folder.path(), 0o755);
        Self { folder }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Copies a library in under its own file name, mode 0755, and gives the copy's path.
    #[track_caller]
    pub fn add(&self, library: &Path) -> PathBuf {
        let name = library.file_name().expect("a library is a file");
        self.add_as(library, &name.to_string_lossy())
    }

    /// Copies a library in under another file name. The copy appears whole or not at all.
    #[track_caller]
    pub fn add_as(&self, library: &Path, name: &str) -> PathBuf {
        let bytes = fs::read(library)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", library.display()));
        self.write(name, &bytes, 0o755)
    }

    /// Writes a file of any content and mode.
    #[track_caller]
    pub fn write(&self, name: &str, content: &[u8], mode: u32) -> PathBuf {
        let path = self.path().join(name);
        let half = self.path().join(format!(".{name}.part"));
        fs::write(&half, content)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", half.display()));
        set_mode(&half, mode);
        fs::rename(&half, &path)
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .unwrap_or_else(|error| panic!("cannot set the mode of {}: {error}", path.display()));
}
