//! Cuts what a long-lived program prints into expositions.

/// What was printed since the last exposition ended.
#[derive(Debug)]
pub(super) struct Splitter {
    held: Vec<u8>,
    /// Where the last line begins.
    line: usize,
    limit: usize,
}

/// An exposition is longer than it may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Splitter {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            held: Vec::new(),
            line: 0,
            limit,
        }
    }

    /// Takes what was printed, and hands over each exposition that ends in it: by an empty line,
    /// or by `# EOF`. Empty ones are passed over.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), TooLong> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.held.extend_from_slice(piece);
            if self.held.len() > self.limit {
                return Err(TooLong);
            }
            if !piece.ends_with(b"\n") {
                break;
            }
            let (before, line) = self.held.split_at(self.line);
            match line.trim_ascii() {
                b"" if before.is_empty() => {}
                b"" => take(before),
                b"# EOF" => take(&self.held),
                _ => {
                    self.line = self.held.len();
                    continue;
                }
            }
            self.held.clear();
            self.line = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut taken) = (Splitter::new(1_000), Vec::new());
        for piece in pieces {
            let take = |text: &[u8]| taken.push(String::from_utf8_lossy(text).into_owned());
            splitter.push(piece, take).unwrap();
        }
        taken
    }

    #[test]
    fn an_empty_line_or_the_end_mark_ends_an_exposition() {
        let text = b"\n\na 1\nb 2\n\na 3\n# EOF\n\n# EOF\na 4\n";
        assert_eq!(split(&[text]), ["a 1\nb 2\n", "a 3\n# EOF\n", "# EOF\n"]);
        assert_eq!(split(&[b"a 1", b"\n", b"\n"]), ["a 1\n"]);
    }

    #[test]
    fn what_never_ends_is_too_long() {
        let mut splitter = Splitter::new(4);
        assert_eq!(splitter.push(b"a 1\n\na 1\n\n", |_| {}), Err(TooLong));
        let mut splitter = Splitter::new(5);
        assert_eq!(splitter.push(b"a 1\n\na 1\n\n", |_| {}), Ok(()));
        assert_eq!(splitter.push(b"a 1 \n", |_| {}), Ok(()));
        assert_eq!(splitter.push(b"a", |_| {}), Err(TooLong));
    }

    proptest! {
        #[test]
        fn where_the_pieces_end_changes_nothing(
            lines in vec("(|a 1|# EOF|b)\n?", 0..20),
            cuts in vec(any::<prop::sample::Index>(), 0..5),
        ) {
            let text = lines.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(split(&pieces), split(&[&text]));
        }
    }
}
