//! The chain: each line names the hash of the one before.
//!
//! A line is `{"seq":N,"time":"…","prev":"…","component":"…",` and the record's own fields, in this
//! order and with nothing between. `prev` is the BLAKE3 hash of the line before with its newline, as
//! 64 hexadecimal digits; of the first line ever it is zeros.

use std::{io::Write, time::SystemTime};

use blake3::Hash;
use serde::{Deserialize, de::IgnoredAny};

/// What stands as component in the log's own records. No component of a plugin is called so: theirs
/// have a slash.
pub(super) const OWN: &str = "gaxx-mon";

/// The longest line, in bytes: a record, and what is put in front.
pub(super) const LONGEST_LINE: usize = super::record::LONGEST + 1024;

/// The last record of a log, or of a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// Its number.
    pub(super) seq: u64,
    /// The hash of its line.
    pub(super) hash: Hash,
}

impl Link {
    /// What is before the first record.
    pub(super) const START: Self = Self {
        seq: 0,
        hash: Hash::from_bytes([0; 32]),
    };

    /// The number of the record that comes next.
    pub(super) fn next(self) -> u64 {
        self.seq.saturating_add(1)
    }

    /// Writes the next line.
    pub(super) fn write(self, component: &str, fields: &str, out: &mut Vec<u8>) -> Self {
        let begin = out.len();
        let (seq, prev) = (self.next(), self.hash.to_hex());
        let time = humantime::format_rfc3339_nanos(SystemTime::now());
        let component = serde_json::Value::from(component);
        let comma = if fields.is_empty() { "" } else { "," };
        // Writing to memory does not fail.
        let _ = writeln!(
            out,
            r#"{{"seq":{seq},"time":"{time}","prev":"{prev}","component":{component}{comma}{fields}}}"#
        );
        Self::of(seq, out.get(begin..).unwrap_or_default())
    }

    /// The link that a line is.
    pub(super) fn of(seq: u64, line: &[u8]) -> Self {
        Self {
            seq,
            hash: blake3::hash(line),
        }
    }

    /// Whether a line of this front comes next.
    pub(super) fn is_before(self, front: &Front) -> bool {
        self.next() == front.seq && self.hash == front.prev
    }
}

/// What the log has put in front of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Front {
    pub(super) seq: u64,
    pub(super) prev: Hash,
}

/// Reads a line, which ends in a newline; nothing where it is not a record of this log.
pub(super) fn front(line: &[u8]) -> Option<Front> {
    let line = line.strip_suffix(b"\n")?;
    let rest = line.strip_prefix(br#"{"seq":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(digits)?;
    if digits.first() == Some(&b'0') {
        return None;
    }
    let seq = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let rest = rest.strip_prefix(br#","time":""#)?;
    let time = rest.iter().position(|byte| *byte == b'"')?;
    let (_, rest) = rest.split_at_checked(time)?;
    let (prev, rest) = rest.strip_prefix(br#"","prev":""#)?.split_at_checked(64)?;
    rest.strip_prefix(br#"","component":""#)?;
    serde_json::from_slice::<IgnoredAny>(line).ok()?;
    Some(Front {
        seq,
        prev: Hash::from_hex(prev).ok()?,
    })
}

/// Why a file of the log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Reason {
    /// There was no log.
    First,
    /// The file before was full.
    Rotation,
    /// The file before could not be made durable. What it holds behind the record that this one
    /// follows was told to nobody as recorded, and does not count.
    Failure,
    /// What was found at a start, or read back, was not what had been written.
    Damage,
}

impl Reason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Rotation => "rotation",
            Self::Failure => "failure",
            Self::Damage => "damage",
        }
    }
}

/// The first record of each file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) front: Front,
    pub(super) reason: Reason,
    /// The first record that is kept: those before were dropped by rotation.
    pub(super) oldest: u64,
    /// What was damaged.
    pub(super) damage: Option<String>,
}

/// The event of a header.
const BEGIN: &str = "audit.begin";

impl Header {
    /// Its fields.
    pub(super) fn fields(reason: Reason, oldest: u64, damage: Option<&str>) -> String {
        let word = reason.word();
        let fields = format!(r#""event":"{BEGIN}","reason":"{word}","oldest":{oldest}"#);
        match damage {
            None => fields,
            Some(damage) => format!(r#"{fields},"damage":{}"#, serde_json::Value::from(damage)),
        }
    }

    /// Reads a file's first line.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Fields {
            component: String,
            event: String,
            reason: Reason,
            oldest: u64,
            damage: Option<String>,
        }
        let front = front(line)?;
        let fields: Fields = serde_json::from_slice(line).ok()?;
        (fields.component == OWN && fields.event == BEGIN).then_some(Self {
            front,
            reason: fields.reason,
            oldest: fields.oldest,
            damage: fields.damage,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_has_the_log_s_own_fields_in_front_and_names_the_one_before() {
        let mut out = Vec::new();
        let first = Link::START.write(OWN, &Header::fields(Reason::First, 1, None), &mut out);
        let begin = out.len();
        let second = first.write("agent-exec/exec", r#""event":"exec.start""#, &mut out);
        let text = std::str::from_utf8(&out[begin..]).unwrap();
        assert!(text.starts_with(r#"{"seq":2,"time":"2"#), "{text}");
        let prev = blake3::hash(&out[..begin]).to_hex();
        let rest =
            format!(r#"Z","prev":"{prev}","component":"agent-exec/exec","event":"exec.start"}}"#);
        assert!(text.ends_with(&(rest + "\n")), "{text}");
        let header = Header::read(&out[..begin]).unwrap();
        assert_eq!((header.reason, header.oldest), (Reason::First, 1));
        assert!(Link::START.is_before(&header.front));
        assert!(first.is_before(&front(&out[begin..]).unwrap()));
        assert_eq!(second.seq, 2);
        assert!(Header::read(&out[begin..]).is_none());
    }

    #[test]
    fn a_record_without_fields_is_a_line() {
        let mut out = Vec::new();
        Link::START.write("a/b", "", &mut out);
        assert!(front(&out).is_some());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_line_or_none(bytes in any::<Vec<u8>>()) {
            let _ = front(&bytes);
            let mut line = br#"{"seq":1,"time":""#.to_vec();
            line.extend(bytes);
            let _ = (front(&line), Header::read(&line));
        }
    }
}
