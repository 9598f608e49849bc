//! pprof's format: gzip around protocol buffers.
//!
//! The format is that of [profile.proto](https://github.com/google/pprof/blob/main/proto/profile.proto).

use std::{collections::HashMap, io::Read};

use flate2::read::GzDecoder;
use pprof::protos::{self, Message};

/// The longest profile, in bytes as it is without compression.
const LONGEST: u64 = 64 << 20;

/// Why the bytes are no profile.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    /// They cannot be decompressed.
    #[error(
        "what came is not whole, or no profile: it cannot be decompressed ({0}): look whether gaxx-mon answers there, and fetch it again"
    )]
    Gzip(std::io::Error),
    /// There are too many.
    #[error(
        "the profile is longer than {LONGEST} bytes: fetch it with fewer --seconds or a lower --hz"
    )]
    Long,
    /// They are no protocol buffers of a profile.
    #[error(
        "what came is no profile that can be understood ({0}): look whether the node's version fits this one, {version}",
        version = crate::build::VERSION
    )]
    Malformed(String),
}

/// A profile that refers to nothing that it does not have.
#[derive(Debug)]
pub(super) struct Profile {
    raw: protos::Profile,
    /// Places in the profile's lists, by id.
    locations: HashMap<u64, usize>,
    functions: HashMap<u64, usize>,
    mappings: HashMap<u64, usize>,
}

/// A call on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Frame<'a> {
    /// The function; none where the node found no name.
    pub(super) function: Option<&'a str>,
    /// Its source file; where it has no name, the file that it was loaded from.
    pub(super) file: &'a str,
    pub(super) line: i64,
}

/// Reads a compressed profile.
pub(super) fn decode(bytes: &[u8]) -> Result<Profile, DecodeError> {
    let mut whole = Vec::new();
    let mut reader = GzDecoder::new(bytes).take(LONGEST + 1);
    reader.read_to_end(&mut whole).map_err(DecodeError::Gzip)?;
    if whole.len() as u64 > LONGEST {
        return Err(DecodeError::Long);
    }
    let raw = protos::Profile::decode(whole.as_slice());
    let raw = raw.map_err(|error| DecodeError::Malformed(error.to_string()))?;
    Profile::checked(raw).map_err(|what| DecodeError::Malformed(format!("{what} is missing")))
}

impl Profile {
    /// The profile, unless it refers to something that it does not have.
    fn checked(raw: protos::Profile) -> Result<Self, &'static str> {
        let places = |ids: Vec<u64>| ids.into_iter().zip(0..).collect::<HashMap<_, _>>();
        let profile = Self {
            locations: places(raw.location.iter().map(|it| it.id).collect()),
            functions: places(raw.function.iter().map(|it| it.id).collect()),
            mappings: places(raw.mapping.iter().map(|it| it.id).collect()),
            raw,
        };
        profile.check().map(|()| profile)
    }

    fn check(&self) -> Result<(), &'static str> {
        let raw = &self.raw;
        let types = raw.sample_type.iter().flat_map(|it| [it.ty, it.unit]);
        let functions = raw.function.iter();
        let functions = functions.flat_map(|it| [it.name, it.system_name, it.filename]);
        let labels = raw.sample.iter().flat_map(|sample| &sample.label);
        let labels = labels.flat_map(|it| [it.key, it.str]);
        let files = raw.mapping.iter().map(|it| it.filename);
        let mut texts = types.chain(functions).chain(labels).chain(files);
        let known = 0..i64::try_from(raw.string_table.len()).unwrap_or(i64::MAX);
        // Profiles without any text have no table, not even the empty text.
        if !texts.all(|index| index == 0 || known.contains(&index)) {
            return Err("a text");
        }
        let width = raw.sample_type.len();
        if width == 0 {
            return Err("what is measured");
        }
        if !raw.sample.iter().all(|sample| sample.value.len() == width) {
            return Err("a value");
        }
        let mut locations = raw.sample.iter().flat_map(|sample| &sample.location_id);
        if !locations.all(|id| self.locations.contains_key(id)) {
            return Err("a location");
        }
        let mut lines = raw.location.iter().flat_map(|location| &location.line);
        if !lines.all(|line| self.functions.contains_key(&line.function_id)) {
            return Err("a function");
        }
        Ok(())
    }

    /// What is measured, with its unit, in the order of the values.
    pub(super) fn types(&self) -> impl Iterator<Item = (&str, &str)> {
        let types = self.raw.sample_type.iter();
        types.map(|it| (self.text(it.ty), self.text(it.unit)))
    }

    /// Which of the types is looked at unless one says so: the profile's own choice, else the last.
    pub(super) fn default_type(&self) -> usize {
        let wanted = self.text(self.raw.default_sample_type);
        let chosen = self.types().position(|(name, _)| name == wanted);
        chosen.unwrap_or(self.raw.sample_type.len().saturating_sub(1))
    }

    /// How long it took, in nanoseconds; 0 where that makes no sense.
    pub(super) fn nanoseconds(&self) -> i64 {
        self.raw.duration_nanos.max(0)
    }

    pub(super) fn samples(&self) -> &[protos::Sample] {
        &self.raw.sample
    }

    /// The calls of a sample, the innermost first.
    pub(super) fn frames<'a>(
        &'a self,
        sample: &'a protos::Sample,
    ) -> impl Iterator<Item = Frame<'a>> {
        let locations = sample.location_id.iter();
        let locations = locations.filter_map(|id| self.raw.location.get(*self.locations.get(id)?));
        locations.flat_map(|location| {
            let lines = location.line.iter().map(|line| self.frame(line));
            let bare = location.line.is_empty().then(|| self.bare(location));
            lines.chain(bare)
        })
    }

    fn frame(&self, line: &protos::Line) -> Frame<'_> {
        let place = self.functions.get(&line.function_id);
        let function = place.and_then(|place| self.raw.function.get(*place));
        let texts = function.map(|it| [it.name, it.system_name, it.filename]);
        let [name, system, file] = texts.unwrap_or_default().map(|index| self.text(index));
        Frame {
            function: [name, system].into_iter().find(|name| !name.is_empty()),
            file,
            line: line.line,
        }
    }

    /// A call whose function is not known.
    fn bare(&self, location: &protos::Location) -> Frame<'_> {
        let place = self.mappings.get(&location.mapping_id);
        let mapping = place.and_then(|place| self.raw.mapping.get(*place));
        Frame {
            function: None,
            file: mapping.map_or("", |mapping| self.text(mapping.filename)),
            line: 0,
        }
    }

    /// The value of a label of a sample; empty where it has none of this name.
    pub(super) fn label(&self, sample: &protos::Sample, key: &str) -> String {
        let label = sample.label.iter().find(|it| self.text(it.key) == key);
        label.map_or_else(String::new, |label| match self.text(label.str) {
            "" => label.num.to_string(),
            text => text.to_owned(),
        })
    }

    fn text(&self, index: i64) -> &str {
        let place = usize::try_from(index).ok();
        place
            .and_then(|place| self.raw.string_table.get(place))
            .map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::cli::client::profile::testing::{Made, compressed, encoded};

    fn refused(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().to_string()
    }

    fn made() -> Made {
        let mut made = Made::new(&[("samples", "count"), ("cpu", "nanoseconds")], "cpu");
        made.add(&["f", "g"], &[1, 10], &[("plugin", "p")]);
        made
    }

    #[test]
    fn stacks_values_and_labels_are_read() {
        let profile = decode(&made().finish()).unwrap();
        let types: Vec<_> = profile.types().collect();
        assert_eq!(types, [("samples", "count"), ("cpu", "nanoseconds")]);
        assert_eq!(profile.default_type(), 1);
        let [sample] = profile.samples() else {
            panic!("one was added")
        };
        let names: Vec<_> = profile.frames(sample).map(|it| it.function).collect();
        assert_eq!(names, [Some("f"), Some("g")]);
        assert_eq!(profile.label(sample, "plugin"), "p");
        assert_eq!(profile.label(sample, "component"), "");
    }

    #[test]
    fn inlined_calls_are_frames_and_calls_without_a_name_keep_their_file() {
        let mut made = made();
        let raw = &mut made.raw;
        let outer = raw.location[1].line.clone();
        raw.location[0].line.extend(outer);
        raw.location[1].line.clear();
        raw.location[1].mapping_id = 7;
        raw.string_table.push("/lib/libc.so".to_owned());
        raw.mapping.push(protos::Mapping {
            id: 7,
            filename: i64::try_from(raw.string_table.len() - 1).unwrap(),
            ..protos::Mapping::default()
        });
        let profile = decode(&made.finish()).unwrap();
        let frames = profile.frames(&profile.samples()[0]);
        let frames: Vec<_> = frames.map(|it| (it.function, it.file)).collect();
        let expected = [
            (Some("f"), "f.rs"),
            (Some("g"), "g.rs"),
            (None, "/lib/libc.so"),
        ];
        assert_eq!(frames, expected);
    }

    #[test]
    fn what_is_not_whole_is_said_so() {
        let bytes = made().finish();
        for cut in [0, 5, bytes.len() / 2, bytes.len() - 1] {
            assert!(refused(&bytes[..cut]).contains("not whole"), "{cut}");
        }
        assert!(refused(b"<html>").contains("cannot be decompressed"));
        assert!(refused(&compressed(b"<html>")).contains("can be understood"));
        assert!(refused(&compressed(b"")).contains("what is measured is missing"));
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let bytes = compressed(&vec![0; usize::try_from(LONGEST).unwrap() + 1]);
        assert!(bytes.len() < 1 << 20);
        assert!(refused(&bytes).contains("longer than"));
    }

    #[test]
    fn what_refers_to_nothing_is_refused() {
        type Spoil = fn(&mut protos::Profile);
        let spoil: [(&str, Spoil); 5] = [
            ("a text", |raw| raw.function[0].name = 99),
            ("a text", |raw| raw.sample[0].label[0].str = -1),
            ("a value", |raw| raw.sample[0].value.truncate(1)),
            ("a location", |raw| raw.sample[0].location_id.push(99)),
            ("a function", |raw| raw.location[0].line[0].function_id = 99),
        ];
        for (what, spoil) in spoil {
            let mut made = made();
            spoil(&mut made.raw);
            let error = refused(&made.finish());
            assert!(error.contains(&format!("{what} is missing")), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_profile_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
            let _ = decode(&compressed(&bytes));
        }

        #[test]
        fn a_spoilt_byte_does_no_harm(at: prop::sample::Index, with: u8) {
            let mut bytes = encoded(&made().raw);
            let at = at.index(bytes.len());
            bytes[at] = with;
            if let Ok(profile) = decode(&compressed(&bytes)) {
                for sample in profile.samples() {
                    prop_assert!(profile.frames(sample).count() < 1000);
                }
            }
        }
    }
}
