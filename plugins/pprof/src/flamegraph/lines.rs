//! The lines of a function, weighed.

/// Where in a function samples were.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<(i64, u64)>);

impl Lines {
    /// Adds samples at a line; 0 is one that is not known.
    pub(super) fn add(&mut self, line: i64, weight: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == line) {
            Some((_, sum)) => *sum = sum.saturating_add(weight),
            None => self.0.push((line, weight)),
        }
    }

    /// The line where most of them were; 0 where none is known.
    pub(super) fn heaviest(&self) -> i64 {
        let heaviest = self.0.iter().max_by_key(|(_, weight)| *weight);
        heaviest.map_or(0, |(line, _)| *line)
    }
}
