//! Lines out of pieces.

use bytes::{Bytes, BytesMut};

/// The longest line: a frame holds a piece of output, which is far shorter.
pub(super) const LONGEST: usize = 16 << 20;

/// Puts lines together out of pieces that end anywhere.
#[derive(Debug, Default)]
pub(super) struct Lines {
    waiting: BytesMut,
    /// Up to here there is no end of a line.
    searched: usize,
}

/// A line that is longer than [`LONGEST`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Lines {
    /// Takes a piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.waiting.extend_from_slice(piece);
    }

    /// The next whole line, without its end.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let rest = self.waiting.get(self.searched..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.waiting.len();
            return if self.searched > LONGEST {
                Err(TooLong)
            } else {
                Ok(None)
            };
        };
        let line = self.waiting.split_to(self.searched + end + 1).freeze();
        self.searched = 0;
        Ok(Some(line.slice(..line.len() - 1)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_without_end_is_refused() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; LONGEST]);
        assert_eq!(lines.next(), Ok(None));
        lines.push(b"xx");
        assert_eq!(lines.next(), Err(TooLong));
    }

    proptest! {
        #[test]
        fn pieces_come_out_as_lines(text in "[ab\n]{0,60}", sizes in proptest::collection::vec(1_usize..9, 1..9)) {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            let (mut rest, mut sizes) = (text.as_bytes(), sizes.into_iter().cycle());
            while !rest.is_empty() {
                let size = sizes.next().unwrap().min(rest.len());
                lines.push(&rest[..size]);
                rest = &rest[size..];
                while let Some(line) = lines.next().unwrap() {
                    found.push(line);
                }
            }
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let expected = text.contains('\n').then(|| whole.split('\n').map(str::to_owned));
            let expected: Vec<String> = expected.into_iter().flatten().collect();
            prop_assert_eq!(found, expected);
        }
    }
}
