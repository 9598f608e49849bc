//! Files that were put aside: how they are called, and which of them go.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use gaxx_sdk::{Error, Explain, Result};

/// What is looked for a name that is free, each a nanosecond later than the one before.
const TRIES: u64 = 1_000;

/// The files beside one that were put aside: `metrics.jsonl.2026-01-02T03:04:05.000000000Z`.
///
/// In the order of their names they are in the order of their times.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    /// What their names begin with.
    beginning: OsString,
}

impl Kept {
    /// Those beside this file.
    ///
    /// # Errors
    ///
    /// Where the path cannot be one of a file.
    pub(crate) fn beside(path: &Path) -> Result<Self> {
        let (Some(name), Some(folder)) = (path.file_name(), path.parent()) else {
            let message = format!("path: {} names no file", path.display());
            return Err(Error::settings(message));
        };
        let mut beginning = name.to_owned();
        beginning.push(".");
        Ok(Self {
            folder: folder.to_owned(),
            beginning,
        })
    }

    /// The folder they are in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has a file put aside by `put`, which is given a name that tells this time and fails with
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) where the name is taken.
    pub(crate) fn add(
        &self,
        unix_nanos: u64,
        put: impl Fn(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        // Times may repeat, after a change of the clock.
        let mut result = Ok(());
        for more in 0..TRIES {
            result = put(&self.path(unix_nanos.saturating_add(more)));
            match &result {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                _ => break,
            }
        }
        result
    }

    /// The time of the newest, in nanoseconds since the Unix epoch.
    pub(crate) fn newest(&self) -> Result<Option<u64>> {
        let names = self.names()?;
        Ok(names.last().and_then(|name| self.time_of(name)))
    }

    /// Removes all but so many, the oldest first.
    pub(crate) fn prune(&self, keep: usize) -> Result<()> {
        let names = self.names()?;
        for name in names.iter().rev().skip(keep) {
            let path = self.folder.join(name);
            fs::remove_file(&path).explain(|| path.display().to_string())?;
        }
        Ok(())
    }

    fn path(&self, unix_nanos: u64) -> PathBuf {
        let time = UNIX_EPOCH + Duration::from_nanos(unix_nanos);
        let mut name = self.beginning.clone();
        name.push(humantime::format_rfc3339_nanos(time).to_string());
        self.folder.join(name)
    }

    /// The names, the oldest first.
    fn names(&self) -> Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).explain(|| self.folder.display().to_string())? {
            let name = entry?.file_name();
            if self.time_of(&name).is_some() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The time in a name. There is none in the name of a file that somebody else made.
    fn time_of(&self, name: &OsStr) -> Option<u64> {
        let time = name.as_bytes().strip_prefix(self.beginning.as_bytes())?;
        let time = humantime::parse_rfc3339(str::from_utf8(time).ok()?).ok()?;
        let nanos = u64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()?;
        (self.path(nanos).file_name() == Some(name)).then_some(nanos)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_files_that_were_put_aside_are_removed_and_the_oldest_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        let kept = Kept::beside(&path).unwrap();
        assert_eq!(kept.newest().unwrap(), None);
        let others = [
            "m",
            "m.1",
            "m.2001-09-09T01:46:40Z",
            "x.2001-09-09T01:46:40.000000000Z",
        ];
        for name in others {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let put = |path: &Path| fs::File::create_new(path).map(drop);
        for time in [30, 10, 20, 20, 20] {
            kept.add(time, put).unwrap();
        }
        assert_eq!(kept.newest().unwrap(), Some(30));
        kept.prune(3).unwrap();
        let times = kept.names().unwrap();
        let times: Vec<_> = times.iter().filter_map(|name| kept.time_of(name)).collect();
        assert_eq!(times, [21, 22, 30]);
        kept.prune(0).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), others.len());
    }

    #[test]
    fn a_name_that_stays_taken_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::beside(&folder.path().join("m")).unwrap();
        let taken = |_: &Path| Err(io::ErrorKind::AlreadyExists.into());
        assert!(kept.add(5, taken).is_err());
        assert!(Kept::beside(Path::new("/")).is_err());
    }
}
