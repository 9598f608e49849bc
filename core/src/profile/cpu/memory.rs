//! Reads memory that may not be there.
#![allow(
    // The kernel is asked to read an address that may be of nothing.
    unsafe_code
)]

use std::{
    ffi::c_void,
    io::{self, PipeReader, PipeWriter},
    os::fd::AsRawFd as _,
};

use rustix::io::{ioctl_fionbio, read};

/// What a page of memory has at least, in bytes: within it all can be read or nothing.
pub(super) const PAGE: usize = 4096;

/// Memory that may not be there.
pub(super) trait Memory {
    /// Copies what lies at this address, at most a page of it; answers whether all of it is there.
    fn copy(&mut self, address: u64, into: &mut [u8]) -> bool;
}

/// The memory of this process, copied by the kernel through a pipe: it says no where reading would
/// end the process. That holds, too, where another thread takes the memory away meanwhile. Safe in
/// a signal handler.
#[derive(Debug)]
pub(super) struct Own {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Own {
    pub(super) fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        ioctl_fionbio(&reader, true)?;
        ioctl_fionbio(&writer, true)?;
        Ok(Self { reader, writer })
    }
}

impl Memory for Own {
    fn copy(&mut self, address: u64, into: &mut [u8]) -> bool {
        let (pipe, length) = (self.writer.as_raw_fd(), into.len());
        // SAFETY: the kernel reads there, and answers EFAULT where it cannot.
        let written = unsafe { libc::write(pipe, address as *const c_void, length) };
        // In any case: the pipe is empty after that.
        let read = read(&self.reader, into);
        usize::try_from(written) == Ok(length) && read == Ok(length)
    }
}

/// Reads words from pages, each of which is copied once.
#[derive(Debug)]
pub(super) struct Pages<M> {
    memory: M,
    /// Where the copy begins, and how much is there.
    start: u64,
    length: usize,
    copy: [u8; PAGE],
}

impl<M: Memory> Pages<M> {
    pub(super) fn new(memory: M) -> Self {
        Self {
            memory,
            start: 0,
            length: 0,
            copy: [0; PAGE],
        }
    }

    /// What was copied may be old.
    pub(super) fn forget(&mut self) {
        self.length = 0;
    }

    /// The word at this address, if one can lie there and does.
    pub(super) fn word(&mut self, address: u64) -> Option<u64> {
        if !address.is_multiple_of(8) {
            return None;
        }
        self.copied(address).or_else(|| {
            let rest = PAGE - usize::try_from(address % PAGE as u64).ok()?;
            let there = self.memory.copy(address, self.copy.get_mut(..rest)?);
            self.start = address;
            self.length = if there { rest } else { 0 };
            self.copied(address)
        })
    }

    /// What lies there, past the copy.
    pub(super) fn bytes<const N: usize>(&mut self, address: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.memory.copy(address, &mut bytes).then_some(bytes)
    }

    fn copied(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let word = self.copy.get(..self.length)?.get(at..)?.first_chunk()?;
        Some(u64::from_ne_bytes(*word))
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_there_is_not_read() {
        let mut own = Own::new().unwrap();
        let words = [1_u64, 2, 3];
        let address = words.as_ptr() as u64;
        // More often than a pipe has room for what failed.
        for _ in 0..100 {
            for nowhere in [0, 1, 8, u64::MAX - 15, 0xffff_8000_0000_0000, 1 << 47] {
                assert!(!own.copy(nowhere, &mut [0; 16]), "{nowhere:x}");
                assert!(!own.copy(nowhere & !0xfff, &mut [0; PAGE]), "{nowhere:x}");
            }
            let mut bytes = [0; 8];
            assert!(own.copy(address + 8, &mut bytes));
            assert_eq!(u64::from_ne_bytes(bytes), 2);
        }
        let mut pages = Pages::new(own);
        assert_eq!(pages.word(address + 16), Some(3));
        assert_eq!(pages.word(address), Some(1));
        assert_eq!(pages.word(address + 4), None);
        assert_eq!(pages.word(0), None);
    }

    /// Words by address; whole pages with one of them are there.
    #[derive(Debug, Clone, Default)]
    pub(in crate::profile::cpu) struct Words(pub(in crate::profile::cpu) BTreeMap<u64, u64>);

    impl Memory for Words {
        fn copy(&mut self, address: u64, into: &mut [u8]) -> bool {
            let page = PAGE as u64;
            into.fill(0);
            let Some(end) = address.checked_add(into.len() as u64) else {
                return false;
            };
            let start = address - address % page;
            if self
                .0
                .range(start..start.saturating_add(page))
                .next()
                .is_none()
            {
                return false;
            }
            // A word may begin before what is asked for.
            for (at, word) in self.0.range(address.saturating_sub(7)..end) {
                for (byte, at) in word.to_ne_bytes().into_iter().zip(*at..) {
                    let place = at.checked_sub(address).map(usize::try_from);
                    if let Some(place) = place.and_then(|place| into.get_mut(place.ok()?)) {
                        *place = byte;
                    }
                }
            }
            true
        }
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_memory(
            words in proptest::collection::btree_map(0_u64..2048, any::<u64>(), 0..40),
            addresses in proptest::collection::vec(0_u64..2048 * 8, 1..30),
        ) {
            let words = words.into_iter().map(|(at, word)| (at * 8, word));
            let words = Words(words.collect());
            let pages: Vec<_> = words.0.keys().map(|at| at / PAGE as u64).collect();
            let mut read = Pages::new(words.clone());
            for address in addresses {
                for address in [address, address & !7] {
                    let is_there = pages.contains(&(address / PAGE as u64)) && address % 8 == 0;
                    let word = words.0.get(&address).copied().unwrap_or(0);
                    prop_assert_eq!(read.word(address), is_there.then_some(word));
                }
            }
        }
    }
}
