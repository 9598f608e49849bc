//! Places in the text of the configuration file.

use std::collections::BTreeMap;

use super::pointer;
use super::problem::Position;

/// Where a key and its value stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) key: Position,
    pub(super) value: Position,
}

/// The places of all keys and values, by JSON pointer.
#[derive(Debug, Default)]
pub(super) struct Spots(BTreeMap<String, Spot>);

impl Spots {
    /// Notes the place of a value.
    pub(super) fn insert(&mut self, pointer: String, spot: Spot) {
        self.0.insert(pointer, spot);
    }

    /// Whether the text has a value at `pointer`.
    pub(super) fn has(&self, pointer: &str) -> bool {
        self.0.contains_key(pointer)
    }

    /// The place of the value at `pointer`, or of the nearest value around it.
    pub(super) fn nearest(&self, pointer: &str) -> Spot {
        let mut pointer = Some(pointer);
        while let Some(current) = pointer {
            if let Some(spot) = self.0.get(current) {
                return *spot;
            }
            pointer = pointer::parent(current);
        }
        Spot {
            key: Position::START,
            value: Position::START,
        }
    }
}

/// The widths of a text's lines, in characters.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    /// The lines of `text`.
    pub(super) fn of(text: &str) -> Self {
        Self(text.lines().map(|line| line.chars().count()).collect())
    }

    /// The position nearest to a line and column (both from 1) that is inside the text: a parser
    /// may report one past its end.
    pub(super) fn position(&self, line: usize, column: usize) -> Position {
        let line = line.clamp(1, self.0.len().max(1));
        let width = self.0.get(line - 1).copied().unwrap_or_default();
        Position {
            line,
            column: column.clamp(1, width + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_stay_inside() {
        let lines = Lines::of("ab\n\u{e9}\n");
        let at = |line, column| lines.position(line, column);
        assert_eq!(at(1, 2), Position { line: 1, column: 2 });
        assert_eq!(at(3, 9), Position { line: 2, column: 2 });
        assert_eq!(at(0, 0), Position::START);
        assert_eq!(Lines::of("").position(5, 5), Position::START);
    }
}
