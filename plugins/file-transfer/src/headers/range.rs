//! `Range` (RFC 9110, section 14.2).

use std::ops::Range;

use super::number;

/// Which part of a file is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All of it. Also where the header is of another unit, unreadable, or names several ranges:
    /// the standard lets those be passed over.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that the file does not have.
    None,
}

/// Which part of a file of `size` bytes the header asks for.
pub(crate) fn asked(header: &str, size: u64) -> Asked {
    match part(header.trim(), size) {
        None => Asked::Whole,
        Some(part) if part.is_empty() => Asked::None,
        Some(part) => Asked::Part(part),
    }
}

fn part(header: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = header.strip_prefix("bytes=")?.trim().split_once('-')?;
    if first.is_empty() {
        let length = number(last)?;
        return Some(size.saturating_sub(length)..size);
    }
    let first = number(first)?;
    if last.is_empty() {
        return Some(first..size);
    }
    let last = number(last)?;
    (first <= last).then(|| first..last.saturating_add(1).min(size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_those_of_the_standard() {
        for (header, expected) in [
            ("bytes=0-499", Asked::Part(0..500)),
            ("bytes=500-", Asked::Part(500..1000)),
            ("bytes=-500", Asked::Part(500..1000)),
            ("bytes=-5000", Asked::Part(0..1000)),
            ("bytes=999-5000", Asked::Part(999..1000)),
            ("bytes=1000-", Asked::None),
            ("bytes=1000-2000", Asked::None),
            ("bytes=-0", Asked::None),
            ("bytes=5-4", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(asked(header, 1000), expected, "{header}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::None);
        let all = format!("bytes=0-{}", u64::MAX);
        assert_eq!(asked(&all, 7), Asked::Part(0..7));
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(first: Option<u64>, last: Option<u64>, size: u64) {
            let text = |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
            let header = format!("bytes={}-{}", text(first), text(last));
            if let Asked::Part(part) = asked(&header, size) {
                prop_assert!(part.start < part.end && part.end <= size);
            }
        }

        #[test]
        fn any_text_is_taken(text in "\\PC*|bytes=[-0-9, ]*", size: u64) {
            if let Asked::Part(part) = asked(&text, size) {
                prop_assert!(part.start < part.end && part.end <= size);
            }
        }
    }
}
