//! The log as one thread writes it: records in order, in files of a bounded size, each of them
//! durable or nothing.

use std::{io, path::PathBuf, sync::Arc};

use super::{
    AuditError,
    chain::{Header, Link, OWN, Reason},
    folder::{Folder, file_name, files, torn},
    head::Head,
    segment::{AppendError, Disk, Segment},
    start::{Left, Onward, reads_back},
};

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The length from which on the next file begins, in bytes.
    pub(super) max_size: u64,
    /// How many files are kept.
    pub(super) keep: usize,
}

/// A record that is to be written.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// The component it is of.
    pub(super) component: String,
    /// See [`fields`](super::record::fields).
    pub(super) fields: String,
}

/// A log that is open.
#[derive(Debug)]
pub(super) struct Journal {
    folder: Folder,
    head: Head,
    disk: Arc<dyn Disk>,
    limits: Limits,
    segment: Segment,
    /// The first record of the segment.
    first: u64,
    written: Link,
    durable: Link,
    oldest: u64,
    /// What stands behind the durable part of the segment is not known.
    broken: bool,
}

impl Journal {
    /// Opens the log in a folder, or begins one. What an earlier run left is looked at first.
    pub(super) fn open(
        folder: Folder,
        disk: Arc<dyn Disk>,
        limits: Limits,
    ) -> Result<Self, AuditError> {
        let (head, stored) = Head::open(&folder)?;
        let left = Left::look(&folder, stored)?;
        let (segment, first, written) = match left.onward {
            Onward::In {
                file,
                first,
                length,
            } => {
                let path = folder.file(&file_name(first));
                let segment = Segment::open(Arc::clone(&disk), file, path, length);
                (segment, first, left.last)
            }
            Onward::New { reason, damage } => {
                if let Some(damage) = damage {
                    let folder = folder.path().display();
                    let remedy = "gaxx-mon audit verify says where";
                    tracing::error!(%folder, remedy, "the audit log is damaged: {damage}; it goes on in a new file");
                }
                let (line, link) = header(left.last, reason, left.oldest, damage);
                let segment = Segment::create(&disk, &folder, left.last, &line)
                    .map_err(|error| AuditError::write(folder.path(), &error))?;
                (segment, link.seq, link)
            }
        };
        let mut journal = Self {
            folder,
            head,
            disk,
            limits,
            segment,
            first,
            written,
            durable: written,
            oldest: left.oldest,
            broken: false,
        };
        journal.write(&[opened(&left.torn)])?;
        journal.sync()?;
        Ok(journal)
    }

    /// The file that grows.
    pub(super) fn path(&self) -> &PathBuf {
        self.segment.path()
    }

    /// Whether records that were written before, and not synced, must be written again.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Writes all of these records, or none.
    pub(super) fn write<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record> + Clone,
    ) -> Result<(), AuditError> {
        if self.broken {
            self.renew()?;
        }
        let (mut bytes, mut link) = lines(self.written, records.clone());
        let length = self.segment.length() + bytes.len() as u64;
        // A file has one record at least beside its first.
        if length > self.limits.max_size && self.written.seq > self.first {
            self.sync()?;
            self.begin(Reason::Rotation, None)?;
            (bytes, link) = lines(self.written, records);
        }
        let appended = self.segment.append(&bytes);
        let failed = |error: &io::Error| AuditError::write(self.segment.path(), error);
        match appended {
            Ok(()) => {
                self.written = link;
                Ok(())
            }
            Err(AppendError::Undone(error)) => Err(failed(&error)),
            Err(AppendError::Torn(error)) => {
                self.broken = true;
                Err(failed(&error))
            }
        }
    }

    /// Makes everything durable that was written.
    pub(super) fn sync(&mut self) -> Result<(), AuditError> {
        if self.written == self.durable {
            return Ok(());
        }
        if let Err(error) = self.segment.sync() {
            self.broken = true;
            return Err(AuditError::sync(self.segment.path(), &error));
        }
        self.durable = self.written;
        self.tell_head();
        Ok(())
    }

    /// Goes on in a new file behind the last record that is durable.
    fn renew(&mut self) -> Result<(), AuditError> {
        if let Err(error) = self.segment.cut_back() {
            // The header of the next file says that what is left there does not count.
            tracing::debug!(%error, "what is not durable could not be cut off");
        }
        let name = file_name(self.first);
        let whole = self
            .folder
            .open_file(&name)
            .is_ok_and(|file| reads_back(&file, self.first, self.segment.durable(), self.durable));
        if whole {
            self.begin(Reason::Failure, None)
        } else {
            let damage = "what was durable could not be read back";
            self.begin(Reason::Damage, Some(damage))
        }
    }

    fn begin(&mut self, reason: Reason, damage: Option<&str>) -> Result<(), AuditError> {
        let failed = |error: io::Error| AuditError::write(self.folder.path(), &error);
        let before = files(self.folder.path()).map_err(failed)?;
        // With the new file there are `keep`.
        let too_many = (before.len() + 1).saturating_sub(self.limits.keep);
        let (dropped, kept) = before.split_at(too_many.min(before.len()));
        // Only what is dropped here moves the beginning: a file that somebody else took away is missed.
        let oldest = match (dropped.is_empty(), kept.first()) {
            (true, _) => self.oldest,
            (false, first) => first.copied().unwrap_or(self.durable.next()),
        };
        let (line, link) = header(self.durable, reason, oldest, damage);
        let made = Segment::create(&self.disk, &self.folder, self.durable, &line);
        self.segment = made.map_err(failed)?;
        self.first = link.seq;
        self.oldest = oldest;
        (self.written, self.durable) = (link, link);
        self.broken = false;
        self.tell_head();
        let aside = torn(self.folder.path()).unwrap_or_default();
        let old = aside.len().saturating_sub(self.limits.keep);
        let names = dropped.iter().map(|first| file_name(*first));
        for name in names.chain(aside.into_iter().take(old)) {
            if let Err(error) = self.folder.remove(&name) {
                tracing::warn!(%error, file = name, "an old file of the audit log is not removed");
            }
        }
        Ok(())
    }

    fn tell_head(&self) {
        if let Err(error) = self.head.store(self.durable) {
            // The log itself is durable; only a cut at its end would not be noticed.
            tracing::warn!(%error, "the head of the audit log is not written");
        }
    }
}

/// The lines of these records, and the last of them.
fn lines<'a>(after: Link, records: impl IntoIterator<Item = &'a Record>) -> (Vec<u8>, Link) {
    let mut bytes = Vec::new();
    let link = records.into_iter().fold(after, |link, record| {
        link.write(&record.component, &record.fields, &mut bytes)
    });
    (bytes, link)
}

/// The first line of a file.
fn header(after: Link, reason: Reason, oldest: u64, damage: Option<&str>) -> (Vec<u8>, Link) {
    let fields = Header::fields(reason, oldest, damage);
    let mut line = Vec::new();
    let link = after.write(OWN, &fields, &mut line);
    (line, link)
}

/// What is recorded at each start.
fn opened(torn: &[String]) -> Record {
    let (version, pid) = (crate::build::VERSION, std::process::id());
    let opened = format!(r#""event":"audit.open","version":"{version}","pid":{pid}"#);
    let fields = if torn.is_empty() {
        opened
    } else {
        format!(r#"{opened},"torn":{}"#, serde_json::Value::from(torn))
    };
    Record {
        component: OWN.to_owned(),
        fields,
    }
}
