//! The unchanging part of the scrape's lines: everything up to the number.

use std::sync::Arc;

use super::{
    escape,
    family::{Family, Kind},
    number,
};

/// What a number takes up in a line, about.
const NUMBER: usize = 20;

/// The lines of a family that one component gives, without their numbers.
#[derive(Debug)]
pub(super) struct Lines {
    family: Arc<Family>,
    /// For a histogram, `le="0.1"` of each bound, and of the infinite one.
    bounds: Vec<String>,
    /// All lines, one after the other, each with the space before its number.
    text: String,
    ends: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    /// Where its text ends.
    end: usize,
    /// Whose value it shows.
    slot: usize,
}

impl Lines {
    pub(super) fn new(family: &Arc<Family>, series: usize) -> Self {
        let bounds = match family.kind {
            Kind::Counter | Kind::Gauge => Vec::new(),
            Kind::Histogram => {
                let bounds = family.bounds.iter().chain([&f64::INFINITY]);
                bounds
                    .map(|&bound| format!("le=\"{}\"", number::text(bound)))
                    .collect()
            }
        };
        Self {
            family: family.clone(),
            bounds,
            text: String::new(),
            ends: Vec::with_capacity(series * family.lines()),
        }
    }

    /// Adds the lines of a series that begins at `slot`.
    pub(super) fn add(&mut self, labels: &str, slot: usize) {
        match self.family.kind {
            Kind::Counter | Kind::Gauge => self.line("", labels, "", slot),
            Kind::Histogram => {
                let bounds = std::mem::take(&mut self.bounds);
                for (at, bound) in bounds.iter().enumerate() {
                    self.line("_bucket", labels, bound, slot + at);
                }
                let count = slot + self.family.bounds.len();
                self.line("_sum", labels, "", count + 1);
                self.line("_count", labels, "", count);
                self.bounds = bounds;
            }
        }
    }

    fn line(&mut self, suffix: &str, labels: &str, more: &str, slot: usize) {
        let text = &mut self.text;
        text.push_str(&self.family.name);
        text.push_str(suffix);
        if !labels.is_empty() || !more.is_empty() {
            text.push('{');
            text.push_str(labels);
            if !labels.is_empty() && !more.is_empty() {
                text.push(',');
            }
            text.push_str(more);
            text.push('}');
        }
        text.push(' ');
        let end = text.len();
        self.ends.push(Line { end, slot });
    }

    /// About how long the lines will be, in bytes.
    pub(super) fn size(&self) -> usize {
        self.text.len() + self.ends.len() * NUMBER
    }

    /// Appends the lines whose values are there.
    pub(super) fn write(&self, value: impl Fn(usize) -> Option<f64>, out: &mut Vec<u8>) {
        let mut start = 0;
        for line in &self.ends {
            if let Some(value) = value(line.slot) {
                out.extend_from_slice(&self.text.as_bytes()[start..line.end]);
                number::write(value, out);
                out.push(b'\n');
            }
            start = line.end;
        }
    }
}

/// The HELP line, unless the family has none, and the TYPE line.
pub(super) fn header(family: &Family) -> String {
    let mut header = String::new();
    if !family.help.is_empty() {
        header.push_str("# HELP ");
        header.push_str(&family.name);
        header.push(' ');
        escape::help(&family.help, &mut header);
        header.push('\n');
    }
    header.push_str("# TYPE ");
    header.push_str(&family.name);
    header.push(' ');
    header.push_str(family.kind.as_str());
    header.push('\n');
    header
}
