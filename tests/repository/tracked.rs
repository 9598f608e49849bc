//! The files of the repository: tracked, or new and not ignored.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use gaxx_tests::repository;

/// One file, by its path below the root, with `/` between folders.
pub(crate) struct Tracked {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

impl Tracked {
    pub(crate) fn extension(&self) -> &str {
        self.path
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// The content, if it is text.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes)
            .ok()
            .filter(|text| !text.contains('\0'))
    }
}

pub(crate) fn files() -> Vec<Tracked> {
    let root = repository();
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(&root)
        .output()
        .expect("git lists the files");
    assert!(output.status.success(), "{output:?}");
    let names = String::from_utf8(output.stdout).unwrap();
    let paths = names.split('\0').filter(|name| !name.is_empty());
    let read = |path: &str| {
        let file: PathBuf = root.join(path);
        // Listed and gone: deleted, and not committed yet.
        let bytes = fs::read(file).ok()?;
        Some(Tracked {
            path: path.to_owned(),
            bytes,
        })
    };
    let files: Vec<_> = paths.filter_map(read).collect();
    assert!(
        files.iter().any(|file| file.path == "Cargo.toml"),
        "not the repository's root"
    );
    files
}
