//! The stacks of a profile, their frames numbered.

use std::collections::HashMap;

use pprof::protos::{Location, Profile, Sample};
use serde::Serialize;

/// A function, as one box of the graph stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Frame<'a> {
    /// Its demangled name; for code without a name, the file name of its library.
    pub(super) function: &'a str,
    /// Its source file; empty where it is not known.
    pub(super) file: &'a str,
    /// The program or library it is in, with the path; empty where it is not known.
    pub(super) library: &'a str,
}

/// A place in a stack: the number of its frame, and its line, 0 where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) frame: usize,
    pub(super) line: i64,
}

/// What a sample is labelled with; empty where a label is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub(super) struct Labels<'a> {
    pub(super) plugin: &'a str,
    pub(super) component: &'a str,
    pub(super) thread: &'a str,
}

/// The stacks of a profile. What refers to nothing, which only a broken profile has, is left out.
pub(super) struct Stacks<'a> {
    profile: &'a Profile,
    /// Each function once.
    pub(super) frames: Vec<Frame<'a>>,
    /// The places of each location, outermost first; inlined functions are places too.
    places: HashMap<u64, Vec<Place>>,
}

impl<'a> Stacks<'a> {
    pub(super) fn new(profile: &'a Profile) -> Self {
        let functions: HashMap<u64, _> = profile
            .function
            .iter()
            .map(|function| (function.id, function))
            .collect();
        let libraries: HashMap<u64, &str> = profile
            .mapping
            .iter()
            .map(|mapping| (mapping.id, text(profile, mapping.filename)))
            .collect();
        let mut frames = Vec::new();
        let mut numbers: HashMap<Frame<'a>, usize> = HashMap::new();
        let mut number = |frame: Frame<'a>| {
            *numbers.entry(frame).or_insert_with(|| {
                frames.push(frame);
                frames.len() - 1
            })
        };
        let mut places_of = |location: &Location| {
            let library = libraries
                .get(&location.mapping_id)
                .copied()
                .unwrap_or_default();
            let mut places: Vec<Place> = Vec::new();
            for line in location.line.iter().rev() {
                let Some(function) = functions.get(&line.function_id) else {
                    continue;
                };
                let (name, file) = (
                    text(profile, function.name),
                    text(profile, function.filename),
                );
                let function = if name.is_empty() {
                    base_name(library)
                } else {
                    name
                };
                places.push(Place {
                    frame: number(Frame {
                        function,
                        file,
                        library,
                    }),
                    line: line.line.max(0),
                });
            }
            if places.is_empty() {
                let function = base_name(library);
                let frame = number(Frame {
                    function,
                    file: "",
                    library,
                });
                places.push(Place { frame, line: 0 });
            }
            (location.id, places)
        };
        let places = profile.location.iter().map(&mut places_of).collect();
        Self {
            profile,
            frames,
            places,
        }
    }

    /// The places of a sample, from where its thread began to where it was.
    pub(super) fn places(&self, sample: &Sample) -> impl Iterator<Item = Place> {
        let locations = sample.location_id.iter().rev();
        locations
            .filter_map(|id| self.places.get(id))
            .flatten()
            .copied()
    }

    /// The labels of a sample.
    pub(super) fn labels(&self, sample: &Sample) -> Labels<'a> {
        let mut labels = Labels::default();
        for label in &sample.label {
            let value = text(self.profile, label.str);
            match text(self.profile, label.key) {
                "plugin" => labels.plugin = value,
                "component" => labels.component = value,
                "thread" => labels.thread = value,
                _ => {}
            }
        }
        labels
    }
}

/// The file name of a path: what a reader calls a library.
pub(super) fn base_name(path: &str) -> &str {
    match path.rsplit('/').next() {
        None | Some("") => "[unknown]",
        Some(name) => name,
    }
}

/// An entry of the profile's table of strings; empty where there is none.
pub(super) fn text(profile: &Profile, index: i64) -> &str {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    profile.string_table.get(index).map_or("", String::as_str)
}
