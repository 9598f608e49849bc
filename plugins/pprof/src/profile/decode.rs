//! From pprof's format, where everything that is named must be there.

use std::{collections::HashMap, io::Read, time::Duration};

use flate2::read::MultiGzDecoder;
use pprof::protos::{self, Message};

use super::{
    Function, Label, Line, Location, Mapping, Profile, ProfileError, Sample, Text, ValueType,
};

/// The most bytes of a profile that is not compressed. One of 300 s with 100,000 different stacks
/// has a tenth of it.
pub(super) const MOST_BYTES: u64 = 64 << 20;
/// What a compressed file begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a profile, compressed or not, of at most 64 MiB.
pub(crate) fn decode(bytes: &[u8]) -> Result<Profile, ProfileError> {
    let plain = if bytes.starts_with(&GZIP) {
        &decompress(bytes)?
    } else {
        bytes
    };
    if plain.len() as u64 > MOST_BYTES {
        return Err(ProfileError::Large);
    }
    let coded = protos::Profile::decode(plain);
    let coded = coded.map_err(|error| ProfileError::Format(error.to_string()))?;
    Tables::of(&coded)?.profile(&coded)
}

fn decompress(bytes: &[u8]) -> Result<Vec<u8>, ProfileError> {
    let mut plain = Vec::new();
    let mut bounded = MultiGzDecoder::new(bytes).take(MOST_BYTES + 1);
    bounded
        .read_to_end(&mut plain)
        .map_err(ProfileError::Gzip)?;
    Ok(plain)
}

/// Where what a profile names by numbers is.
struct Tables {
    texts: Vec<Text>,
    mappings: HashMap<u64, usize>,
    functions: HashMap<u64, usize>,
    locations: HashMap<u64, usize>,
}

impl Tables {
    fn of(coded: &protos::Profile) -> Result<Self, ProfileError> {
        if coded
            .string_table
            .first()
            .is_none_or(|text| !text.is_empty())
        {
            return Err(ProfileError::Format(
                "its first text is not the empty one".to_owned(),
            ));
        }
        let places = |ids: &mut dyn Iterator<Item = u64>| ids.zip(0..).collect();
        Ok(Self {
            texts: coded
                .string_table
                .iter()
                .map(|text| text.as_str().into())
                .collect(),
            mappings: places(&mut coded.mapping.iter().map(|mapping| mapping.id)),
            functions: places(&mut coded.function.iter().map(|function| function.id)),
            locations: places(&mut coded.location.iter().map(|location| location.id)),
        })
    }

    fn profile(&self, coded: &protos::Profile) -> Result<Profile, ProfileError> {
        let types = coded.sample_type.iter().map(|kind| self.kind(kind));
        let types: Vec<ValueType> = types.collect::<Result<_, _>>()?;
        let width = types.len();
        let default = self.text(coded.default_sample_type)?;
        // As pprof has it, the last one where none is named.
        let default_type = types.iter().position(|kind| kind.name == default);
        let period = coded.period_type.as_ref().map(|kind| self.kind(kind));
        Ok(Profile {
            default_type: default_type.unwrap_or(width.saturating_sub(1)),
            types,
            samples: all(&coded.sample, |sample| self.sample(sample, width))?,
            locations: all(&coded.location, |location| self.location(location))?,
            mappings: all(&coded.mapping, |mapping| self.mapping(mapping))?,
            functions: all(&coded.function, |function| self.function(function))?,
            drop_frames: self.text(coded.drop_frames)?,
            comments: all(&coded.comment, |comment| self.text(*comment))?,
            time_nanos: coded.time_nanos,
            duration: Duration::from_nanos(u64::try_from(coded.duration_nanos).unwrap_or(0)),
            period: period.transpose()?.map(|kind| (kind, coded.period)),
        })
    }

    fn sample(&self, coded: &protos::Sample, width: usize) -> Result<Sample, ProfileError> {
        if coded.value.len() != width {
            return Err(ProfileError::Width {
                found: coded.value.len(),
                expected: width,
            });
        }
        Ok(Sample {
            locations: all(&coded.location_id, |id| {
                place(&self.locations, *id, "location")
            })?,
            values: coded.value.clone(),
            labels: all(&coded.label, |label| self.label(label))?,
        })
    }

    fn label(&self, coded: &protos::Label) -> Result<(Text, Label), ProfileError> {
        let value = if coded.str == 0 {
            Label::Number(coded.num, self.text(coded.num_unit)?)
        } else {
            Label::Text(self.text(coded.str)?)
        };
        Ok((self.text(coded.key)?, value))
    }

    fn location(&self, coded: &protos::Location) -> Result<Location, ProfileError> {
        let mapping = (coded.mapping_id != 0)
            .then(|| place(&self.mappings, coded.mapping_id, "mapping"))
            .transpose()?;
        let line = |line: &protos::Line| {
            Ok(Line {
                function: place(&self.functions, line.function_id, "function")?,
                line: line.line,
            })
        };
        Ok(Location {
            address: coded.address,
            mapping,
            lines: all(&coded.line, line)?,
        })
    }

    fn mapping(&self, coded: &protos::Mapping) -> Result<Mapping, ProfileError> {
        Ok(Mapping {
            start: coded.memory_start,
            end: coded.memory_limit,
            offset: coded.file_offset,
            file: self.text(coded.filename)?,
            build_id: self.text(coded.build_id)?,
            is_symbolised: coded.has_functions,
        })
    }

    fn function(&self, coded: &protos::Function) -> Result<Function, ProfileError> {
        Ok(Function {
            name: self.text(coded.name)?,
            system_name: self.text(coded.system_name)?,
            file: self.text(coded.filename)?,
            start_line: coded.start_line,
        })
    }

    fn kind(&self, coded: &protos::ValueType) -> Result<ValueType, ProfileError> {
        Ok(ValueType {
            name: self.text(coded.ty)?,
            unit: self.text(coded.unit)?,
        })
    }

    fn text(&self, number: i64) -> Result<Text, ProfileError> {
        let at = usize::try_from(number).ok();
        let text = at.and_then(|at| self.texts.get(at)).cloned();
        text.ok_or(ProfileError::Dangling {
            what: "text",
            number: number.into(),
        })
    }
}

fn all<T, U>(
    coded: &[T],
    one: impl FnMut(&T) -> Result<U, ProfileError>,
) -> Result<Vec<U>, ProfileError> {
    coded.iter().map(one).collect()
}

fn place(places: &HashMap<u64, usize>, id: u64, what: &'static str) -> Result<usize, ProfileError> {
    places.get(&id).copied().ok_or(ProfileError::Dangling {
        what,
        number: id.into(),
    })
}
