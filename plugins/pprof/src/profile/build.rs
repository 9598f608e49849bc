//! Profiles of what has names and no addresses: tasks, threads.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Function, Label, Line, Location, Profile, Sample, Text, ValueType};

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) name: Text,
    /// Empty where it is not known.
    pub(crate) file: Text,
    /// 0 where it is not known.
    pub(crate) line: i64,
}

/// A profile in the making.
#[derive(Debug)]
pub(crate) struct Builder {
    profile: Profile,
    places: HashMap<Place, usize>,
}

impl Builder {
    /// One with values of these types and units, of which the first is looked at.
    pub(crate) fn new(types: &[(&str, &str)]) -> Self {
        let types = types.iter().map(|(name, unit)| ValueType::new(name, unit));
        Self {
            profile: Profile {
                types: types.collect(),
                ..Profile::default()
            },
            places: HashMap::new(),
        }
    }

    /// Adds a stack, the innermost place first, with a value for each type.
    pub(crate) fn add(
        &mut self,
        stack: impl IntoIterator<Item = Place>,
        values: Vec<i64>,
        labels: Vec<(Text, Label)>,
    ) {
        let sample = Sample {
            locations: stack
                .into_iter()
                .map(|place| self.location(place))
                .collect(),
            values,
            labels,
        };
        self.profile.samples.push(sample);
    }

    /// The profile, which is of this moment.
    pub(crate) fn finish(mut self) -> Profile {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanos = now.map_or(0, |time| time.as_nanos());
        self.profile.time_nanos = nanos.try_into().unwrap_or(i64::MAX);
        self.profile
    }

    fn location(&mut self, place: Place) -> usize {
        if let Some(known) = self.places.get(&place) {
            return *known;
        }
        let at = self.profile.locations.len();
        self.profile.functions.push(Function {
            name: Text::clone(&place.name),
            // As of functions, so that Go's tools leave the name as it is.
            system_name: "".into(),
            file: Text::clone(&place.file),
            start_line: place.line,
        });
        self.profile.locations.push(Location {
            // pprof tells locations apart by their addresses.
            address: at as u64 + 1,
            mapping: None,
            lines: vec![Line {
                function: at,
                line: place.line,
            }],
        });
        self.places.insert(place, at);
        at
    }
}
