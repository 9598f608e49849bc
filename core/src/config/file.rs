//! The configuration file: its bytes, checked and read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::problem::{Origin, Position, Problem, Severity};
use super::source::{self, Fault};
use super::spots::{Lines, Spots};
use super::yaml;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// What a file holds. An empty one holds an empty map.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) value: Value,
    pub(super) spots: Spots,
    pub(super) duplicates: Vec<Fault>,
}

impl Default for Contents {
    fn default() -> Self {
        Self {
            value: Value::Object(Map::new()),
            spots: Spots::default(),
            duplicates: Vec::new(),
        }
    }
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Contents, Box<Problem>> {
    let fault = |at, message: String| {
        Box::new(Problem {
            origin: Origin::File {
                path: path.to_owned(),
                at,
            },
            key: String::new(),
            message,
            suggestion: None,
            severity: Severity::Error,
        })
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            fault(
                None,
                format!("cannot be read: {error}; give a readable file with --config"),
            )
        })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(fault(
            None,
            "larger than 1 MiB, which no configuration is; give another file with --config"
                .to_owned(),
        ));
    }
    parse(&bytes).map_err(|Fault { at, message, .. }| fault(Some(at), message))
}

/// Reads the bytes of a file.
pub(super) fn parse(bytes: &[u8]) -> Result<Contents, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
        let line = valid.split('\n').count();
        let column = valid
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        fault(
            Position { line, column },
            "not UTF-8 text; save the file as UTF-8".to_owned(),
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (spots, duplicates) = source::scan(text)?;
    let value = yaml::read(text).map_err(|error| {
        let at = error.location().map_or(Position::START, |location| {
            Lines::of(text).position(location.line(), location.column())
        });
        fault(
            at,
            format!("not YAML: {error}; check the indentation, quotes and brackets here"),
        )
    })?;
    match value {
        Value::Null => Ok(Contents {
            spots,
            duplicates,
            ..Contents::default()
        }),
        Value::Object(_) => Ok(Contents {
            value,
            spots,
            duplicates,
        }),
        _ => Err(fault(
            spots.nearest("").value,
            "the file must consist of sections, such as `telemetry:` with keys below it".to_owned(),
        )),
    }
}

fn fault(at: Position, message: String) -> Fault {
    Fault {
        at,
        pointer: String::new(),
        message,
    }
}
