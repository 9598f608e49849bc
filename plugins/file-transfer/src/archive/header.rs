//! An entry of a tar stream: what its header says.

use tar::{EntryType, Header};

use super::{pax::Extended, unreadable};
use crate::{
    address::Address,
    entity::Moment,
    headers::permissions,
    refusal::{Reason, Refusal, show},
};

/// The bytes of a block.
pub(super) const BLOCK: usize = 512;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    File,
    Folder,
    /// A symbolic link, and where it leads.
    Link(Vec<u8>),
}

/// An entry of a tar stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// As [`Address::path`]; empty for the folder itself.
    pub(super) path: Vec<u8>,
    pub(super) form: Form,
    /// The bytes of a file; nothing else has any.
    pub(super) size: u64,
    /// Permissions, before the umask.
    pub(super) mode: u32,
    pub(super) modified: Moment,
}

/// What a header block is about.
#[derive(Debug)]
pub(super) enum Block {
    /// Only zeros: the end.
    End,
    /// Something that is said of the next entry, in so many bytes.
    About(About, u64),
    Entry(Box<Header>),
}

/// What is said of the next entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Records of the pax format.
    Pax,
    /// Its name, where that is long, in the GNU format.
    Name,
    /// Where it leads to, likewise.
    Link,
    /// Nothing that matters: of all entries.
    Nothing,
}

/// Reads a header block.
pub(super) fn read(block: &[u8; BLOCK]) -> Result<Block, Refusal> {
    if block.iter().all(|byte| *byte == 0) {
        return Ok(Block::End);
    }
    let header = Header::from_byte_slice(block).clone();
    // The sum of all bytes, where those of the sum itself count as spaces.
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let expected = sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..]);
    if header.cksum().ok() != Some(expected) {
        return Err(unreadable("a header has a wrong checksum"));
    }
    let about = match header.entry_type() {
        EntryType::XHeader => About::Pax,
        EntryType::XGlobalHeader => About::Nothing,
        EntryType::GNULongName => About::Name,
        EntryType::GNULongLink => About::Link,
        _ => return Ok(Block::Entry(Box::new(header))),
    };
    Ok(Block::About(about, size(&header)?))
}

/// The entry of a header, with what was said of it before.
pub(super) fn entry(header: &Header, extended: Extended) -> Result<Entry, Refusal> {
    let name = extended
        .path
        .unwrap_or_else(|| header.path_bytes().into_owned());
    let shown = || show(&name);
    let form = match header.entry_type() {
        // As tar wrote folders before it had a type for them.
        EntryType::Regular if name.ends_with(b"/") => Form::Folder,
        EntryType::Regular | EntryType::Continuous => Form::File,
        EntryType::Directory => Form::Folder,
        EntryType::Symlink => {
            let link = extended
                .link
                .or_else(|| header.link_name_bytes().map(Into::into));
            Form::Link(link.unwrap_or_default())
        }
        EntryType::Link => {
            return Err(Refusal::new(
                Reason::Archive,
                format!("{} is a hard link", shown()),
                "send each name as a file of its own: `tar --hard-dereference`",
            ));
        }
        EntryType::Char | EntryType::Block | EntryType::Fifo => {
            return Err(Refusal::new(
                Reason::Special,
                format!("{} is a device or a pipe", shown()),
                "leave it out; only files and folders are moved",
            ));
        }
        _ => {
            return Err(unreadable(format!(
                "{} is neither file nor folder",
                shown()
            )));
        }
    };
    let size = match form {
        Form::File => extended.size.map_or_else(|| size(header), Ok)?,
        Form::Folder | Form::Link(_) => 0,
    };
    let number = |number: std::io::Result<u64>| {
        number.map_err(|_| unreadable("a header has a number that cannot be read"))
    };
    let mode = u32::try_from(number(header.mode().map(u64::from))?).unwrap_or(u32::MAX);
    let seconds = i64::try_from(number(header.mtime())?).unwrap_or_default();
    Ok(Entry {
        path: Address::in_archive(&name)?,
        // Bits above the permissions and the special ones are the type, in old streams.
        mode: match form {
            Form::Link(_) => 0,
            _ => permissions(mode & 0o7777)?,
        },
        form,
        size,
        modified: extended.modified.unwrap_or(Moment { seconds, nanos: 0 }),
    })
}

fn size(header: &Header) -> Result<u64, Refusal> {
    let size = header.entry_size();
    size.ok()
        .filter(|size| i64::try_from(*size).is_ok())
        .ok_or_else(|| unreadable("a header has a size that cannot be read"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn header(kind: EntryType, path: &str, mode: u32) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_mode(mode);
        header.set_size(5);
        header.set_mtime(7);
        header.set_cksum();
        header
    }

    fn reason(kind: EntryType, path: &str, mode: u32) -> Reason {
        entry(&header(kind, path, mode), Extended::default())
            .unwrap_err()
            .reason
    }

    #[test]
    fn what_may_not_be_moved_is_refused() {
        for (kind, path, mode, expected) in [
            (EntryType::Regular, "../a", 0o644, Reason::Segment),
            (EntryType::Regular, "/etc/passwd", 0o644, Reason::Segment),
            (EntryType::Directory, "a/../../b/", 0o755, Reason::Segment),
            (
                EntryType::Regular,
                ".gaxx-partial/a",
                0o644,
                Reason::Reserved,
            ),
            (EntryType::Link, "a", 0o644, Reason::Archive),
            (EntryType::Char, "a", 0o644, Reason::Special),
            (EntryType::Block, "a", 0o644, Reason::Special),
            (EntryType::Fifo, "a", 0o644, Reason::Special),
            (EntryType::GNUSparse, "a", 0o644, Reason::Archive),
            (EntryType::Regular, "a", 0o4755, Reason::Mode),
            (EntryType::Regular, "a", 0o2755, Reason::Mode),
            (EntryType::Directory, "a", 0o1777, Reason::Mode),
        ] {
            assert_eq!(
                reason(kind, path, mode),
                expected,
                "{kind:?} {path} {mode:o}"
            );
        }
    }

    #[test]
    fn files_and_folders_are_read() {
        let file = entry(
            &header(EntryType::Regular, "./a", 0o100_644),
            Extended::default(),
        );
        let file = file.unwrap();
        assert_eq!((&*file.path, file.size, file.mode), (&b"a"[..], 5, 0o644));
        let old = entry(
            &header(EntryType::Regular, "a/", 0o755),
            Extended::default(),
        )
        .unwrap();
        assert_eq!((old.form, old.size), (Form::Folder, 0));
    }

    #[test]
    fn a_header_with_another_checksum_is_refused() {
        let mut block = *header(EntryType::Regular, "a", 0o644).as_bytes();
        assert!(matches!(read(&block), Ok(Block::Entry(_))));
        block[0] ^= 1;
        assert_eq!(read(&block).unwrap_err().reason, Reason::Archive);
        assert!(matches!(read(&[0; BLOCK]), Ok(Block::End)));
    }

    proptest! {
        #[test]
        fn any_block_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), BLOCK), sum: bool) {
            let mut block: [u8; BLOCK] = bytes.try_into().unwrap();
            if sum {
                let mut header = Header::from_byte_slice(&block).clone();
                header.set_cksum();
                block = *header.as_bytes();
            }
            if let Ok(Block::Entry(header)) = read(&block)
                && let Ok(entry) = entry(&header, Extended::default())
            {
                prop_assert!(entry.mode <= 0o777);
                prop_assert!(!entry.path.split(|byte| *byte == b'/').any(|name| name == b".."));
            }
        }
    }
}
