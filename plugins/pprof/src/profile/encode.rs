//! Into pprof's format.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use flate2::{Compression, write::GzEncoder};
use pprof::protos::{self, Message};

use super::{Function, Label, Location, Mapping, Profile, Sample, Text, ValueType};

/// Writes a profile, compressed.
pub(crate) fn encode(profile: &Profile) -> io::Result<Vec<u8>> {
    compressed(&coded(profile))
}

/// A profile as pprof's messages.
pub(crate) fn coded(profile: &Profile) -> protos::Profile {
    Texts::default().profile(profile)
}

/// pprof's messages as bytes, compressed.
pub(crate) fn compressed(coded: &protos::Profile) -> io::Result<Vec<u8>> {
    let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
    compressed.write_all(&coded.encode_to_vec())?;
    compressed.finish()
}

/// The texts so far, each once, with its number.
struct Texts {
    list: Vec<String>,
    numbers: HashMap<Text, i64>,
}

impl Default for Texts {
    /// The first one is empty.
    fn default() -> Self {
        Self {
            list: vec![String::new()],
            numbers: HashMap::from([("".into(), 0)]),
        }
    }
}

impl Texts {
    fn number(&mut self, text: &Text) -> i64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = number(self.list.len());
        self.list.push(text.to_string());
        self.numbers.insert(Text::clone(text), number);
        number
    }

    fn profile(&mut self, profile: &Profile) -> protos::Profile {
        let default = profile.types.get(profile.default_type);
        let period = profile.period.as_ref();
        let mut coded = protos::Profile {
            sample_type: profile.types.iter().map(|kind| self.kind(kind)).collect(),
            sample: profile.samples.iter().map(|it| self.sample(it)).collect(),
            mapping: numbered(&profile.mappings, |id, it| self.mapping(id, it)),
            location: numbered(&profile.locations, location),
            function: numbered(&profile.functions, |id, it| self.function(id, it)),
            string_table: Vec::new(),
            drop_frames: self.number(&profile.drop_frames),
            keep_frames: 0,
            time_nanos: profile.time_nanos,
            duration_nanos: i64::try_from(profile.duration.as_nanos()).unwrap_or(i64::MAX),
            period_type: period.map(|(kind, _)| self.kind(kind)),
            period: period.map_or(0, |(_, period)| *period),
            comment: profile.comments.iter().map(|it| self.number(it)).collect(),
            default_sample_type: default.map_or(0, |kind| self.number(&kind.name)),
        };
        coded.string_table = std::mem::take(&mut self.list);
        coded
    }

    fn kind(&mut self, kind: &ValueType) -> protos::ValueType {
        protos::ValueType {
            ty: self.number(&kind.name),
            unit: self.number(&kind.unit),
        }
    }

    fn sample(&mut self, sample: &Sample) -> protos::Sample {
        protos::Sample {
            location_id: sample.locations.iter().map(|at| id(*at)).collect(),
            value: sample.values.clone(),
            label: sample
                .labels
                .iter()
                .map(|(key, value)| self.label(key, value))
                .collect(),
        }
    }

    fn label(&mut self, key: &Text, value: &Label) -> protos::Label {
        let key = self.number(key);
        let (str, num, num_unit) = match value {
            Label::Text(text) => (self.number(text), 0, 0),
            Label::Number(value, unit) => (0, *value, self.number(unit)),
        };
        protos::Label {
            key,
            str,
            num,
            num_unit,
        }
    }

    fn mapping(&mut self, id: u64, mapping: &Mapping) -> protos::Mapping {
        let symbolised = mapping.is_symbolised;
        protos::Mapping {
            id,
            memory_start: mapping.start,
            memory_limit: mapping.end,
            file_offset: mapping.offset,
            filename: self.number(&mapping.file),
            build_id: self.number(&mapping.build_id),
            has_functions: symbolised,
            has_filenames: symbolised,
            has_line_numbers: symbolised,
            has_inline_frames: symbolised,
        }
    }

    fn function(&mut self, id: u64, function: &Function) -> protos::Function {
        protos::Function {
            id,
            name: self.number(&function.name),
            system_name: self.number(&function.system_name),
            filename: self.number(&function.file),
            start_line: function.start_line,
        }
    }
}

fn location(number: u64, location: &Location) -> protos::Location {
    let line = |line: &super::Line| protos::Line {
        function_id: id(line.function),
        line: line.line,
    };
    protos::Location {
        id: number,
        mapping_id: location.mapping.map_or(0, id),
        address: location.address,
        line: location.lines.iter().map(line).collect(),
        is_folded: false,
    }
}

fn numbered<T, U>(all: &[T], mut one: impl FnMut(u64, &T) -> U) -> Vec<U> {
    (0..).zip(all).map(|(at, it)| one(id(at), it)).collect()
}

/// What is at this place is known by this number; 0 stands for nothing.
fn id(place: usize) -> u64 {
    place as u64 + 1
}

fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}
