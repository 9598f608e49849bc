//! Profiles for tests.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use pprof::protos::{Function, Label, Line, Location, Message, Profile, Sample, ValueType};

/// A profile in the making.
pub(super) struct Made {
    pub(super) raw: Profile,
}

impl Made {
    /// One that measures this, without samples.
    pub(super) fn new(types: &[(&str, &str)], default: &str) -> Self {
        let mut made = Self {
            raw: Profile {
                string_table: vec![String::new()],
                ..Profile::default()
            },
        };
        for (ty, unit) in types {
            let (ty, unit) = (made.text(ty), made.text(unit));
            made.raw.sample_type.push(ValueType { ty, unit });
        }
        made.raw.default_sample_type = made.text(default);
        made
    }

    /// Adds a sample. A function `f` is in the file `f.rs`, on a line of its own for each location.
    pub(super) fn add(&mut self, stack: &[&str], values: &[i64], labels: &[(&str, &str)]) {
        let location_id = stack.iter().map(|name| self.location(name)).collect();
        let label = labels.iter().map(|(key, value)| Label {
            key: self.text(key),
            str: self.text(value),
            ..Label::default()
        });
        let sample = Sample {
            location_id,
            value: values.to_vec(),
            label: label.collect(),
        };
        self.raw.sample.push(sample);
    }

    /// The profile as a node sends it.
    pub(super) fn finish(&self) -> Vec<u8> {
        compressed(&encoded(&self.raw))
    }

    fn location(&mut self, name: &str) -> u64 {
        let (name, filename) = (self.text(name), self.text(&format!("{name}.rs")));
        let known = self.raw.function.iter().find(|it| it.name == name);
        let function_id = known.map_or(0, |known| known.id);
        let function_id = if function_id > 0 {
            function_id
        } else {
            let id = self.raw.function.len() as u64 + 1;
            self.raw.function.push(Function {
                id,
                name,
                filename,
                ..Function::default()
            });
            id
        };
        let id = self.raw.location.len() as u64 + 1;
        let line = i64::try_from(id).unwrap();
        let line = vec![Line { function_id, line }];
        self.raw.location.push(Location {
            id,
            line,
            ..Location::default()
        });
        id
    }

    fn text(&mut self, text: &str) -> i64 {
        let table = &mut self.raw.string_table;
        let place = table.iter().position(|known| known == text);
        let place = place.unwrap_or_else(|| {
            table.push(text.to_owned());
            table.len() - 1
        });
        i64::try_from(place).unwrap()
    }
}

/// A profile's bytes before compression.
pub(super) fn encoded(profile: &Profile) -> Vec<u8> {
    profile.encode_to_vec()
}

pub(super) fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
