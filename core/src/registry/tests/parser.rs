//! A strict reader of the text format, written from its specification and not from the encoder.

use std::collections::{BTreeMap, BTreeSet};

pub(super) type Labels = BTreeMap<String, String>;

#[derive(Debug, Default, PartialEq)]
pub(super) struct Parsed {
    pub(super) name: String,
    pub(super) help: Option<String>,
    pub(super) kind: String,
    /// The name, the labels and the number of each line.
    pub(super) samples: Vec<(String, Labels, f64)>,
}

/// Reads a whole scrape; refuses what is not exactly as specified.
pub(super) fn parse(text: &str) -> Result<Vec<Parsed>, String> {
    let mut families: Vec<Parsed> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut lines = BTreeSet::new();
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line does not end".into());
    }
    let mut help: Option<(String, String)> = None;
    for line in text.split_terminator('\n') {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').ok_or("HELP without text")?;
            if help.is_some() {
                return Err(format!("two HELP lines before a TYPE line: {line}"));
            }
            help = Some((name.into(), unescape(text, false)?));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or("TYPE without type")?;
            if !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(format!("unknown type: {line}"));
            }
            if !seen.insert(name.to_owned()) {
                return Err(format!("the family comes twice: {line}"));
            }
            let help = match help.take() {
                Some((of, _)) if of != name => return Err(format!("HELP of another: {line}")),
                help => help.map(|(_, text)| text),
            };
            families.push(Parsed {
                name: name.into(),
                help,
                kind: kind.into(),
                samples: Vec::new(),
            });
        } else {
            let sample = sample(line)?;
            let family = families.last_mut().ok_or("a sample before any TYPE")?;
            let suffix = sample.0.strip_prefix(family.name.as_str());
            let allowed: &[&str] = match family.kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            if !suffix.is_some_and(|suffix| allowed.contains(&suffix)) {
                return Err(format!("a sample of another family: {line}"));
            }
            if !lines.insert((sample.0.clone(), sample.1.clone())) {
                return Err(format!("the series comes twice: {line}"));
            }
            family.samples.push(sample);
        }
    }
    match families.iter().find(|family| family.samples.is_empty()) {
        Some(empty) => Err(format!("no samples of {}", empty.name)),
        None => Ok(families),
    }
}

fn sample(line: &str) -> Result<(String, Labels, f64), String> {
    let wrong = || format!("not a sample: {line:?}");
    let end = line.find(['{', ' ']).ok_or_else(wrong)?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or_else(wrong)?;
            let mut escaped = false;
            let end = after.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let (value, after) = after.split_at(end.ok_or_else(wrong)?);
            if labels
                .insert(label.into(), unescape(value, true)?)
                .is_some()
            {
                return Err(format!("a label comes twice: {line:?}"));
            }
            let after = after.strip_prefix('"').ok_or_else(wrong)?;
            if let Some(after) = after.strip_prefix('}') {
                rest = after;
                break;
            }
            rest = after.strip_prefix(',').ok_or_else(wrong)?;
        }
    }
    let number = rest.strip_prefix(' ').ok_or_else(wrong)?;
    let number = match number {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        // Rust reads `inf` and `nan` too, which the encoder must not write.
        _ if number.contains(['i', 'n', 'I', 'N', '+', ' ']) => return Err(wrong()),
        _ => number.parse().map_err(|_| wrong())?,
    };
    Ok((name.into(), labels, number))
}

fn unescape(text: &str, quotes: bool) -> Result<String, String> {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('"') if quotes => '"',
                other => return Err(format!("unknown escape {other:?} in {text:?}")),
            },
            '"' if quotes => return Err(format!("a bare quote in {text:?}")),
            other => other,
        });
    }
    Ok(out)
}
