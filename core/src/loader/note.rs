//! Reads the ABI note; [`gaxx_abi::note`] has its form.

use gaxx_abi::note::{KIND, OWNER};

use super::{elf::Library, error::Refusal, text};

/// What a library says of itself without being loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// Major and minor version of the ABI.
    pub(super) abi: (u16, u16),
    /// Bits of [`gaxx_abi::note`].
    pub(super) flags: u8,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: String,
    /// Version of the SDK; empty where none was used.
    pub(super) sdk: String,
}

impl Note {
    /// Finds and reads the one note of a library.
    pub(super) fn of(library: &Library<'_>) -> Result<Self, Refusal> {
        let mut notes = library.notes(OWNER, KIND);
        let descriptor = notes.next().ok_or(Refusal::NoNote)?;
        if notes.next().is_some() {
            return Err(Refusal::BadNote("the library holds several plugins"));
        }
        Self::read(descriptor)
    }

    /// Reads a descriptor, and judges what it says.
    pub(super) fn read(descriptor: &[u8]) -> Result<Self, Refusal> {
        let mut rest = Rest(descriptor);
        let format = rest.number()?;
        let abi = (rest.number()?, rest.number()?);
        // Before all else: another major version may lay the rest out anew.
        if abi.0 != gaxx_abi::MAJOR {
            return Err(Refusal::WrongAbi {
                found: abi.0,
                supported: gaxx_abi::MAJOR,
            });
        }
        if format == 0 {
            return Err(Refusal::BadNote("its format is 0"));
        }
        let [flags, _reserved] = rest.number()?.to_le_bytes();
        let note = Self {
            abi,
            flags,
            name: rest.text()?,
            version: rest.text()?,
            description: rest.text()?,
            sdk: rest.text()?,
        };
        note.judge()?;
        Ok(note)
    }

    fn judge(&self) -> Result<(), Refusal> {
        if !text::is_name(&self.name) {
            let shown = self.name.chars().take(text::MAX_NAME).collect();
            return Err(Refusal::BadName(shown));
        }
        for (what, value, most) in [
            ("version", &self.version, text::MAX_VERSION),
            ("description", &self.description, text::MAX_DESCRIPTION),
            ("SDK version", &self.sdk, text::MAX_VERSION),
        ] {
            if !text::is_line(value, most) {
                return Err(Refusal::BadText(what));
            }
        }
        Ok(())
    }
}

/// What of a descriptor is not yet read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn number(&mut self) -> Result<u16, Refusal> {
        let (number, rest) = self.0.split_first_chunk().ok_or(CUT)?;
        self.0 = rest;
        Ok(u16::from_le_bytes(*number))
    }

    fn text(&mut self) -> Result<String, Refusal> {
        let length = usize::from(self.number()?);
        let (text, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        let text = str::from_utf8(text).map_err(|_| Refusal::BadNote("a text is not UTF-8"))?;
        Ok(text.to_owned())
    }
}

const CUT: Refusal = Refusal::BadNote("it ends too early");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const TEXTS: [&str; 4] = ["tcp-port", "1.2.3", "Größe", "0.1.0"];
    const LENGTH: usize = gaxx_abi::note::length(TEXTS);
    /// What stands before the descriptor.
    const HEADER: usize = 20;

    fn descriptor(flags: u8) -> Vec<u8> {
        gaxx_abi::note::Note::<LENGTH>::new(TEXTS, flags).0[HEADER..].to_vec()
    }

    #[test]
    fn reads_what_the_abi_writes() {
        let note = Note::read(&descriptor(gaxx_abi::note::DEBUG)).unwrap();
        assert_eq!(note.abi, (gaxx_abi::MAJOR, gaxx_abi::MINOR));
        assert_eq!(note.flags, gaxx_abi::note::DEBUG);
        let texts = [&note.name, &note.version, &note.description, &note.sdk];
        assert_eq!(texts, TEXTS);
    }

    #[test]
    fn later_formats_and_minors_are_read() {
        let mut later = descriptor(0);
        later[0] = 7;
        later[4] = 9;
        later.extend([1, 2, 3]);
        assert_eq!(Note::read(&later).unwrap().abi.1, 9);
    }

    #[test]
    fn another_major_is_refused_before_its_texts_are_read() {
        let refusal = Note::read(&[9, 0, 2, 0, 0, 0]).unwrap_err();
        let expected = Refusal::WrongAbi {
            found: 2,
            supported: gaxx_abi::MAJOR,
        };
        assert_eq!(refusal, expected);
        assert_eq!(refusal.remedy(), "update gaxx-mon");
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = descriptor(0);
        // What follows pads the note to four bytes.
        let used = 8 + TEXTS.iter().map(|text| 2 + text.len()).sum::<usize>();
        for end in 0..used {
            assert!(Note::read(&whole[..end]).is_err(), "{end}");
        }
        assert!(Note::read(&whole[..used]).is_ok());
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = Note::read(&bytes);
        }

        #[test]
        fn never_panics_on_a_near_note(at in 0..LENGTH - HEADER, byte: u8) {
            let mut bytes = descriptor(0);
            bytes[at] = byte;
            let _ = Note::read(&bytes);
        }

        /// Random texts, in the form that the ABI crate writes.
        #[test]
        fn round_trips(name in "[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,5}){0,3}", version in "[!-~]{0,64}",
                       description in "[^\\p{Cc}]{0,200}", flags in 0..=1u8) {
            let texts = [&name, &version, &description, "0.1.0"];
            let mut bytes = descriptor(flags << 1)[..8].to_vec();
            for text in texts {
                bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
                bytes.extend(text.as_bytes());
            }
            let note = Note::read(&bytes).unwrap();
            prop_assert_eq!(
                [&*note.name, &*note.version, &*note.description, &*note.sdk],
                [&*name, &*version, &*description, "0.1.0"]
            );
            prop_assert_eq!(note.flags, flags << 1);
        }
    }
}
