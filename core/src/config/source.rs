//! The text of the configuration file: where each key and value stands, and what must not be in
//! it.
//!
//! This runs before anything unfolds the text: it bounds depth and size, so that a small file
//! cannot become a large value (an alias bomb), and finds duplicate keys, which a YAML reader
//! would silently let override each other.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, Span, Tag};

use super::pointer;
use super::problem::Position;
use super::spots::{Lines, Spot, Spots};

/// The deepest nesting of maps and lists.
const MAX_DEPTH: usize = 32;
/// The most values the file may have, counting those that aliases repeat.
const MAX_VALUES: usize = 10_000;
/// The longest key, in bytes; every place in the file is remembered with the keys above it.
const MAX_KEY: usize = 256;
/// The tags that only say what a value is anyway.
const CORE_TAGS: [&str; 7] = ["str", "int", "float", "bool", "null", "seq", "map"];

/// Something wrong in the text itself.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Position,
    pub(super) pointer: String,
    pub(super) message: String,
}

/// Walks through the text. `Err` if it cannot be read on; duplicate keys come as faults beside
/// the places.
pub(super) fn scan(text: &str) -> Result<(Spots, Vec<Fault>), Fault> {
    let mut walk = Walk::new(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            walk.fault(
                *error.marker(),
                explain(error.info(), text, error.marker().line()),
            )
        })?;
        walk.event(event, span)?;
    }
    Ok((walk.spots, walk.duplicates))
}

/// A parser's message with what to do about it.
fn explain(info: &str, text: &str, line: usize) -> String {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let indentation = &line[..line.len() - line.trim_start().len()];
    let remedy = if indentation.contains('\t') {
        "indent with spaces instead of tabs"
    } else if info.contains("mapping values are not allowed") {
        "put a text that contains `: ` in quotes, and check the indentation"
    } else if info.contains("end of stream") || info.contains("unexpected end") {
        "close the quote or bracket that is still open"
    } else if info.contains("recursion limit") {
        "nest less deeply"
    } else {
        "check the indentation, quotes and brackets here and on the line before"
    };
    format!("not YAML: {info}; {remedy}")
}

enum Frame {
    /// A map: the key that waits for its value, and all keys so far.
    Map {
        key: Option<(String, Position)>,
        seen: HashMap<String, Position>,
    },
    /// A list and the index of its next value.
    List { next: usize },
}

struct Open {
    frame: Frame,
    pointer: String,
    anchor: usize,
    /// How many values there were when it began.
    before: usize,
}

struct Walk {
    lines: Lines,
    spots: Spots,
    duplicates: Vec<Fault>,
    open: Vec<Open>,
    values: usize,
    /// How many values each anchor stands for.
    anchors: HashMap<usize, usize>,
    documents: usize,
}

impl Walk {
    fn new(text: &str) -> Self {
        Self {
            lines: Lines::of(text),
            spots: Spots::default(),
            duplicates: Vec::new(),
            open: Vec::new(),
            values: 0,
            anchors: HashMap::new(),
            documents: 0,
        }
    }

    /// A marker (columns from 0) as a position that is inside the file.
    fn position(&self, marker: Marker) -> Position {
        self.lines
            .position(marker.line(), marker.col().saturating_add(1))
    }

    fn fault(&self, marker: Marker, message: String) -> Fault {
        let pointer = self
            .open
            .last()
            .map(|open| open.pointer.clone())
            .unwrap_or_default();
        Fault {
            at: self.position(marker),
            pointer,
            message,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let start = span.start;
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document begins here; the configuration is one document, without `---` inside";
                    return Err(self.fault(start, message.to_owned()));
                }
            }
            Event::Scalar(text, _, anchor, tag) => {
                self.check_tag(tag.as_deref(), start)?;
                if !self.take_key(&text, start)? {
                    self.value(start)?;
                    self.anchors.insert(anchor, 1);
                }
            }
            Event::Alias(anchor) => {
                self.no_key(start)?;
                self.value(start)?;
                let Some(size) = self.anchors.get(&anchor).copied() else {
                    let message = "an alias inside what it stands for; write the values out";
                    return Err(self.fault(start, message.to_owned()));
                };
                // The alias itself is counted already.
                self.count(size.saturating_sub(1), start)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), start)?;
                self.begin(Frame::List { next: 0 }, anchor, start)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), start)?;
                self.begin(
                    Frame::Map {
                        key: None,
                        seen: HashMap::new(),
                    },
                    anchor,
                    start,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.anchors.insert(open.anchor, self.values - open.before);
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Takes a scalar as the next key, if a key is due.
    fn take_key(&mut self, text: &str, start: Marker) -> Result<bool, Fault> {
        if !self.key_is_due() {
            return Ok(false);
        }
        if text.len() > MAX_KEY {
            return Err(self.fault(
                start,
                format!("a key longer than {MAX_KEY} bytes; shorten it"),
            ));
        }
        let at = self.position(start);
        if let Some(Open {
            frame: Frame::Map { key, seen },
            pointer,
            ..
        }) = self.open.last_mut()
        {
            if let Some(first) = seen.insert(text.to_owned(), at) {
                self.duplicates.push(Fault {
                    at,
                    pointer: pointer::join(pointer, text),
                    message: format!("the same key is on line {}; keep one of them", first.line),
                });
            }
            *key = Some((text.to_owned(), at));
        }
        Ok(true)
    }

    fn key_is_due(&self) -> bool {
        let innermost = self.open.last().map(|open| &open.frame);
        matches!(innermost, Some(Frame::Map { key: None, .. }))
    }

    /// Refuses what is not text where a key is due.
    fn no_key(&self, start: Marker) -> Result<(), Fault> {
        if self.key_is_due() {
            return Err(self.fault(start, "a key must be plain text".to_owned()));
        }
        Ok(())
    }

    /// Notes where a value begins and gives its pointer.
    fn value(&mut self, start: Marker) -> Result<String, Fault> {
        self.count(1, start)?;
        let value = self.position(start);
        let (pointer, key) = match self.open.last_mut() {
            None => (String::new(), value),
            Some(Open {
                frame: Frame::List { next },
                pointer,
                ..
            }) => {
                *next += 1;
                (pointer::join(pointer, &(*next - 1).to_string()), value)
            }
            Some(Open {
                frame: Frame::Map { key, .. },
                pointer,
                ..
            }) => {
                let (name, at) = key.take().unwrap_or_default();
                (pointer::join(pointer, &name), at)
            }
        };
        self.spots.insert(pointer.clone(), Spot { key, value });
        Ok(pointer)
    }

    fn begin(&mut self, frame: Frame, anchor: usize, start: Marker) -> Result<(), Fault> {
        self.no_key(start)?;
        let before = self.values;
        let pointer = self.value(start)?;
        self.open.push(Open {
            frame,
            pointer,
            anchor,
            before,
        });
        if self.open.len() > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels; nest less deeply");
            return Err(self.fault(start, message));
        }
        Ok(())
    }

    fn count(&mut self, values: usize, start: Marker) -> Result<(), Fault> {
        self.values = self.values.saturating_add(values);
        if self.values > MAX_VALUES {
            let message = format!(
                "more than {MAX_VALUES} values, those that aliases repeat included; leave some out"
            );
            return Err(self.fault(start, message));
        }
        Ok(())
    }

    fn check_tag(&self, tag: Option<&Tag>, start: Marker) -> Result<(), Fault> {
        match tag {
            Some(tag)
                if !(tag.is_yaml_core_schema() && CORE_TAGS.contains(&tag.suffix.as_str())) =>
            {
                let message =
                    "a YAML tag (`!…`) has no meaning here; remove it, or put the text in quotes";
                Err(self.fault(start, message.to_owned()))
            }
            _ => Ok(()),
        }
    }
}
