//! What a child prints, on its way into the log.

use std::{
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::io::read;

use super::allowance::Allowance;
use crate::plugin::text::one_line;

/// Lines a second, and at once. What is over is left out of the log.
const LINES: u32 = 10;
const LINES_AT_ONCE: u32 = 100;
/// Bytes a second, and at once. What is over stays in the pipe, and the child waits when that is
/// full.
const BYTES: u32 = 1 << 20;
const BYTES_AT_ONCE: u32 = 4 << 20;
/// What is taken at once.
const PIECE: usize = 16 << 10;
/// A longer line is cut, in bytes.
const LONGEST: usize = 4 << 10;
/// So begins what the standard library prints behind a panic or an abort. It says nothing of the
/// plugin, and nobody can change a child's environment.
const ADVICE: &str = "note: run with `RUST_BACKTRACE=";
/// A line that came longer ago than that before the end says nothing of the end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a child prints.
#[derive(Debug)]
pub(in crate::isolation) struct Output {
    plugin: String,
    /// As a sentence begins with it.
    who: String,
    pipe: Option<OwnedFd>,
    line: Vec<u8>,
    last: Option<(Instant, String)>,
    lines: Allowance,
    left_out: bool,
    bytes: Allowance,
}

impl Output {
    /// What comes from this pipe, which does not block. `who` of the plugin's prints it stands in
    /// the log: `its process`.
    pub(in crate::isolation) fn new(plugin: &str, who: impl Into<String>, pipe: OwnedFd) -> Self {
        let now = Instant::now();
        Self {
            plugin: plugin.to_owned(),
            who: who.into(),
            pipe: Some(pipe),
            line: Vec::new(),
            last: None,
            lines: Allowance::new(LINES, LINES_AT_ONCE, now),
            left_out: false,
            bytes: Allowance::new(BYTES, BYTES_AT_ONCE, now),
        }
    }

    /// The pipe; nothing after its end.
    pub(in crate::isolation) fn pipe(&self) -> Option<&OwnedFd> {
        self.pipe.as_ref()
    }

    /// Whether more may be taken now.
    pub(in crate::isolation) fn may_read(&mut self, now: Instant) -> bool {
        self.bytes.has_some(now)
    }

    /// Takes what is there, up to some kilobytes; answers whether there was anything.
    pub(in crate::isolation) fn step(&mut self, now: Instant) -> bool {
        let Some(pipe) = &self.pipe else {
            return false;
        };
        let mut room = [0; PIECE];
        match read(pipe, &mut room) {
            Ok(0) => self.pipe = None,
            Ok(count) => {
                self.bytes.spend(count, now);
                self.take(&room[..count], now);
                return true;
            }
            // Nothing is there, or it is disturbed.
            Err(_) => {}
        }
        false
    }

    /// Takes what the process left that has gone, and answers its last line if it came just now.
    pub(in crate::isolation) fn finish(mut self) -> Option<String> {
        let now = Instant::now();
        // A process that it started may go on printing.
        for _ in 0..16 {
            if !self.step(now) {
                break;
            }
        }
        self.end_of_line(now);
        let (at, line) = self.last?;
        (now.saturating_duration_since(at) < LAST_WORDS).then_some(line)
    }

    fn take(&mut self, bytes: &[u8], now: Instant) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LONGEST.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                self.end_of_line(now);
            }
        }
    }

    fn end_of_line(&mut self, now: Instant) {
        let line = one_line(String::from_utf8_lossy(&self.line).trim(), LONGEST);
        self.line.clear();
        if line.is_empty() || line.starts_with(ADVICE) {
            return;
        }
        let (plugin, who) = (&self.plugin, &self.who);
        if self.lines.take(1, now) {
            self.left_out = false;
            tracing::warn!(plugin, "{who} printed: {line}");
        } else if !self.left_out {
            self.left_out = true;
            tracing::warn!(
                plugin,
                "{who} prints more than {LINES} lines a second: some are left out"
            );
        }
        self.last = Some((now, line));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{self, PipeWriter, Write};

    use rustix::fs::{OFlags, fcntl_setfl};

    use super::*;

    fn output() -> (PipeWriter, Output) {
        let (read, write) = io::pipe().unwrap();
        fcntl_setfl(&read, OFlags::NONBLOCK).unwrap();
        (write, Output::new("demo", "its process", read.into()))
    }

    #[test]
    fn the_last_line_is_kept_whole_or_not() {
        let (mut pipe, mut output) = output();
        pipe.write_all(b"one\ntw").unwrap();
        assert!(output.step(Instant::now()));
        assert_eq!(output.last.as_ref().unwrap().1, "one");
        pipe.write_all(b"o\n\n \nthree\x1b[2J").unwrap();
        // Somebody else still has the other end.
        assert_eq!(output.finish().unwrap(), "three [2J");
    }

    #[test]
    fn advice_to_look_closer_is_not_the_last_word() {
        let (mut pipe, output) = output();
        let said = "memory allocation of 7 bytes failed";
        let text = format!("{said}\n{ADVICE}1` environment variable to display a backtrace\n");
        pipe.write_all(text.as_bytes()).unwrap();
        assert_eq!(output.finish().unwrap(), said);
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let (mut pipe, mut output) = output();
        for _ in 0..10 {
            pipe.write_all(&[b'x'; 5000]).unwrap();
            while output.step(Instant::now()) {}
        }
        assert!(output.line.len() == LONGEST && output.line.capacity() <= 4 * LONGEST);
        drop(pipe);
        assert_eq!(output.finish().unwrap().len(), LONGEST);
    }

    #[test]
    fn old_lines_say_nothing_of_the_end() {
        let (mut pipe, mut output) = output();
        pipe.write_all(b"long ago\n").unwrap();
        let long_ago = Instant::now().checked_sub(2 * LAST_WORDS).unwrap();
        assert!(output.step(long_ago));
        assert_eq!(output.finish(), None);
    }

    #[test]
    fn who_prints_too_much_waits() {
        let (mut pipe, mut output) = output();
        let now = Instant::now();
        let mut taken = 0;
        while output.may_read(now) {
            pipe.write_all(&[b'\n'; PIECE]).unwrap();
            output.step(now);
            taken += PIECE;
        }
        assert_eq!(taken, BYTES_AT_ONCE as usize);
        assert!(output.may_read(now + Duration::from_secs(1)));
    }
}
