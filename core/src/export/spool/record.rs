//! The form of a record: a header of fixed size, and its payload.
//!
//! ```text
//! 0   mark      "GXSP"
//! 4   kind      1: a batch, 2: a context
//! 8   length    of the payload, in bytes
//! 12  zero
//! 16  number    of the batch, or of the context
//! 24  time      when it was accepted, in nanoseconds since the Unix epoch
//! 32  context   the checksum of the context's payload; of a context its own
//! 40  payload's checksum: the first eight bytes of its BLAKE3
//! 48  header's checksum: the same of all before it
//! ```
//!
//! All numbers are little-endian. With a checksum of its own the header tells where the next record
//! begins even where the payload is damaged.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of a header.
pub(super) const HEADER: usize = 56;
/// What the header's own checksum is of.
const SUMMED: usize = HEADER - 8;
/// What every record begins with.
pub(super) const MARK: [u8; 4] = *b"GXSP";

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A batch.
    Batch = 1,
    /// What the batches behind it refer to.
    Context = 2,
}

/// What stands in front of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) length: u32,
    pub(super) number: u64,
    /// Nanoseconds since the Unix epoch.
    time: u64,
    /// The checksum of the context's payload.
    pub(super) context: u64,
    payload: u64,
}

impl Header {
    /// The header of a context.
    pub(super) fn context(number: u64, time: SystemTime, payload: &[u8]) -> Self {
        let header = Self::new(Kind::Context, number, time, payload);
        Self {
            context: header.payload,
            ..header
        }
    }

    /// The header of a batch that refers to the context with this checksum.
    pub(super) fn batch(number: u64, time: SystemTime, payload: &[u8], context: u64) -> Self {
        let header = Self::new(Kind::Batch, number, time, payload);
        Self { context, ..header }
    }

    fn new(kind: Kind, number: u64, time: SystemTime, payload: &[u8]) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            kind,
            // Payloads are far below the limit of a segment, which fits.
            length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            number,
            time: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
            context: 0,
            payload: checksum(payload),
        }
    }

    pub(super) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&MARK);
        bytes[4] = self.kind as u8;
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.time.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.context.to_le_bytes());
        bytes[40..SUMMED].copy_from_slice(&self.payload.to_le_bytes());
        let sum = checksum(&bytes[..SUMMED]);
        bytes[SUMMED..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads a header; nothing where this is none, or is damaged.
    pub(super) fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        if bytes[..4] != MARK || number(&bytes[SUMMED..]) != checksum(&bytes[..SUMMED]) {
            return None;
        }
        let kind = match bytes[4] {
            1 => Kind::Batch,
            2 => Kind::Context,
            _ => return None,
        };
        Some(Self {
            kind,
            length: u32::try_from(number(&bytes[8..16])).ok()?,
            number: number(&bytes[16..24]),
            time: number(&bytes[24..32]),
            context: number(&bytes[32..40]),
            payload: number(&bytes[40..SUMMED]),
        })
    }

    /// Whether this is what it was written with.
    pub(super) fn is_of(&self, payload: &[u8]) -> bool {
        checksum(payload) == self.payload
    }

    pub(super) fn time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.time)
    }
}

/// Bytes of a record with this payload.
pub(super) fn size(payload: &[u8]) -> u64 {
    (HEADER + payload.len()) as u64
}

/// The first eight bytes of BLAKE3, as a number.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    number(&blake3::hash(bytes).as_bytes()[..8])
}

/// Eight bytes as a number.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_header_comes_back_and_a_damaged_one_does_not(
            number: u64, nanos in 0_u64..1 << 62, payload: Vec<u8>, at in 0..HEADER, bit in 0_u8..8,
        ) {
            let time = UNIX_EPOCH + Duration::from_nanos(nanos);
            let header = Header::batch(number, time, &payload, 7);
            let mut bytes = header.encode();
            prop_assert_eq!(Header::decode(&bytes), Some(header));
            prop_assert!(header.time() == time && header.is_of(&payload));
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Header::decode(&bytes), None);
        }

        #[test]
        fn anything_may_stand_there(bytes: [u8; HEADER]) {
            prop_assert_eq!(Header::decode(&bytes), None);
        }
    }
}
