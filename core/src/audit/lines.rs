//! A file's lines, in memory that does not grow with the file.

use std::io::{self, BufRead, Read};

use super::chain::LONGEST_LINE;

/// Reads line by line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A line with its newline.
    Line(&'a [u8]),
    /// A line that is longer than any record.
    TooLong,
    /// The file ends within a line; so many bytes are there of it.
    Unended(u64),
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
        }
    }

    /// The next line; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.buffer.clear();
        if self.more()? == 0 {
            return Ok(None);
        }
        if self.buffer.ends_with(b"\n") {
            return Ok(Some(Piece::Line(&self.buffer)));
        }
        let mut length = self.buffer.len() as u64;
        let too_long = self.buffer.len() >= LONGEST_LINE;
        while too_long && !self.buffer.ends_with(b"\n") {
            self.buffer.clear();
            match self.more()? {
                0 => break,
                more => length += more,
            }
        }
        Ok(Some(if self.buffer.ends_with(b"\n") {
            Piece::TooLong
        } else {
            Piece::Unended(length)
        }))
    }

    fn more(&mut self) -> io::Result<u64> {
        let mut bounded = (&mut self.reader).take(LONGEST_LINE as u64);
        let read = bounded.read_until(b'\n', &mut self.buffer)?;
        Ok(read as u64)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_bad_ones_are_told() {
        let mut bytes = b"one\n\n".to_vec();
        bytes.extend(vec![b'x'; 3 * LONGEST_LINE]);
        bytes.extend(b"\ntwo\nrest");
        let mut lines = Lines::new(&bytes[..]);
        assert_eq!(lines.next().unwrap(), Some(Piece::Line(b"one\n")));
        assert_eq!(lines.next().unwrap(), Some(Piece::Line(b"\n")));
        assert_eq!(lines.next().unwrap(), Some(Piece::TooLong));
        assert_eq!(lines.next().unwrap(), Some(Piece::Line(b"two\n")));
        assert_eq!(lines.next().unwrap(), Some(Piece::Unended(4)));
        assert_eq!(lines.next().unwrap(), None);
        assert!(lines.buffer.capacity() < 2 * LONGEST_LINE);
    }

    #[test]
    fn a_long_line_without_an_end_is_counted() {
        let bytes = vec![b'x'; 2 * LONGEST_LINE + 5];
        let mut lines = Lines::new(&bytes[..]);
        let all = bytes.len() as u64;
        assert_eq!(lines.next().unwrap(), Some(Piece::Unended(all)));
        assert_eq!(lines.next().unwrap(), None);
    }
}
