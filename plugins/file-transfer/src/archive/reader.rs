//! A tar stream, entry by entry, as its pieces come.

use super::{
    header::{self, About, BLOCK, Block, Entry},
    pax::Extended,
    unreadable,
};
use crate::refusal::Refusal;

/// The most bytes that may be said of an entry beside its header.
const ABOUT: u64 = 64 << 10;

/// A tar stream whose pieces `next` gives; nothing at the end.
pub(super) struct Reader<F> {
    next: F,
    piece: Vec<u8>,
    /// How much of the piece was used.
    used: usize,
    /// What is left of the current entry: its content, and what fills its last block.
    left: u64,
    filling: u64,
}

impl<F: FnMut() -> Result<Option<Vec<u8>>, Refusal>> Reader<F> {
    pub(super) fn new(next: F) -> Self {
        Self {
            next,
            piece: Vec::new(),
            used: 0,
            left: 0,
            filling: 0,
        }
    }

    /// The next entry, behind what is left of the one before; nothing at the end, to which the
    /// stream is read.
    pub(super) fn entry(&mut self) -> Result<Option<Entry>, Refusal> {
        let mut extended = Extended::default();
        loop {
            self.skip()?;
            let mut block = [0; BLOCK];
            self.exactly(&mut block)?;
            match header::read(&block)? {
                Block::End => return self.drain().map(|()| None),
                Block::About(about, size) => self.about(about, size, &mut extended)?,
                Block::Entry(header) => {
                    let entry = header::entry(&header, extended)?;
                    self.begin(entry.size);
                    return Ok(Some(entry));
                }
            }
        }
    }

    /// The next piece of the entry's content; nothing at its end.
    pub(super) fn content(&mut self) -> Result<Option<&[u8]>, Refusal> {
        if self.left == 0 {
            return Ok(None);
        }
        let piece = Self::some(&mut self.next, &mut self.piece, &mut self.used, self.left)?;
        let piece = piece.ok_or_else(cut)?;
        self.left -= piece.len() as u64;
        Ok(Some(piece))
    }

    fn begin(&mut self, size: u64) {
        self.left = size;
        self.filling = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    fn about(&mut self, about: About, size: u64, extended: &mut Extended) -> Result<(), Refusal> {
        if size > ABOUT {
            return Err(unreadable(
                "an entry has a name or an extended header of more than 64 KiB",
            ));
        }
        self.begin(size);
        let mut text = Vec::new();
        while let Some(piece) = self.content()? {
            text.extend_from_slice(piece);
        }
        let name = || {
            text.split(|byte| *byte == 0)
                .next()
                .unwrap_or_default()
                .to_vec()
        };
        match about {
            About::Pax => extended.read(&text)?,
            About::Name => extended.path = Some(name()),
            About::Link => extended.link = Some(name()),
            About::Nothing => {}
        }
        Ok(())
    }

    fn skip(&mut self) -> Result<(), Refusal> {
        while self.content()?.is_some() {}
        self.left = std::mem::take(&mut self.filling);
        while self.content()?.is_some() {}
        Ok(())
    }

    fn exactly(&mut self, mut room: &mut [u8]) -> Result<(), Refusal> {
        while !room.is_empty() {
            let most = room.len() as u64;
            let piece = Self::some(&mut self.next, &mut self.piece, &mut self.used, most)?;
            let piece = piece.ok_or_else(cut)?;
            let (now, then) = room.split_at_mut(piece.len());
            now.copy_from_slice(piece);
            room = then;
        }
        Ok(())
    }

    /// What stands behind the end is of no use, and must come nevertheless.
    fn drain(&mut self) -> Result<(), Refusal> {
        let Self {
            next, piece, used, ..
        } = self;
        while Self::some(next, piece, used, u64::MAX)?.is_some() {}
        Ok(())
    }

    /// At most so many bytes, and at least one; nothing at the end.
    fn some<'a>(
        next: &mut F,
        piece: &'a mut Vec<u8>,
        used: &mut usize,
        most: u64,
    ) -> Result<Option<&'a [u8]>, Refusal> {
        while *used == piece.len() {
            let Some(new) = next()? else {
                return Ok(None);
            };
            (*piece, *used) = (new, 0);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let end = used.saturating_add(most).min(piece.len());
        let some = &piece[*used..end];
        *used = end;
        Ok(Some(some))
    }
}

fn cut() -> Refusal {
    unreadable("the tar stream ends in its midst")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Cursor;

    use proptest::prelude::*;
    use tar::{Builder, Header};

    use super::*;
    use crate::archive::header::Form;

    /// All entries of a stream that comes in pieces of this size, with their contents.
    fn read(bytes: &[u8], piece: usize) -> Result<Vec<(Entry, Vec<u8>)>, Refusal> {
        let mut pieces = bytes.chunks(piece).map(<[u8]>::to_vec);
        let mut reader = Reader::new(|| Ok(pieces.next()));
        let mut entries = Vec::new();
        while let Some(entry) = reader.entry()? {
            let mut content = Vec::new();
            while let Some(piece) = reader.content()? {
                content.extend_from_slice(piece);
            }
            entries.push((entry, content));
        }
        Ok(entries)
    }

    fn stream(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o640);
            header.set_mtime(5);
            builder
                .append_data(&mut header, name, Cursor::new(content))
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn a_stream_that_is_cut_off_is_refused() {
        let whole = stream(&[("a".to_owned(), vec![7; 700])]);
        assert_eq!(read(&whole, 100).unwrap().len(), 1);
        for length in [0, 1, 511, 512, 600, 1024, 1535, 1536] {
            assert!(read(&whole[..length], 100).is_err(), "{length}");
        }
    }

    #[test]
    fn a_name_larger_than_memory_allows_is_not_read() {
        let mut header = Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(1 << 40);
        header.set_cksum();
        assert!(read(header.as_bytes(), 512).is_err());
    }

    proptest! {
        #[test]
        fn what_tar_writes_is_read(
            files in proptest::collection::vec(("[a-z]{1,150}(/[a-z]{1,90}){0,2}", proptest::collection::vec(any::<u8>(), 0..2000)), 0..5),
            piece in 1_usize..3000,
        ) {
            let entries = read(&stream(&files), piece).unwrap();
            prop_assert_eq!(entries.len(), files.len());
            for ((entry, content), (name, expected)) in entries.iter().zip(&files) {
                prop_assert_eq!(&entry.path, name.as_bytes());
                prop_assert_eq!(content, expected);
                prop_assert_eq!(&entry.form, &Form::File);
                prop_assert_eq!((entry.mode, entry.modified.seconds), (0o640, 5));
            }
        }

        #[test]
        fn any_bytes_are_a_stream_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..3000), piece in 1_usize..900) {
            let _ = read(&bytes, piece);
        }

        #[test]
        fn a_stream_with_a_changed_byte_harms_nobody(at in 0_usize..2048, to: u8, piece in 1_usize..900) {
            let mut bytes = stream(&[("a/b".to_owned(), vec![7; 700])]);
            bytes[at] = to;
            if let Ok(entries) = read(&bytes, piece) {
                for (entry, content) in entries {
                    prop_assert_eq!(entry.size, content.len() as u64);
                }
            }
        }
    }
}
