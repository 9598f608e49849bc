//! Shell scripts for tests.
#![allow(clippy::unwrap_used)]

use std::{path::PathBuf, process::Command};

use tempfile::TempDir;

/// A folder with a program in it; both go with the value.
pub(crate) struct Script {
    pub(crate) folder: TempDir,
}

impl Script {
    /// A program that runs these lines of shell.
    ///
    /// Another program writes the file. While this one had it open for writing, a child that some
    /// other test begins just then would hold it open too, and what is open for writing cannot be
    /// executed.
    pub(crate) fn new(lines: &str) -> Self {
        let script = Self {
            folder: TempDir::new().unwrap(),
        };
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" >"$2" && chmod 755 "$2""#;
        let status = Command::new("/bin/sh")
            .args(["-c", write, "sh", lines, &script.path()])
            .status();
        assert!(status.unwrap().success());
        script
    }

    pub(crate) fn path(&self) -> String {
        self.folder
            .path()
            .join("program")
            .to_string_lossy()
            .into_owned()
    }

    /// A file beside the program.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
