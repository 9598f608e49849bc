//! A file that each batch replaces.

use std::{fs, io::Write, path::PathBuf};

use gaxx_sdk::prelude::*;

use crate::{Rotate, kept::Kept, sync_folder};

/// A file that each batch replaces: who reads it sees one batch, whole.
#[derive(Debug)]
pub(crate) struct Snapshot {
    path: PathBuf,
    /// Where the next one is written, before it gets its name.
    half: PathBuf,
    kept: Kept,
    rotate: Rotate,
}

impl Snapshot {
    /// The file of this path, with those that are kept of it.
    pub(crate) fn new(path: PathBuf, kept: Kept, rotate: Rotate) -> Self {
        // Hidden, and of another ending, so that nobody takes it for one of theirs.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let half = kept.folder().join(format!(".{name}.half"));
        Self {
            path,
            half,
            kept,
            rotate,
        }
    }

    /// Replaces it by the text of a batch of this time.
    pub(crate) fn replace(&self, unix_nanos: u64, text: &str) -> Result<()> {
        self.write(text).inspect_err(|_| {
            // What could not be written whole takes up room that is short.
            let _ = fs::remove_file(&self.half);
        })?;
        self.keep(unix_nanos)?;
        fs::rename(&self.half, &self.path).explain(|| self.path.display().to_string())?;
        sync_folder(self.kept.folder())
    }

    fn write(&self, text: &str) -> Result<()> {
        let write = || {
            let mut file = fs::File::create(&self.half)?;
            file.write_all(text.as_bytes())?;
            file.sync_data()
        };
        write().explain(|| self.half.display().to_string())
    }

    /// Keeps the file that is to be replaced, where it is time for it.
    fn keep(&self, unix_nanos: u64) -> Result<()> {
        if self.rotate.keep == 0 {
            return Ok(());
        }
        let age = self.kept.newest()?.map(|at| unix_nanos.saturating_sub(at));
        let due = |age| Duration::from_nanos(age) >= self.rotate.max_age;
        // It is read under its own name meanwhile, so it gets a second one.
        if age.is_none_or(due) && self.path.is_file() {
            let link = self
                .kept
                .add(unix_nanos, |kept| fs::hard_link(&self.path, kept));
            link.explain(|| self.path.display().to_string())?;
            self.kept.prune(self.rotate.keep)?;
        }
        Ok(())
    }
}
