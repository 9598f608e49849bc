//! The attributes of a device: the small files in its folder below `/sys`.

use std::{
    borrow::Cow,
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind},
    os::{fd::OwnedFd, unix::fs::FileExt},
    path::Path,
};

use gaxx_sdk::prelude::*;
use rustix::fs::{Mode, OFlags};

use crate::{
    numbers::number,
    source::{Absence, is_absence, unreadable},
};

/// The kernel gives at most one page for an attribute.
const PAGE: usize = 4096;

/// The folder of one device.
#[derive(Debug)]
pub(crate) struct Attributes {
    folder: OwnedFd,
    /// Files by attribute, where they are kept open.
    kept: Option<Vec<(Box<str>, File)>>,
    buffer: [u8; PAGE],
}

impl Attributes {
    /// Opens the folder of a device.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty())?;
        Ok(Self {
            folder,
            kept: None,
            buffer: [0; PAGE],
        })
    }

    /// Keeps the files of the attributes open from now on, for those who read them again.
    pub(crate) fn keep_open(&mut self) {
        self.kept = Some(Vec::new());
    }

    /// The text of an attribute without the white space around it.
    ///
    /// Nothing where the device does not have it or does not tell it now: a network device that is
    /// down answers an error for its carrier.
    pub(crate) fn text(&mut self, name: &str) -> Option<Cow<'_, str>> {
        let length = self.fill(name).ok()?;
        let bytes = self.buffer.get(..length)?.trim_ascii();
        Some(String::from_utf8_lossy(bytes))
    }

    /// The number of an attribute: decimal, or hexadecimal after `0x`.
    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        let text = self.text(name)?;
        match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16)
                .ok()
                .map(|value| value as f64),
            None => number(&text),
        }
    }

    fn fill(&mut self, name: &str) -> io::Result<usize> {
        let Self {
            folder,
            kept,
            buffer,
        } = self;
        let found = kept.iter().flatten().find(|(other, _)| **other == *name);
        if let Some((_, file)) = found {
            return read(file, buffer);
        }
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?);
        let result = read(&file, buffer);
        if let Some(kept) = kept {
            kept.push((name.into(), file));
        }
        result
    }
}

/// Reads from the start: one page is all that there is.
fn read(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, 0) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// The names in a folder, sorted: the devices of a class.
#[derive(Debug, Default)]
pub(crate) struct Class {
    absence: Absence,
}

impl Class {
    /// The names in `folder`; none where this machine does not have it, and that is said once.
    pub(crate) fn names(&mut self, folder: &Path) -> Result<Vec<OsString>> {
        match names(folder) {
            Ok(names) => Ok(names),
            Err(error) if is_absence(&error) => {
                self.absence.say(folder);
                Ok(Vec::new())
            }
            Err(error) => Err(unreadable(folder, &error)),
        }
    }
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name());
    }
    names.sort_unstable();
    Ok(names)
}
