//! The file that grows.

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use super::{
    chain::Link,
    folder::{Folder, file_name},
};

/// What is asked of the system for a file: tests put failures here.
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Writes at the end; may write less than it is given.
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    /// Makes what was written durable.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// Cuts the file off.
    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }
}

/// The disk itself.
#[derive(Debug)]
pub(super) struct Direct;

impl Disk for Direct {}

/// Why nothing was appended.
#[derive(Debug)]
pub(super) enum AppendError {
    /// The file is as it was before.
    Undone(io::Error),
    /// A part of it may be left at the end of the file.
    Torn(io::Error),
}

/// A file of the log that grows.
#[derive(Debug)]
pub(super) struct Segment {
    disk: Arc<dyn Disk>,
    file: File,
    path: PathBuf,
    length: u64,
    durable: u64,
}

impl Segment {
    /// A new file that begins with this line, durable with its name; none is left where it fails.
    /// Its name is that of the record that follows `after`, of which nothing was ever confirmed: a
    /// file that is there under it is one that could not be removed then.
    pub(super) fn create(
        disk: &Arc<dyn Disk>,
        folder: &Folder,
        after: Link,
        line: &[u8],
    ) -> io::Result<Self> {
        let name = file_name(after.next());
        let file = match folder.create(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                folder.remove(&name)?;
                folder.create(&name)?
            }
            created => created?,
        };
        let mut made = Self::open(Arc::clone(disk), file, folder.file(&name), 0);
        let written = match made.append(line) {
            Ok(()) => made.sync().and_then(|()| folder.sync()),
            Err(AppendError::Undone(error) | AppendError::Torn(error)) => Err(error),
        };
        if written.is_err() {
            // Where it stays it has the name that the next try takes.
            let _ = folder.remove(&name);
        }
        written.map(|()| made)
    }

    /// A file that has so many good bytes.
    pub(super) fn open(disk: Arc<dyn Disk>, file: File, path: PathBuf, length: u64) -> Self {
        Self {
            disk,
            file,
            path,
            length,
            durable: length,
        }
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many of its bytes are durable.
    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    /// Writes all of it, or nothing.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), AppendError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.disk.write(&self.file, rest) {
                Ok(0) => return Err(self.undo(io::ErrorKind::WriteZero.into())),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.undo(error)),
            }
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn undo(&self, error: io::Error) -> AppendError {
        match self.disk.truncate(&self.file, self.length) {
            Ok(()) => AppendError::Undone(error),
            Err(_) => AppendError::Torn(error),
        }
    }

    /// Makes it durable. After an error what was not durable before may be lost, whatever a second
    /// try says: the system may have forgotten that it was to be written.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.disk.sync(&self.file)?;
        self.durable = self.length;
        Ok(())
    }

    /// Cuts off what is not durable.
    pub(super) fn cut_back(&self) -> io::Result<()> {
        self.disk.truncate(&self.file, self.durable)
    }
}
