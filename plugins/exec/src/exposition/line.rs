//! One line of the text.

use super::labels::{self, Labels};

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'t> {
    /// Nothing: it is empty or a comment.
    Nothing,
    /// What a metric is.
    Help(&'t str, String),
    /// What samples of a metric are.
    Type(&'t str, Type),
    /// There is no more.
    End,
    /// A value.
    Sample(Sample<'t>),
}

/// A name, labels and a value.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'t> {
    pub(super) name: &'t str,
    pub(super) labels: Labels,
    pub(super) value: f64,
    pub(super) has_timestamp: bool,
}

/// What a `TYPE` line can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

/// Reads a line without its end.
pub(super) fn parse(line: &str) -> Result<Line<'_>, &'static str> {
    let line = line.trim_matches(BLANK);
    if line.is_empty() {
        return Ok(Line::Nothing);
    }
    match line.strip_prefix('#') {
        Some(comment) => parse_comment(comment),
        None => parse_sample(line).map(Line::Sample),
    }
}

const BLANK: [char; 2] = [' ', '\t'];

fn parse_comment(comment: &str) -> Result<Line<'_>, &'static str> {
    let (word, rest) = first_word(comment);
    match word {
        "EOF" if rest.is_empty() => Ok(Line::End),
        "HELP" => {
            let (name, help) = metric_name(rest)?;
            Ok(Line::Help(name, unescape_help(help)?))
        }
        "TYPE" => {
            let (name, word) = metric_name(rest)?;
            let of = match word {
                "counter" => Type::Counter,
                "gauge" => Type::Gauge,
                "histogram" => Type::Histogram,
                "summary" => Type::Summary,
                // The second is the word of `OpenMetrics`, whose others are shown as gauges too.
                "untyped" | "unknown" | "info" | "stateset" => Type::Untyped,
                _ => return Err("the TYPE is none of counter, gauge, histogram, summary, untyped"),
            };
            Ok(Line::Type(name, of))
        }
        _ => Ok(Line::Nothing),
    }
}

fn parse_sample(line: &str) -> Result<Sample<'_>, &'static str> {
    let end = line.find(|c: char| !is_name(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    check_name(name)?;
    let rest = rest.trim_start_matches(BLANK);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels::parse(inner)?,
        None if end < line.len() && !line[end..].starts_with(BLANK) => {
            return Err("a metric's name has a character other than letters, digits, `_` and `:`");
        }
        None => (Labels::new(), rest),
    };
    let (value, rest) = first_word(rest);
    let value = number(value).ok_or("the value is no number")?;
    let (timestamp, rest) = first_word(rest);
    if !timestamp.is_empty() && !number(timestamp).is_some_and(f64::is_finite) {
        return Err("the timestamp is no number");
    }
    if !rest.is_empty() {
        return Err("there is more after the value and the timestamp");
    }
    Ok(Sample {
        name,
        labels,
        value,
        has_timestamp: !timestamp.is_empty(),
    })
}

/// A number as Prometheus writes it.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn metric_name(text: &str) -> Result<(&str, &str), &'static str> {
    let (name, rest) = first_word(text);
    check_name(name)?;
    Ok((name, rest))
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("there is no metric's name where one should be");
    }
    if !name.chars().all(is_name) {
        return Err("a metric's name has a character other than letters, digits, `_` and `:`");
    }
    Ok(())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(BLANK);
    let (word, rest) = text.split_at(text.find(BLANK).unwrap_or(text.len()));
    (word, rest.trim_start_matches(BLANK))
}

/// Reads `\\` and `\n`.
fn unescape_help(text: &str) -> Result<String, &'static str> {
    let mut help = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        help.push(match c {
            '\\' => match chars.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                _ => return Err(r"the HELP has a `\` before something else than `\` and `n`"),
            },
            c => c,
        });
    }
    Ok(help)
}
