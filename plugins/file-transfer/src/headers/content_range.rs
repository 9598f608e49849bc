//! `Content-Range` of a piece of an upload (RFC 9110, section 14.4).

use super::{number, unreadable};
use crate::refusal::Refusal;

/// Which bytes of a whole a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentRange {
    /// The first byte.
    pub(crate) first: u64,
    /// Behind the last byte.
    pub(crate) end: u64,
    /// The bytes of the whole.
    pub(crate) total: u64,
}

impl ContentRange {
    /// Reads `bytes FIRST-LAST/TOTAL`.
    pub(crate) fn parse(header: &str) -> Result<Self, Refusal> {
        let parse = || {
            let (range, total) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
            let (first, last) = range.split_once('-')?;
            let (first, last, total) = (number(first)?, number(last)?, number(total)?);
            let end = last.checked_add(1)?;
            (first < end && end <= total).then_some(Self { first, end, total })
        };
        parse().ok_or_else(|| {
            unreadable(
                "Content-Range",
                "write `bytes FIRST-LAST/TOTAL`; FIRST is what HEAD shows as Upload-Offset, LAST is less than TOTAL",
            )
        })
    }

    /// Whether the whole ends with it.
    pub(crate) fn is_last(self) -> bool {
        self.end == self.total
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_range_of_a_whole_is_refused() {
        for header in [
            "",
            "bytes 0-1",
            "bytes 0-1/*",
            "bytes */5",
            "bytes 2-1/5",
            "bytes 0-5/5",
            "bytes=0-1/5",
            "bytes -1-2/5",
            "bytes 0-18446744073709551615/18446744073709551615",
            "bytes 0- 1/5",
            "items 0-1/5",
        ] {
            assert!(ContentRange::parse(header).is_err(), "{header}");
        }
        let last = ContentRange::parse("bytes 3-4/5").unwrap();
        assert_eq!((last.first, last.end, last.is_last()), (3, 5, true));
    }

    proptest! {
        #[test]
        fn a_range_reads_as_it_was_written(first in 0_u64..u64::MAX / 2, length in 1_u64..1 << 60, behind in 0_u64..1 << 60) {
            let range = ContentRange { first, end: first + length, total: first + length + behind };
            let text = format!("bytes {}-{}/{}", range.first, range.end - 1, range.total);
            prop_assert_eq!(ContentRange::parse(&text), Ok(range));
        }

        #[test]
        fn any_text_is_a_sound_range_or_refused(text in "\\PC*|bytes [-0-9/]*") {
            if let Ok(range) = ContentRange::parse(&text) {
                prop_assert!(range.first < range.end && range.end <= range.total);
            }
        }
    }
}
