//! The text format of Prometheus, read.
//!
//! Version 0.0.4, see <https://prometheus.io/docs/instrumenting/exposition_formats/>, read strictly:
//! what breaks a rule is an error for the whole text, with the number of the line. Two things of
//! `OpenMetrics` are understood: the last line `# EOF`, and counters whose `TYPE` line leaves out
//! `_total`. No error quotes the text, which may be that of a file that nobody meant to show.

mod families;
mod histogram;
mod labels;
mod line;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use families::parse;

/// What becomes of timestamps. What is shown is of now, so that none can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timestamps {
    PassedOver,
    /// The text is malformed.
    Refused,
}

/// What samples of a family are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    /// Also what has no type.
    Gauge,
    Histogram,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// Samples of one name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Family {
    pub(crate) name: String,
    /// Empty where the text has none.
    pub(crate) help: String,
    pub(crate) kind: Kind,
    pub(crate) series: Vec<Series>,
}

/// The samples of one set of labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// Ascending by name, without empty values: to Prometheus those are labels that are not there.
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: Value,
}

/// The value of a series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Of a counter or a gauge.
    Number(f64),
    /// Of a histogram.
    Distribution {
        /// Ascending, without the infinite one.
        bounds: Vec<f64>,
        /// Observations at or below each bound.
        cumulative: Vec<f64>,
        count: f64,
        sum: f64,
    },
}

impl Value {
    /// How many series Prometheus sees in it.
    pub(crate) fn lines(&self) -> usize {
        match self {
            Self::Number(_) => 1,
            Self::Distribution { bounds, .. } => bounds.len() + 3,
        }
    }
}

/// Why a text is no exposition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(crate) struct Malformed {
    /// Counted from one.
    pub(crate) line: usize,
    pub(crate) reason: &'static str,
}
