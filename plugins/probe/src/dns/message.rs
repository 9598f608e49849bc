//! Questions and answers of DNS, as far as addresses need them.
//!
//! <https://www.rfc-editor.org/rfc/rfc1035>

use std::net::IpAddr;

use super::Record;

/// Bytes before the question.
const HEAD: usize = 12;
/// The class of the Internet.
const INTERNET: u16 = 1;
/// That the server is to ask others.
const RECURSE: u16 = 0x0100;
/// That it is an answer.
const IS_ANSWER: u16 = 0x8000;
/// That there was more than fits.
const CUT_OFF: u16 = 0x0200;

/// A question for a name's addresses.
pub(super) struct Question<'a> {
    pub(super) number: u16,
    pub(super) name: &'a str,
    pub(super) record: Record,
}

/// What a server says to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Those of the name, and of the names that it stands for.
    Addresses(Vec<IpAddr>),
    /// That it does not know, and why.
    Refused(String),
}

/// Whether a text is a name that can be asked for.
pub(super) fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.is_ascii();
    name.len() <= 253 && name.split('.').all(is_label)
}

impl Record {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
        }
    }
}

impl Question<'_> {
    /// As it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.name.len() + 6);
        for word in [self.number, RECURSE, 1, 0, 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(self.section());
        bytes
    }

    fn section(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for label in self.name.trim_end_matches('.').split('.') {
            bytes.push(u8::try_from(label.len()).unwrap_or(63));
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend(self.record.number().to_be_bytes());
        bytes.extend(INTERNET.to_be_bytes());
        bytes
    }

    /// What the bytes answer to it; nothing where they do not.
    pub(super) fn read(&self, bytes: &[u8]) -> Option<Answer> {
        let mut reader = Reader { bytes, at: 0 };
        let [number, flags, questions, answers] = [(); 4].map(|()| reader.word());
        if number? != self.number || flags? & IS_ANSWER == 0 || questions? != 1 {
            return None;
        }
        reader.take(HEAD - 8)?;
        let section = self.section();
        // Servers may give the letters back in another case.
        if !reader.take(section.len())?.eq_ignore_ascii_case(&section) {
            return None;
        }
        match flags? & 0xf {
            0 => {}
            2 => return Some(Answer::Refused("it failed".to_owned())),
            3 => return Some(Answer::Refused("there is no such name".to_owned())),
            5 => return Some(Answer::Refused("it refuses".to_owned())),
            code => return Some(Answer::Refused(format!("error {code}"))),
        }
        let mut addresses = Vec::new();
        for _ in 0..answers? {
            if self.record(&mut reader, &mut addresses).is_none() {
                // What fits is there.
                return (flags? & CUT_OFF != 0).then_some(Answer::Addresses(addresses));
            }
        }
        Some(Answer::Addresses(addresses))
    }

    /// Reads the next record, and takes its address if it is of the kind that was asked for.
    fn record(&self, reader: &mut Reader<'_>, addresses: &mut Vec<IpAddr>) -> Option<()> {
        reader.skip_name()?;
        let (kind, class) = (reader.word()?, reader.word()?);
        reader.take(4)?;
        let length = reader.word()? as usize;
        let data = reader.take(length)?;
        if kind == self.record.number() && class == INTERNET {
            addresses.push(match self.record {
                Record::A => <[u8; 4]>::try_from(data).ok()?.into(),
                Record::Aaaa => <[u8; 16]>::try_from(data).ok()?.into(),
            });
        }
        Some(())
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.try_into().ok()?;
        Some(u16::from_be_bytes(bytes))
    }

    /// A name ends with an empty label, or with a pointer to where it goes on.
    fn skip_name(&mut self) -> Option<()> {
        loop {
            match *self.take(1)?.first()? {
                0 => return Some(()),
                length @ 1..=63 => self.take(length as usize).map(drop)?,
                0xc0.. => return self.take(1).map(drop),
                _ => return None,
            }
        }
    }
}
