//! A file of the kernel's, read again and again.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use gaxx_sdk::prelude::*;

/// The most that is read of one file, in bytes: the largest real one, `/proc/interrupts` of a
/// machine with a thousand CPUs, stays below it.
const MOST: usize = 16 << 20;
/// How the buffer begins: most files fit.
const BEGIN: usize = 4096;

/// A file of the kernel's. It is kept open, and read anew from its start each time.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    file: Option<File>,
    buffer: Vec<u8>,
    length: usize,
    absence: Absence,
}

impl Source {
    /// The file `below` this root, such as `net/dev` below `/proc`.
    pub(crate) fn new(root: &Path, below: &str) -> Self {
        Self {
            path: root.join(below),
            file: None,
            buffer: Vec::new(),
            length: 0,
            absence: Absence::default(),
        }
    }

    /// The whole text. Bytes that are no UTF-8 become replacement characters.
    pub(crate) fn read(&mut self) -> Result<Cow<'_, str>> {
        match self.fill() {
            Ok(()) => Ok(self.text()),
            Err(error) => Err(unreadable(&self.path, &error)),
        }
    }

    /// The whole text, or nothing where this machine does not have the file; that is said once.
    pub(crate) fn read_if_there(&mut self) -> Result<Option<Cow<'_, str>>> {
        match self.fill() {
            Ok(()) => Ok(Some(self.text())),
            Err(error) if is_absence(&error) => {
                self.absence.say(&self.path);
                Ok(None)
            }
            Err(error) => Err(unreadable(&self.path, &error)),
        }
    }

    fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.buffer.get(..self.length).unwrap_or_default())
    }

    fn fill(&mut self) -> io::Result<()> {
        if let Some(file) = self.file.take()
            && self.fill_from(&file).is_ok()
        {
            self.file = Some(file);
            return Ok(());
        }
        // The first time, or what was behind the open file went away; perhaps it is back.
        let file = File::open(&self.path)?;
        self.fill_from(&file)?;
        self.file = Some(file);
        Ok(())
    }

    fn fill_from(&mut self, file: &File) -> io::Result<()> {
        self.length = 0;
        loop {
            if self.length == self.buffer.len() {
                if self.length >= MOST {
                    return Err(io::Error::other(format!("it is larger than {MOST} bytes")));
                }
                let size = (self.length * 2).clamp(BEGIN, MOST);
                self.buffer.resize(size, 0);
            }
            let free = self.buffer.get_mut(self.length..).unwrap_or_default();
            match file.read_at(free, self.length as u64) {
                Ok(0) => return Ok(()),
                Ok(count) => self.length += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether the error means that this machine does not have the thing.
pub(crate) fn is_absence(error: &io::Error) -> bool {
    // A file of a feature that was turned off at boot, such as pressure, is there and answers
    // that it is not supported.
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::Unsupported
    ) || error.raw_os_error() == Some(libc::ENODEV)
}

/// Says once that this machine does not have a thing.
#[derive(Debug, Default)]
pub(crate) struct Absence {
    said: bool,
}

impl Absence {
    /// Says that the thing at `path` is not there.
    pub(crate) fn say(&mut self, path: &Path) {
        if !self.said {
            self.said = true;
            info!(
                "{} is not on this machine: nothing is collected from it",
                path.display()
            );
        }
    }
}

/// What is wrong with a file, and what to do about it.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Error {
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied => {
            "run gaxx-mon as a user who may read it, or turn this component off"
        }
        _ => "set procfs, sysfs or rootfs to where it stands, or turn this component off",
    };
    Error::failed(format!("cannot read {}: {error}", path.display())).remedy(remedy)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_a_file_that_grows_and_shrinks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stat");
        let mut source = Source::new(folder.path(), "stat");
        for length in [0, 10, 4096, 100_000, 3] {
            std::fs::write(&path, "x".repeat(length)).unwrap();
            assert_eq!(source.read().unwrap().len(), length);
        }
    }

    #[test]
    fn names_the_file_and_the_remedy() {
        let mut source = Source::new(Path::new("/nowhere"), "stat");
        let error = source.read().unwrap_err().to_string();
        assert!(error.contains("/nowhere/stat"), "{error}");
        assert!(error.contains("procfs"), "{error}");
    }

    #[test]
    fn what_is_not_there_may_come_later() {
        let folder = tempfile::tempdir().unwrap();
        let mut source = Source::new(folder.path(), "late");
        assert!(source.read_if_there().unwrap().is_none());
        std::fs::write(folder.path().join("late"), "now").unwrap();
        assert_eq!(source.read_if_there().unwrap().unwrap(), "now");
    }

    #[test]
    fn a_folder_in_place_of_a_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("stat")).unwrap();
        assert!(Source::new(folder.path(), "stat").read_if_there().is_err());
    }
}
