//! Batches on disk, until they are delivered.
//!
//! A spool is a folder of segments, which are only appended to, and a cursor that says how far
//! they have been delivered. Each record carries checksums of its own, so damage costs what it
//! hits and no more, and opening never fails for what is in the files.
//!
//! Batches share descriptions that are larger than they are themselves: a record refers to the
//! *context* before it, which is written once in each segment and again when it changes.

mod cursor;
mod error;
mod folder;
mod record;
mod segment;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

pub use error::SpoolError;

use self::{cursor::Cursor, record::Header, segment::Segment};

/// How much is kept for a receiver that is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes on disk.
    pub bytes: u64,
    /// Age of the oldest batch.
    pub age: Duration,
}

/// What was found when a spool was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Batches that wait to be delivered.
    pub waiting: u64,
    /// Bytes that are no whole record and were passed over.
    pub damaged_bytes: u64,
    /// Whether the cursor could not be read, so that batches may be delivered a second time.
    pub lost_cursor: bool,
}

/// A batch that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: one more than that of the batch before.
    pub sequence: u64,
    /// When it was accepted.
    pub time: SystemTime,
    /// The checksum of its context: batches that share one have the same.
    pub context: u64,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The oldest batch that waits.
    Entry(Entry),
    /// That batch is damaged, or its context is. It does not wait any more.
    Damaged,
    /// Nothing waits.
    Nothing,
}

/// Batches on disk, until they are delivered. One program has it at a time.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    budget: Budget,
    segments: VecDeque<Segment>,
    cursor: Cursor,
    next_sequence: u64,
    /// The context that the last batch refers to: its number, and its checksum. Nothing where no
    /// segment is written to.
    context: Option<(u64, u64)>,
    next_segment: u64,
    unsynced: bool,
    /// Held for as long as the spool is open.
    _lock: File,
}

impl Spool {
    /// Opens a spool, which is made where there is none.
    ///
    /// # Errors
    ///
    /// Only where the folder cannot be used, or is another program's.
    pub fn open(folder: &Path, budget: Budget) -> Result<(Self, Recovery), SpoolError> {
        let lock = folder::prepare(folder)?;
        let (cursor, lost_cursor) = Cursor::open(folder)?;
        let mut recovery = Recovery::default();
        let mut segments = VecDeque::new();
        let (mut next_sequence, mut next_segment) = (cursor.delivered() + 1, 1);
        for number in folder::segments(folder)? {
            let (segment, damaged) = Segment::open(folder, number)?;
            recovery.damaged_bytes += damaged;
            next_segment = number + 1;
            if let Some(last) = segment.last() {
                next_sequence = next_sequence.max(last + 1);
            }
            segments.push_back(segment);
        }
        let mut spool = Self {
            folder: folder.to_owned(),
            budget,
            segments,
            cursor,
            next_sequence,
            // What an older program wrote is not added to: its last record may be torn.
            context: None,
            next_segment,
            unsynced: false,
            _lock: lock,
        };
        spool.drop_delivered();
        recovery.waiting = spool.waiting();
        recovery.lost_cursor = lost_cursor && recovery.waiting > 0;
        Ok((spool, recovery))
    }

    /// Accepts a batch: once this has returned, only the loss of the disk or of the machine's power
    /// within the next second takes it away. Answers how many old ones had to go for it.
    ///
    /// `context` is what its bytes refer to, by a number that is another one whenever they differ.
    ///
    /// # Errors
    ///
    /// Where it cannot be written; then nothing of it stays.
    pub fn append(
        &mut self,
        (context, description): (u64, &[u8]),
        payload: &[u8],
        now: SystemTime,
    ) -> Result<u64, SpoolError> {
        let needed = record::size(description) + record::size(payload);
        if needed > self.segment_limit() {
            return Err(SpoolError::TooLarge {
                size: needed,
                limit: self.segment_limit(),
            });
        }
        let expired = self.expire(now);
        let fits = |segment: &Segment| segment.size() + needed <= self.segment_limit();
        let open = self.context.is_some() && self.segments.back().is_some_and(fits);
        if !open {
            let segment = Segment::create(&self.folder, self.next_segment)?;
            self.next_segment += 1;
            self.segments.push_back(segment);
            self.context = None;
        }
        let sequence = self.next_sequence;
        let Some(segment) = self.segments.back_mut() else {
            return Ok(expired);
        };
        let mut records = Vec::new();
        let known = self.context.filter(|(known, _)| *known == context);
        let sum = known.map_or_else(
            || {
                let header = Header::context(context, now, description);
                records.push((header, description));
                header.context
            },
            |(_, sum)| sum,
        );
        records.push((Header::batch(sequence, now, payload, sum), payload));
        segment.append(&records)?;
        self.context = Some((context, sum));
        self.next_sequence += 1;
        self.unsynced = true;
        Ok(expired + self.shrink())
    }

    /// The oldest batch that waits, which goes on waiting until it is acknowledged.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read. The next try may do better.
    pub fn peek(&mut self) -> Result<Next, SpoolError> {
        let delivered = self.cursor.delivered();
        for segment in &self.segments {
            let Some(piece) = segment.after(delivered) else {
                continue;
            };
            let Some(payload) = segment.read(piece)? else {
                self.acknowledge(piece.sequence)?;
                return Ok(Next::Damaged);
            };
            return Ok(Next::Entry(Entry {
                sequence: piece.sequence,
                time: piece.time,
                context: piece.context,
                payload,
            }));
        }
        Ok(Next::Nothing)
    }

    /// The bytes of the context with this checksum; nothing where all there were are damaged.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read.
    pub fn context(&self, sum: u64) -> Result<Option<Vec<u8>>, SpoolError> {
        for segment in &self.segments {
            if let Some(context) = segment.context(sum)? {
                return Ok(Some(context));
            }
        }
        Ok(None)
    }

    /// Notes that all batches up to this one need not be delivered any more.
    ///
    /// # Errors
    ///
    /// Where that cannot be written down. It holds until the program ends.
    pub fn acknowledge(&mut self, sequence: u64) -> Result<(), SpoolError> {
        let written = self.cursor.advance(sequence);
        self.drop_delivered();
        self.unsynced = true;
        written
    }

    /// Drops what is older than the budget allows; answers how many batches that were.
    pub fn expire(&mut self, now: SystemTime) -> u64 {
        let Some(oldest) = now.checked_sub(self.budget.age) else {
            return 0;
        };
        let delivered = self.cursor.delivered();
        let old = self.segments.iter().flat_map(Segment::pieces);
        let old = old
            .filter(|piece| piece.sequence > delivered)
            .take_while(|piece| piece.time < oldest);
        let (mut count, mut last) = (0, None);
        for piece in old {
            (count, last) = (count + 1, Some(piece.sequence));
        }
        if let Some(last) = last {
            self.forget(last);
        }
        count
    }

    /// Makes what was accepted outlast a loss of power.
    ///
    /// # Errors
    ///
    /// Where the system cannot.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        if std::mem::take(&mut self.unsynced) {
            for segment in &mut self.segments {
                segment.sync()?;
            }
            self.cursor.sync()?;
        }
        Ok(())
    }

    /// How many batches wait.
    pub fn waiting(&self) -> u64 {
        let delivered = self.cursor.delivered();
        let waiting = |segment: &Segment| segment.waiting(delivered);
        self.segments.iter().map(waiting).sum()
    }

    /// When the oldest batch that waits was accepted.
    pub fn oldest(&self) -> Option<SystemTime> {
        let delivered = self.cursor.delivered();
        let mut segments = self.segments.iter();
        segments.find_map(|segment| segment.after(delivered).map(|piece| piece.time))
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::size).sum()
    }

    /// A segment is an eighth of the budget: what goes at once when it is spent.
    fn segment_limit(&self) -> u64 {
        self.budget.bytes / 8
    }

    /// Drops the oldest segments until the budget is kept; answers how many batches went with them.
    fn shrink(&mut self) -> u64 {
        let mut dropped = 0;
        while self.bytes() > self.budget.bytes && self.segments.len() > 1 {
            let delivered = self.cursor.delivered();
            let Some(segment) = self.segments.front() else {
                break;
            };
            dropped += segment.waiting(delivered);
            match segment.last() {
                Some(last) if last > delivered => self.forget(last),
                _ => self.drop_first(),
            }
        }
        dropped
    }

    /// Goes on behind this batch.
    fn forget(&mut self, sequence: u64) {
        // Where it is not written down, an older program's reader would find the same again.
        let _ = self.acknowledge(sequence);
    }

    fn drop_delivered(&mut self) {
        let delivered = self.cursor.delivered();
        while let Some(first) = self.segments.front() {
            let is_written_to = self.segments.len() == 1 && self.context.is_some();
            if is_written_to || first.waiting(delivered) > 0 {
                break;
            }
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(segment) = self.segments.pop_front() {
            segment.remove();
        }
        if self.segments.is_empty() {
            self.context = None;
        }
    }
}
