//! Prometheus text, read strictly, so that tests can ask for names, labels and values.
//!
//! The format: <https://prometheus.io/docs/instrumenting/exposition_formats/>. Whether real
//! parsers take it is for promtool and Prometheus to say; this one is for looking things up.

use std::collections::{BTreeMap, BTreeSet};

/// One line with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The name as written, `_bucket` and the like included.
    pub name: String,
    /// Its labels, unescaped.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

impl Sample {
    /// What Prometheus knows it by: its labels, without empty ones, and its name as `__name__`.
    pub fn identity(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        labels.retain(|_, value| !value.is_empty());
        labels.insert("__name__".to_owned(), self.name.clone());
        labels
    }
}

/// The samples under one `# TYPE` line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Family {
    /// `counter`, `gauge`, `histogram`, `summary` or `untyped`.
    pub kind: String,
    /// The help text, unescaped.
    pub help: String,
    /// The samples, in order.
    pub samples: Vec<Sample>,
}

/// A whole scrape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition {
    /// The families by name.
    pub families: BTreeMap<String, Family>,
}

impl Exposition {
    /// Reads a scrape. The error names the line and what is wrong: HELP or TYPE twice, a family
    /// in two places, a sample without a family, bad names, labels or numbers.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parsed = Self::default();
        let mut current = String::new();
        let mut series = BTreeSet::new();
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("the last line has no line feed".to_owned());
        }
        for (index, line) in text.lines().enumerate() {
            parsed
                .line(line, &mut current, &mut series)
                .map_err(|reason| format!("line {}: {reason}: {line}", index + 1))?;
        }
        Ok(parsed)
    }

    /// Every sample of that name.
    pub fn samples(&self, name: &str) -> Vec<&Sample> {
        let all = self.families.values().flat_map(|family| &family.samples);
        all.filter(|sample| sample.name == name).collect()
    }

    /// The value of the one sample that has these labels, perhaps among others.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &&Sample| {
            labels
                .iter()
                .all(|(label, value)| sample.labels.get(*label).is_some_and(|v| v == value))
        };
        let found: Vec<_> = self.samples(name).into_iter().filter(has).collect();
        match found.as_slice() {
            [sample] => Some(sample.value),
            _ => None,
        }
    }

    fn line(
        &mut self,
        line: &str,
        current: &mut String,
        series: &mut BTreeSet<(String, BTreeMap<String, String>)>,
    ) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap_or((help, ""));
            self.enter(name, current)?;
            let family = self.families.entry(name.to_owned()).or_default();
            if !family.help.is_empty() {
                return Err("a second HELP".to_owned());
            }
            family.help = unescape(help, false)?;
            return Ok(());
        }
        if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or("no type")?;
            self.enter(name, current)?;
            let family = self.families.entry(name.to_owned()).or_default();
            if !family.kind.is_empty() || !family.samples.is_empty() {
                return Err("a second or late TYPE".to_owned());
            }
            if !["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind) {
                return Err("an unknown type".to_owned());
            }
            kind.clone_into(&mut family.kind);
            return Ok(());
        }
        if line.starts_with('#') {
            return Ok(());
        }
        let sample = sample(line)?;
        let family = self
            .families
            .get_mut(current.as_str())
            .ok_or("no family before it")?;
        if !belongs(&sample.name, current, &family.kind) {
            return Err(format!("not of the family {current}"));
        }
        if !series.insert((sample.name.clone(), sample.labels.clone())) {
            return Err("the same series twice".to_owned());
        }
        family.samples.push(sample);
        Ok(())
    }

    /// A family's lines stand together: a name may not come back.
    fn enter(&self, name: &str, current: &mut String) -> Result<(), String> {
        if name != current && self.families.contains_key(name) {
            return Err(format!("the family {name} comes back"));
        }
        name.clone_into(current);
        Ok(())
    }
}

fn belongs(sample: &str, family: &str, kind: &str) -> bool {
    let suffixes: &[&str] = match kind {
        "histogram" => &["_bucket", "_sum", "_count"],
        "summary" => &["", "_sum", "_count"],
        _ => &[""],
    };
    sample
        .strip_prefix(family)
        .is_some_and(|suffix| suffixes.contains(&suffix))
}

fn sample(line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, mut rest) = line.split_at(end);
    if !is_name(name, true) {
        return Err("a bad name".to_owned());
    }
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"").ok_or("a label without a value")?;
            let close = closing_quote(after).ok_or("an open label value")?;
            let value = unescape(&after[..close], true)?;
            if !is_name(label, false) || labels.insert(label.to_owned(), value).is_some() {
                return Err(format!("a bad or repeated label {label}"));
            }
            rest = &after[close + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    let mut words = rest.split_whitespace();
    let value = match words.next().ok_or("no value")? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().map_err(|_| "the value is no number")?,
    };
    Ok(Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

fn is_name(name: &str, colon: bool) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colon && c == ':');
    name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(good)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

fn unescape(text: &str, quotes: bool) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('\\') => plain.push('\\'),
            Some('n') => plain.push('\n'),
            Some('"') if quotes => plain.push('"'),
            other => return Err(format!("a bad escape {other:?}")),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_families_labels_and_values() {
        let text = "# HELP a_total Two\\nlines.\n# TYPE a_total counter\n\
                    a_total{x=\"}\\\"\\\\\",y=\"\"} 1 1700000000000\n# TYPE h histogram\n\
                    h_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n";
        let parsed = Exposition::parse(text).unwrap();
        assert_eq!(parsed.families["a_total"].help, "Two\nlines.");
        assert_eq!(
            parsed.value("a_total", &[("x", "}\"\\"), ("y", "")]),
            Some(1.0)
        );
        assert_eq!(parsed.value("h_bucket", &[("le", "+Inf")]), Some(0.0));
    }

    #[test]
    fn refuses_what_the_format_forbids() {
        for text in [
            "a 1\n",
            "# TYPE a gauge\na 1",
            "# TYPE a gauge\na one\n",
            "# TYPE a gauge\na{b=\"c} 1\n",
            "# TYPE a gauge\na{b=\"\\x\"} 1\n",
            "# TYPE a gauge\na{1b=\"\"} 1\n",
            "# TYPE a gauge\nb 1\n",
            "# TYPE a gauge\na 1\na 2\n",
            "# TYPE a gauge\n# TYPE a gauge\n",
            "# TYPE a timer\n",
            "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# HELP a x\n",
        ] {
            assert!(Exposition::parse(text).is_err(), "{text:?} was accepted");
        }
    }
}
