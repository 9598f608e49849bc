//! Lines, put together to families.

use std::collections::HashMap;

use super::{
    Family, Kind, Malformed, Series, Timestamps, Value,
    histogram::Parts,
    labels::Labels,
    line::{self, Line, Sample, Type},
};

/// Reads an exposition: families in the order in which they come.
pub(crate) fn parse(text: &[u8], timestamps: Timestamps) -> Result<Vec<Family>, Malformed> {
    let mut reader = Reader::default();
    let mut number = 0;
    let mut rest = text;
    let mut ended = false;
    while !rest.is_empty() {
        number += 1;
        let fail = |reason| Malformed {
            line: number,
            reason,
        };
        let end = rest.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or(fail("it ends in the middle of a line"))?;
        let line = str::from_utf8(&rest[..end]).map_err(|_| fail("it is not UTF-8"))?;
        rest = &rest[end + 1..];
        let line = line::parse(line).map_err(fail)?;
        if ended && line != Line::Nothing {
            return Err(fail("it goes on after # EOF"));
        }
        match line {
            Line::Nothing => {}
            Line::End => ended = true,
            Line::Help(name, help) => reader.help(name, help).map_err(fail)?,
            Line::Type(name, of) => reader.of_type(name, of).map_err(fail)?,
            Line::Sample(sample) if sample.has_timestamp && timestamps == Timestamps::Refused => {
                return Err(fail("a sample has a timestamp, which could not be shown"));
            }
            Line::Sample(sample) => reader.sample(sample, number).map_err(fail)?,
        }
    }
    reader.finish()
}

/// What `HELP` and `TYPE` said of a name.
#[derive(Debug, Default)]
struct Described {
    help: Option<String>,
    of: Option<Type>,
    has_samples: bool,
}

#[derive(Debug, Default)]
struct Reader {
    described: HashMap<String, Described>,
    /// Places in `families`.
    places: HashMap<String, usize>,
    families: Vec<Growing>,
}

/// A family that is not complete yet.
#[derive(Debug)]
struct Growing {
    family: Family,
    /// The name that its `HELP` bears.
    base: String,
    known: HashMap<Labels, usize>,
    histograms: Vec<(Labels, Parts)>,
    /// Where it begins.
    line: usize,
}

impl Reader {
    fn described(&mut self, name: &str) -> &mut Described {
        self.described.entry(name.to_owned()).or_default()
    }

    fn help(&mut self, name: &str, help: String) -> Result<(), &'static str> {
        match self.described(name).help.replace(help) {
            None => Ok(()),
            Some(_) => Err("a metric has a second HELP"),
        }
    }

    fn of_type(&mut self, name: &str, of: Type) -> Result<(), &'static str> {
        let described = self.described(name);
        if described.has_samples {
            return Err("the TYPE of a metric stands after samples of it");
        }
        match described.of.replace(of) {
            None => Ok(()),
            Some(_) => Err("a metric has a second TYPE"),
        }
    }

    /// The name that `HELP` and `TYPE` of a sample bear, what they say, and what the sample's own
    /// name has more.
    fn base<'n>(&self, name: &'n str) -> (&'n str, Type, &'n str) {
        let of = |name| self.described.get(name).and_then(|described| described.of);
        let suffixes = [
            ("_bucket", Type::Histogram),
            ("_sum", Type::Histogram),
            ("_count", Type::Histogram),
            ("_sum", Type::Summary),
            ("_count", Type::Summary),
            ("_total", Type::Counter),
        ];
        for (suffix, wanted) in suffixes {
            if let Some(base) = name.strip_suffix(suffix)
                && of(base) == Some(wanted)
            {
                return (base, wanted, suffix);
            }
        }
        (name, of(name).unwrap_or(Type::Untyped), "")
    }

    fn sample(&mut self, sample: Sample<'_>, line: usize) -> Result<(), &'static str> {
        let Sample {
            name,
            mut labels,
            value,
            ..
        } = sample;
        let (base, of, suffix) = self.base(name);
        self.described(base).has_samples = true;
        if of == Type::Histogram {
            if suffix.is_empty() {
                return Err("a histogram's samples end in _bucket, _sum or _count");
            }
            let bound = labels.iter().position(|(name, _)| name == "le");
            let bound = bound.map(|at| labels.remove(at).1);
            let growing = self.growing(base, base, Kind::Histogram, line);
            let next = growing.histograms.len();
            let at = *growing.known.entry(labels.clone()).or_insert(next);
            if at == next {
                growing.histograms.push((labels, Parts::default()));
            }
            let Some((_, parts)) = growing.histograms.get_mut(at) else {
                return Ok(());
            };
            return parts.take(suffix, bound.as_deref(), value);
        }
        let kind = match (of, suffix) {
            (Type::Counter, _) | (Type::Summary, "_count") => Kind::Counter,
            // The sum of a summary may go down.
            _ => Kind::Gauge,
        };
        let growing = self.growing(name, base, kind, line);
        let next = growing.family.series.len();
        if growing.known.insert(labels.clone(), next).is_some() {
            return Err("a sample stands twice");
        }
        growing.family.series.push(Series {
            labels,
            value: Value::Number(value),
        });
        Ok(())
    }

    /// The family of this name, begun if it is new.
    fn growing(&mut self, name: &str, base: &str, kind: Kind, line: usize) -> &mut Growing {
        let next = self.families.len();
        let at = *self.places.entry(name.to_owned()).or_insert(next);
        if at == next {
            let (help, series) = (String::new(), Vec::new());
            let family = Family {
                name: name.to_owned(),
                help,
                kind,
                series,
            };
            let (known, histograms) = (HashMap::new(), Vec::new());
            self.families.push(Growing {
                family,
                base: base.to_owned(),
                known,
                histograms,
                line,
            });
        }
        &mut self.families[at]
    }

    fn finish(self) -> Result<Vec<Family>, Malformed> {
        let finish = |growing: Growing| {
            let Growing {
                mut family,
                base,
                histograms,
                line,
                ..
            } = growing;
            let help = self
                .described
                .get(&base)
                .and_then(|described| described.help.clone());
            family.help = help.unwrap_or_default();
            for (labels, parts) in histograms {
                let series = parts.finish(labels);
                family
                    .series
                    .push(series.map_err(|reason| Malformed { line, reason })?);
            }
            Ok(family)
        };
        self.families.into_iter().map(finish).collect()
    }
}
