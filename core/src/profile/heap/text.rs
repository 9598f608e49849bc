//! jemalloc's text of a heap profile.
//!
//! ```text
//! heap_v2/524288                        bytes from one sample to the next, on average
//!   t*: 28: 1048 [0: 0]                 all threads: live objects, their bytes [and what was
//!   t3: 28: 1048 [0: 0] name              allocated since the start, where that is kept]
//! @ 0x5556a1 0x5556b2 0x7fe0c3          return addresses, the innermost call first
//!   t*: 13: 668 [0: 0]                  what this stack has allocated
//!   t3: 12: 652 [0: 0]                  ... and each thread of it
//!
//! MAPPED_LIBRARIES:                     /proc/self/maps, to the end
//! ```
//!
//! Source: `prof_dump_*` in `src/prof_data.c` of jemalloc 5.3. The numbers are those of samples:
//! [`super::scale`] makes estimates of them.

use std::io::{self, BufRead, Read as _};

use thiserror::Error;

/// A line is at most this long: a stack has at most 128 calls unless jemalloc is told otherwise.
const LINE: u64 = 64 << 10;

const MAGIC: &str = "heap_v2/";
const ALL_THREADS: &str = "t*:";
const MAPPINGS: &str = "MAPPED_LIBRARIES:";

/// What was sampled and is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sampled {
    /// Bytes from one sample to the next, on average; not 0.
    pub(super) interval: u64,
    /// Each stack once.
    pub(super) stacks: Vec<Stack>,
}

/// Samples that have the same calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stack {
    /// Return addresses, the innermost call first.
    pub(super) calls: Vec<u64>,
    /// How many objects.
    pub(super) objects: u64,
    /// How many bytes they have together.
    pub(super) bytes: u64,
}

/// Why such a text cannot be read.
#[derive(Debug, Error)]
pub enum TextError {
    /// The system refused to give it.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It is of another version.
    #[error("it begins with {0:?} and not with {MAGIC:?} and an interval")]
    Version(String),
    /// A line is not what its place calls for.
    #[error("line {0} cannot be understood")]
    Line(usize),
}

/// Reads the text.
pub(super) fn read(text: impl BufRead) -> Result<Sampled, TextError> {
    let mut lines = Lines { text, number: 0 };
    let head = lines.next()?.unwrap_or_default();
    let interval = head.strip_prefix(MAGIC).and_then(|rest| rest.parse().ok());
    let interval = interval.filter(|&interval| interval > 0);
    let interval = interval.ok_or_else(|| TextError::Version(head.chars().take(40).collect()))?;
    let mut stacks = Vec::new();
    while let Some(line) = lines.next()? {
        if line == MAPPINGS {
            break;
        }
        // The other lines are sums, and shares of threads.
        let Some(calls) = line.strip_prefix('@') else {
            continue;
        };
        let calls = addresses(calls).ok_or(TextError::Line(lines.number))?;
        let line = lines.next()?.unwrap_or_default();
        let (objects, bytes) = counts(&line).ok_or(TextError::Line(lines.number))?;
        stacks.push(Stack {
            calls,
            objects,
            bytes,
        });
    }
    Ok(Sampled { interval, stacks })
}

struct Lines<R> {
    text: R,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    /// The next line without what is around it; nothing at the end.
    fn next(&mut self) -> Result<Option<String>, TextError> {
        let mut line = Vec::new();
        self.number += 1;
        let length = self.text.by_ref().take(LINE).read_until(b'\n', &mut line)?;
        if length as u64 == LINE && !line.ends_with(b"\n") {
            return Err(TextError::Line(self.number));
        }
        let line = String::from_utf8_lossy(&line);
        Ok((length > 0).then(|| line.trim().to_owned()))
    }
}

/// ` 0x1a 0x2b`
fn addresses(text: &str) -> Option<Vec<u64>> {
    let numbers = text.split_ascii_whitespace();
    numbers
        .map(|number| u64::from_str_radix(number.strip_prefix("0x")?, 16).ok())
        .collect()
}

/// `t*: OBJECTS: BYTES [...]`
fn counts(line: &str) -> Option<(u64, u64)> {
    let (objects, rest) = line.strip_prefix(ALL_THREADS)?.split_once(':')?;
    let bytes = rest.split_ascii_whitespace().next()?;
    Some((objects.trim().parse().ok()?, bytes.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stacks_are_read_and_shares_of_threads_are_not() {
        let text = "heap_v2/524288\n  t*: 28: 1048 [0: 0]\n  t3: 28: 1048 [0: 0] a name\n\
                    @ 0x1a 0xffffffffffffffff\n  t*: 13: 668 [20: 1000]\n  t3: 13: 668 [20: 1000]\n\
                    @\n  t*: 15: 380 [0: 0]\n  t3: 15: 380 [0: 0]\n\n\
                    MAPPED_LIBRARIES:\n@ no address\n";
        let sampled = read(text.as_bytes()).unwrap();
        assert_eq!(sampled.interval, 524_288);
        let stack = |calls: &[u64], objects, bytes| Stack {
            calls: calls.to_vec(),
            objects,
            bytes,
        };
        assert_eq!(
            sampled.stacks,
            [stack(&[0x1a, u64::MAX], 13, 668), stack(&[], 15, 380)]
        );
    }

    #[test]
    fn other_texts_are_refused_with_the_line() {
        let refused = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(refused("").contains("heap_v2/"));
        assert!(refused("heap_v3/524288\n").contains("\"heap_v3/524288\""));
        assert!(refused("heap_v2/0\n").contains("\"heap_v2/0\""));
        assert_eq!(refused("heap_v2/1\n@ 12\n"), "line 2 cannot be understood");
        assert_eq!(refused("heap_v2/1\n@ 0x1"), "line 3 cannot be understood");
        assert_eq!(
            refused("heap_v2/1\n@ 0x1\n t*: 1:\n"),
            "line 3 cannot be understood"
        );
        assert_eq!(
            refused("heap_v2/1\n@ 0x1\n t3: 1: 1\n"),
            "line 3 cannot be understood"
        );
        let long = "x".repeat(70_000);
        assert_eq!(
            refused(&format!("heap_v2/1\n{long}\n")),
            "line 2 cannot be understood"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            interval in 1..u64::MAX,
            stacks in proptest::collection::vec(
                (proptest::collection::vec(any::<u64>(), 0..130), any::<u64>(), any::<u64>()),
                0..20,
            ),
        ) {
            let mut text = format!("heap_v2/{interval}\n  t*: 1: 2 [3: 4]\n");
            for (calls, objects, bytes) in &stacks {
                let calls: Vec<_> = calls.iter().map(|call| format!(" {call:#x}")).collect();
                let calls = calls.concat();
                write!(text, "@{calls}\n  t*: {objects}: {bytes} [0: 0]\n  t9: 0: 0 [0: 0]\n").unwrap();
            }
            text.push_str("\nMAPPED_LIBRARIES:\n");
            let stacks = stacks.into_iter().map(|(calls, objects, bytes)| Stack { calls, objects, bytes });
            let expected = Sampled { interval, stacks: stacks.collect() };
            prop_assert_eq!(read(text.as_bytes()).unwrap(), expected);
        }

        #[test]
        fn no_text_panics(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(text.as_slice());
            let _ = read([b"heap_v2/1\n@ 0x1\nt*:", text.as_slice()].concat().as_slice());
        }
    }
}
