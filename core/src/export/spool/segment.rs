//! One file of a spool.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    error::{SpoolError, system},
    folder,
    record::{HEADER, Header, Kind, MARK},
};

/// How much is read at once to find the next record behind damage.
const WINDOW: usize = 64 << 10;

/// One file of a spool: records, one behind the other.
#[derive(Debug)]
pub(super) struct Segment {
    file: File,
    path: PathBuf,
    size: u64,
    pieces: Vec<Piece>,
    contexts: Vec<Context>,
    is_synced: bool,
}

/// Where a batch stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) sequence: u64,
    pub(super) time: SystemTime,
    /// The checksum of its context.
    pub(super) context: u64,
    header: Header,
    /// Where its payload begins.
    at: u64,
}

#[derive(Debug, Clone, Copy)]
struct Context {
    header: Header,
    at: u64,
}

impl Segment {
    /// A new one.
    pub(super) fn create(folder: &Path, number: u64) -> Result<Self, SpoolError> {
        let path = folder::segment(folder, number);
        let file = folder::file(&path).map_err(system("make", &path))?;
        folder::sync(folder).map_err(system("sync", folder))?;
        Ok(Self {
            file,
            path,
            size: 0,
            pieces: Vec::new(),
            contexts: Vec::new(),
            is_synced: true,
        })
    }

    /// One that was written before; answers how many bytes in it are no whole record, too.
    pub(super) fn open(folder: &Path, number: u64) -> Result<(Self, u64), SpoolError> {
        let path = folder::segment(folder, number);
        let file = folder::file(&path).map_err(system("open", &path))?;
        let size = file.metadata().map_err(system("look at", &path))?.len();
        let mut segment = Self {
            file,
            path,
            size,
            pieces: Vec::new(),
            contexts: Vec::new(),
            is_synced: true,
        };
        let damaged = segment.scan();
        let damaged = damaged.map_err(system("read", &segment.path))?;
        Ok((segment, damaged))
    }

    /// Looks at every header; answers how many bytes are no whole record.
    fn scan(&mut self) -> io::Result<u64> {
        let (mut at, mut damaged) = (0, 0);
        while at < self.size {
            let found = self.header(at)?;
            let fits = |header: &Header| end(at, header) <= self.size;
            let Some(header) = found.filter(fits) else {
                let next = self.find(at + 1)?;
                damaged += next - at;
                at = next;
                continue;
            };
            self.note(header, at + HEADER as u64);
            at = end(at, &header);
        }
        Ok(damaged)
    }

    fn header(&self, at: u64) -> io::Result<Option<Header>> {
        let mut bytes = [0; HEADER];
        match self.file.read_exact_at(&mut bytes, at) {
            Ok(()) => Ok(Header::decode(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where the next whole header stands, at or behind `from`; the end where there is none.
    fn find(&self, mut from: u64) -> io::Result<u64> {
        let mut window = vec![0; WINDOW];
        while from < self.size {
            let length = usize::try_from(self.size - from).map_or(WINDOW, |left| left.min(WINDOW));
            let bytes = &mut window[..length];
            self.file.read_exact_at(bytes, from)?;
            for (at, mark) in bytes.windows(MARK.len()).enumerate() {
                let place = from + at as u64;
                if mark == MARK && self.header(place)?.is_some() {
                    return Ok(place);
                }
            }
            // A mark may lie across the border of two windows.
            from += if length < WINDOW {
                length
            } else {
                length - MARK.len() + 1
            } as u64;
        }
        Ok(self.size)
    }

    /// Writes records at the end, all or none.
    pub(super) fn append(&mut self, records: &[(Header, &[u8])]) -> Result<(), SpoolError> {
        let mut bytes = Vec::new();
        let mut places = Vec::new();
        for (header, payload) in records {
            bytes.extend_from_slice(&header.encode());
            places.push(self.size + bytes.len() as u64);
            bytes.extend_from_slice(payload);
        }
        if let Err(error) = self.file.write_all_at(&bytes, self.size) {
            // What was written of them would be found as damage, and takes room.
            let _ = self.file.set_len(self.size);
            return Err(system("write to", &self.path)(error));
        }
        self.is_synced = false;
        self.size += bytes.len() as u64;
        for ((header, _), at) in records.iter().zip(places) {
            self.note(*header, at);
        }
        Ok(())
    }

    /// Notes a record whose payload stands at `at`.
    fn note(&mut self, header: Header, at: u64) {
        match header.kind {
            Kind::Context => self.contexts.push(Context { header, at }),
            Kind::Batch => self.pieces.push(Piece {
                sequence: header.number,
                time: header.time(),
                context: header.context,
                header,
                at,
            }),
        }
    }

    /// The bytes of a batch; nothing where they are damaged.
    pub(super) fn read(&self, piece: Piece) -> Result<Option<Vec<u8>>, SpoolError> {
        self.payload(&piece.header, piece.at)
    }

    /// The bytes of the context with this checksum; nothing where there is none, or it is damaged.
    pub(super) fn context(&self, sum: u64) -> Result<Option<Vec<u8>>, SpoolError> {
        let mut contexts = self.contexts.iter();
        let context = contexts.find(|context| context.header.context == sum);
        context.map_or(Ok(None), |context| {
            self.payload(&context.header, context.at)
        })
    }

    fn payload(&self, header: &Header, at: u64) -> Result<Option<Vec<u8>>, SpoolError> {
        let mut payload = vec![0; header.length as usize];
        match self.file.read_exact_at(&mut payload, at) {
            Ok(()) => Ok(Some(payload).filter(|payload| header.is_of(payload))),
            // It was cut since.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(system("read", &self.path)(error)),
        }
    }

    /// The first batch behind this number.
    pub(super) fn after(&self, delivered: u64) -> Option<Piece> {
        let behind = |piece: &Piece| piece.sequence <= delivered;
        let at = self.pieces.partition_point(behind);
        // Somebody else's file may be in any order.
        let piece = self.pieces.get(at).copied();
        piece.filter(|piece| piece.sequence > delivered)
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter()
    }

    /// How many batches are behind this number.
    pub(super) fn waiting(&self, delivered: u64) -> u64 {
        let behind = |piece: &Piece| piece.sequence <= delivered;
        (self.pieces.len() - self.pieces.partition_point(behind)) as u64
    }

    /// The highest number of a batch.
    pub(super) fn last(&self) -> Option<u64> {
        self.pieces.iter().map(|piece| piece.sequence).max()
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn sync(&mut self) -> Result<(), SpoolError> {
        if !self.is_synced {
            self.file.sync_data().map_err(system("sync", &self.path))?;
            self.is_synced = true;
        }
        Ok(())
    }

    /// Takes it away for good.
    pub(super) fn remove(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a part of a spool stays");
        }
    }
}

/// Where the record ends whose header stands at `at`.
fn end(at: u64, header: &Header) -> u64 {
    at + HEADER as u64 + u64::from(header.length)
}
