//! Finds what stands at the addresses of a profile.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    time::Instant,
};

use blazesym::symbolize::{
    CodeInfo, Input, Sym, Symbolized, Symbolizer,
    source::{Elf, Source},
};

use super::{
    names::{Crates, shorten},
    object,
};
use crate::profile::{Function, Line, Mapping, Profile, Text};

/// How many addresses are looked up; there are seldom more than 20,000.
const MOST: usize = 200_000;
/// How many are looked up between two looks at the clock.
const AT_ONCE: usize = 256;

/// A frame as it was found.
#[derive(Debug)]
struct Found {
    name: Text,
    file: Text,
    line: i64,
    /// Whether the name is a whole path already.
    is_whole: bool,
}

/// Names functions, files and lines of all locations that have none yet. Where something is not
/// known it is named after its file, `[libc.so.6]`. What is not found by then is left so, and the
/// profile has a comment that says so.
pub(super) fn symbolise(profile: &mut Profile, until: Instant) {
    let mut work = Work::default();
    let mut left = 0;
    for (file, places) in by_file(profile) {
        let object = profile.mappings.get(file).and_then(object::find);
        let Some(object) = object else {
            continue;
        };
        for places in places.chunks(AT_ONCE) {
            if Instant::now() < until && work.found.len() < MOST {
                work.look_up(&object, places);
            } else {
                left += places.len();
            }
        }
    }
    if left > 0 {
        let comment =
            format!("{left} addresses were not looked up: there were too many, or no time");
        profile.comments.push(comment.into());
    }
    work.enter(profile);
}

/// An address: the location's place, and the offset in its file.
type At = (usize, u64);

/// The locations that have no lines by a mapping of their file.
fn by_file(profile: &Profile) -> Vec<(usize, Vec<At>)> {
    let mut files: HashMap<(&Text, &Text), usize> = HashMap::new();
    let mut all: BTreeMap<usize, Vec<At>> = BTreeMap::new();
    for (place, location) in profile.locations.iter().enumerate() {
        let mapping = location.mapping.filter(|_| location.lines.is_empty());
        let known = mapping.and_then(|at| Some((at, profile.mappings.get(at)?)));
        let Some((at, mapping)) = known else {
            continue;
        };
        let file = *files
            .entry((&mapping.file, &mapping.build_id))
            .or_insert(at);
        let offset = location
            .address
            .wrapping_sub(mapping.start)
            .wrapping_add(mapping.offset);
        all.entry(file).or_default().push((place, offset));
    }
    all.into_iter().collect()
}

#[derive(Default)]
struct Work {
    symboliser: Symbolizer,
    /// By the place of the location; the innermost frame first.
    found: HashMap<usize, Vec<Found>>,
    texts: HashSet<Text>,
    crates: Crates,
}

impl Work {
    fn look_up(&mut self, object: &Path, places: &[At]) {
        let offsets: Vec<u64> = places.iter().map(|(_, offset)| *offset).collect();
        let source = |debug_syms| {
            Source::Elf(Elf {
                debug_syms,
                ..Elf::new(object)
            })
        };
        // What cannot be read at all has no names.
        let ask = |symboliser: &Symbolizer, debug_syms| {
            let asked = symboliser.symbolize(&source(debug_syms), Input::FileOffset(&offsets));
            let named = asked.unwrap_or_default().into_iter();
            named.map(own).collect::<Vec<_>>()
        };
        let (plain, debug) = (ask(&self.symboliser, false), ask(&self.symboliser, true));
        let mut debug = debug.into_iter();
        let mut plain = plain.into_iter();
        for (place, _) in places {
            let (plain, debug) = (plain.next().flatten(), debug.next().flatten());
            let frames = self.frames(plain.as_ref(), debug.as_ref());
            self.found.insert(*place, frames);
        }
    }

    /// The whole name comes from the table of symbols, everything else from debug information.
    fn frames(&mut self, plain: Option<&Sym<'_>>, debug: Option<&Sym<'_>>) -> Vec<Found> {
        let Some(outer) = debug.or(plain) else {
            return Vec::new();
        };
        let name = plain.map_or(&outer.name, |plain| &plain.name);
        let function = self.found(name, outer.code_info.as_deref(), plain.is_some());
        self.crates.learn(&function.name, &function.file);
        let inlined = outer.inlined.iter().rev();
        let mut frames: Vec<Found> = inlined
            .map(|inlined| self.found(&inlined.name, inlined.code_info.as_ref(), false))
            .collect();
        frames.push(function);
        frames
    }

    fn found(&mut self, name: &str, code: Option<&CodeInfo<'_>>, is_whole: bool) -> Found {
        let file = code.map(|code| code.to_path().to_string_lossy().into_owned());
        Found {
            name: self.text(&shorten(name)),
            file: self.text(&file.unwrap_or_default()),
            line: code.and_then(|code| code.line).map_or(0, i64::from),
            is_whole,
        }
    }

    fn text(&mut self, text: &str) -> Text {
        if let Some(known) = self.texts.get(text) {
            return Text::clone(known);
        }
        let new = Text::from(text);
        self.texts.insert(Text::clone(&new));
        new
    }

    /// Gives each location of the profile its lines.
    fn enter(mut self, profile: &mut Profile) {
        let mut functions = Functions::of(profile);
        for (place, location) in profile.locations.iter_mut().enumerate() {
            if !location.lines.is_empty() {
                continue;
            }
            let found = self.found.remove(&place).unwrap_or_default();
            location.lines.extend(found.iter().map(|frame| Line {
                function: functions.place(&self.crates, frame),
                line: frame.line,
            }));
            if location.lines.is_empty() {
                let mapping = location.mapping.and_then(|at| profile.mappings.get(at));
                let unknown = Found {
                    name: mapping.map_or_else(|| "[unknown]".into(), Mapping::bracketed_name),
                    file: "".into(),
                    line: 0,
                    is_whole: true,
                };
                let function = functions.place(&self.crates, &unknown);
                location.lines.push(Line { function, line: 0 });
            }
        }
        profile.functions = functions.all;
        for mapping in &mut profile.mappings {
            mapping.is_symbolised = true;
        }
    }
}

/// The functions of a profile, each once.
struct Functions {
    all: Vec<Function>,
    places: HashMap<Function, usize>,
}

impl Functions {
    fn of(profile: &mut Profile) -> Self {
        let all = std::mem::take(&mut profile.functions);
        let places = all.iter().cloned().zip(0..).collect();
        Self { all, places }
    }

    fn place(&mut self, crates: &Crates, frame: &Found) -> usize {
        let name = if frame.is_whole {
            Text::clone(&frame.name)
        } else {
            crates.qualify(&frame.name, &frame.file).into()
        };
        let function = Function {
            // `go tool pprof` takes brackets out of names that are not told apart from the linker's.
            system_name: "".into(),
            name,
            file: Text::clone(&frame.file),
            start_line: 0,
        };
        let next = self.all.len();
        let place = *self.places.entry(function.clone()).or_insert(next);
        if place == next {
            self.all.push(function);
        }
        place
    }
}

fn own(symbolised: Symbolized<'_>) -> Option<Sym<'static>> {
    match symbolised {
        Symbolized::Sym(sym) => Some(sym.into_owned()),
        Symbolized::Unknown(_) => None,
    }
}
