//! Writing a tar stream, in the GNU format.

use tar::{EntryType, Header};

use super::header::BLOCK;
use crate::{
    digest::{Digests, Hasher},
    entity::Entity,
    exchange::Stream,
    refusal::Refusal,
};

/// So much is collected before it is sent, in bytes.
const PIECE: usize = 256 << 10;

/// Where pieces go.
pub(super) trait Sink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Refusal>;
}

impl Sink for Stream {
    fn write(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        Stream::write(self, piece)
    }
}

/// A tar stream on its way.
pub(super) struct Writer<S = Stream> {
    sink: S,
    collected: Vec<u8>,
    hasher: Hasher,
    sent: u64,
}

impl<S: Sink> Writer<S> {
    pub(super) fn new(sink: S) -> Self {
        Self {
            sink,
            collected: Vec::with_capacity(PIECE + BLOCK),
            hasher: Hasher::new(false),
            sent: 0,
        }
    }

    /// Bytes that were sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// The header of a file. Its content follows, and what fills the last block.
    pub(super) fn file(&mut self, path: &[u8], entity: &Entity) -> Result<(), Refusal> {
        self.header(EntryType::Regular, path, entity, b"")
    }

    pub(super) fn folder(&mut self, path: &[u8], entity: &Entity) -> Result<(), Refusal> {
        self.header(EntryType::Directory, &[path, b"/"].concat(), entity, b"")
    }

    pub(super) fn link(
        &mut self,
        path: &[u8],
        entity: &Entity,
        target: &[u8],
    ) -> Result<(), Refusal> {
        self.header(EntryType::Symlink, path, entity, target)
    }

    /// A piece of the content of a file.
    pub(super) fn content(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        self.collected.extend_from_slice(piece);
        if self.collected.len() >= PIECE {
            self.flush()?;
        }
        Ok(())
    }

    /// Fills the last block of a content of so many bytes.
    pub(super) fn fill(&mut self, size: u64) -> Result<(), Refusal> {
        let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
        if over == 0 {
            Ok(())
        } else {
            self.content(&[0; BLOCK][over..])
        }
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        self.hasher.update(&self.collected);
        self.sink.write(&self.collected)?;
        self.sent += self.collected.len() as u64;
        self.collected.clear();
        Ok(())
    }

    fn header(
        &mut self,
        kind: EntryType,
        path: &[u8],
        entity: &Entity,
        target: &[u8],
    ) -> Result<(), Refusal> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(entity.mode & 0o777);
        header.set_mtime(u64::try_from(entity.modified.seconds).unwrap_or_default());
        header.set_size(if kind == EntryType::Regular {
            entity.size
        } else {
            0
        });
        let old = header.as_old_mut();
        let long_name = put(&mut old.name, path);
        let long_target = put(&mut old.linkname, target);
        header.set_cksum();
        if long_target {
            self.long(EntryType::GNULongLink, target)?;
        }
        if long_name {
            self.long(EntryType::GNULongName, path)?;
        }
        self.content(header.as_bytes())
    }

    /// An entry that says a name too long for a header.
    fn long(&mut self, kind: EntryType, name: &[u8]) -> Result<(), Refusal> {
        let size = name.len() as u64 + 1;
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        put(&mut header.as_old_mut().name, b"././@LongLink");
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.content(header.as_bytes())?;
        self.content(name)?;
        self.content(&[0])?;
        self.fill(size)
    }

    /// Two blocks of zeros; what then is left is sent.
    fn end(&mut self) -> Result<(), Refusal> {
        self.content(&[0; 2 * BLOCK])?;
        self.flush()
    }
}

impl Writer {
    /// Ends the stream; answers its bytes and its digest.
    pub(super) fn finish(mut self) -> Result<(u64, Digests), Refusal> {
        self.end()?;
        self.sink.finish()?;
        Ok((self.sent, self.hasher.finish()))
    }
}

/// Puts text into a field; answers whether it is too long and was cut off.
fn put(field: &mut [u8], text: &[u8]) -> bool {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
    length < text.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::{
        archive::{header::Form, reader::Reader},
        entity::{Kind, Moment},
    };

    impl Sink for Vec<u8> {
        fn write(&mut self, piece: &[u8]) -> Result<(), Refusal> {
            self.extend_from_slice(piece);
            Ok(())
        }
    }

    fn entity(kind: Kind, size: u64) -> Entity {
        Entity {
            kind,
            size,
            allocated: 0,
            mode: 0o4640,
            modified: Moment {
                seconds: 9,
                nanos: 0,
            },
            tag: String::new(),
        }
    }

    fn name() -> impl Strategy<Value = Vec<u8>> {
        let byte = any::<u8>().prop_filter("part of a name", |byte| !b"/\0.".contains(byte));
        proptest::collection::vec(byte, 1..255)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            folder in name(), file in name(), target in name(),
            content in proptest::collection::vec(any::<u8>(), 0..3000),
        ) {
            let mut writer = Writer::new(Vec::new());
            let inner = [&*folder, b"/", &file].concat();
            writer.folder(&folder, &entity(Kind::Folder, 4096)).unwrap();
            writer.file(&inner, &entity(Kind::File, content.len() as u64)).unwrap();
            writer.content(&content).unwrap();
            writer.fill(content.len() as u64).unwrap();
            writer.link(&target, &entity(Kind::Link, 3), &folder).unwrap();
            writer.end().unwrap();
            prop_assert_eq!(writer.sent() % 512, 0);
            let mut once = Some(writer.sink);
            let mut reader = Reader::new(|| Ok(once.take()));
            let entry = reader.entry().unwrap().unwrap();
            prop_assert_eq!((entry.form, &entry.path, entry.mode), (Form::Folder, &folder, 0o640));
            let entry = reader.entry().unwrap().unwrap();
            prop_assert_eq!((entry.form, &entry.path), (Form::File, &inner));
            let mut read = Vec::new();
            while let Some(piece) = reader.content().unwrap() {
                read.extend_from_slice(piece);
            }
            prop_assert_eq!(read, content);
            let entry = reader.entry().unwrap().unwrap();
            prop_assert_eq!((entry.form, &entry.path), (Form::Link(folder), &target));
            prop_assert_eq!(reader.entry().unwrap(), None);
        }
    }
}
