//! Names of runs.

use std::{
    fs::File,
    io::{self, Read},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use crate::hex;

/// Gives names that nobody can guess: UUIDs of version 7, whose random part is a keyed hash of a
/// count.
pub(crate) struct Ids {
    key: [u8; 32],
    count: AtomicU64,
}

impl Ids {
    /// With a key of its own, from the system.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            key: random()?,
            count: AtomicU64::new(0),
        })
    }

    /// A new one. They sort by time, to the millisecond.
    pub(crate) fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let hash = blake3::keyed_hash(&self.key, &count.to_le_bytes());
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&hash.as_bytes()[..16]);
        // Big-endian; the upper two of eight bytes are zero for the next 8,900 years.
        let milliseconds = u64::try_from(since.as_millis())
            .unwrap_or(u64::MAX)
            .to_be_bytes();
        uuid[..6].copy_from_slice(&milliseconds[2..]);
        uuid[6] = uuid[6] & 0x0f | 0x70;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        let digits = hex::encode(&uuid);
        let part = |range| digits.get(range).unwrap_or_default();
        [
            part(0..8),
            part(8..12),
            part(12..16),
            part(16..20),
            part(20..32),
        ]
        .join("-")
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_uuids_and_none_comes_twice() {
        let (one, other) = (Ids::new().unwrap(), Ids::new().unwrap());
        let names: HashSet<String> = (0..1000).flat_map(|_| [one.next(), other.next()]).collect();
        assert_eq!(names.len(), 2000);
        let form = regex_lite::Regex::new(
            "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        );
        let form = form.unwrap();
        assert!(names.iter().all(|name| form.is_match(name)));
    }
}
