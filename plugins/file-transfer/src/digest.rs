//! Digests of what is moved: BLAKE3 of everything, SHA-256 for those who ask.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};

/// The digests of so many files are remembered.
const REMEMBERED: usize = 4096;

/// A way to make a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Blake3,
    Sha256,
}

impl Algorithm {
    /// Reads its name in a query.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "blake3" => Some(Self::Blake3),
            "sha256" => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// The digests of some bytes, 32 bytes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Digests {
    pub(crate) blake3: Option<[u8; 32]>,
    pub(crate) sha256: Option<[u8; 32]>,
}

impl Digests {
    pub(crate) fn get(&self, algorithm: Algorithm) -> Option<[u8; 32]> {
        match algorithm {
            Algorithm::Blake3 => self.blake3,
            Algorithm::Sha256 => self.sha256,
        }
    }
}

/// Makes digests as the bytes come.
#[derive(Debug)]
pub(crate) struct Hasher {
    blake3: Option<Box<blake3::Hasher>>,
    sha256: Option<Sha256>,
}

impl Hasher {
    /// Makes BLAKE3, and SHA-256 where it is wanted.
    pub(crate) fn new(sha256: bool) -> Self {
        Self {
            blake3: Some(Box::default()),
            sha256: sha256.then(Sha256::new),
        }
    }

    /// Makes one digest alone.
    pub(crate) fn only(algorithm: Algorithm) -> Self {
        Self {
            blake3: (algorithm == Algorithm::Blake3).then(Box::default),
            sha256: (algorithm == Algorithm::Sha256).then(Sha256::new),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(blake3) = &mut self.blake3 {
            blake3.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            blake3: self.blake3.map(|hasher| *hasher.finalize().as_bytes()),
            sha256: self.sha256.map(|hasher| hasher.finalize().into()),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(digits).collect()
}

/// The digests of files, by their entity tags. A tag is of one file with one content, so what is
/// remembered is never of another.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_tag: HashMap<String, Digests>,
    /// The oldest first.
    order: VecDeque<String>,
}

impl Remembered {
    pub(crate) fn get(&self, tag: &str) -> Digests {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.by_tag.get(tag).copied().unwrap_or_default()
    }

    /// Remembers digests beside those that are known of the same file; the oldest go.
    pub(crate) fn add(&self, tag: &str, digests: Digests) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = entries.by_tag.get_mut(tag) {
            known.blake3 = digests.blake3.or(known.blake3);
            known.sha256 = digests.sha256.or(known.sha256);
            return;
        }
        if entries.order.len() >= REMEMBERED
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.by_tag.remove(&oldest);
        }
        entries.order.push_back(tag.to_owned());
        entries.by_tag.insert(tag.to_owned(), digests);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    // The vectors that both algorithms publish for no bytes and for "abc".
    #[test]
    fn digests_are_those_of_the_algorithms() {
        let mut hasher = Hasher::new(true);
        hasher.update(b"a");
        hasher.update(b"bc");
        let digests = hasher.finish();
        assert_eq!(
            hex(&digests.blake3.unwrap()),
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
        );
        assert_eq!(
            hex(&digests.sha256.unwrap()),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Hasher::only(Algorithm::Sha256).finish().blake3, None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let remembered = Remembered::default();
        let digests = Hasher::new(false).finish();
        for number in 0..=REMEMBERED {
            remembered.add(&number.to_string(), digests);
        }
        assert_eq!(remembered.get("0"), Digests::default());
        assert_eq!(remembered.get("1"), digests);
        remembered.add("1", Hasher::only(Algorithm::Sha256).finish());
        assert!(remembered.get("1").sha256.is_some() && remembered.get("1").blake3.is_some());
    }
}
