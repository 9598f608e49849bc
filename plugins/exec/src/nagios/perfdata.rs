//! Performance data: `'label'=value[UOM];[warn];[crit];[min];[max]`, parted by spaces.
//!
//! See <https://www.monitoring-plugins.org/doc/guidelines.html#PERFDATA>.

use super::range::Range;

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Datum {
    pub(super) label: String,
    pub(super) value: f64,
    /// The unit as it was written; empty where there is none.
    pub(super) unit: String,
    pub(super) warning: Option<Range>,
    pub(super) critical: Option<Range>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
}

/// What was read.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Perfdata {
    pub(super) data: Vec<Datum>,
    /// Items, thresholds and limits that could not be read.
    pub(super) unreadable: usize,
}

/// Reads performance data. What cannot be read is passed over and counted; a value of `U`, which
/// says that there is none, is passed over.
pub(super) fn parse(text: &str) -> Perfdata {
    let mut perfdata = Perfdata::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let item = label(rest).and_then(|(label, after)| {
            let (fields, after) = word(after.strip_prefix('=')?);
            Some((label, fields, after))
        });
        let Some((label, fields, after)) = item else {
            perfdata.unreadable += 1;
            // On with the next word; what an unclosed quote means nobody knows.
            rest = word(rest).1.trim_start();
            continue;
        };
        perfdata.take(label, fields);
        rest = after.trim_start();
    }
    perfdata
}

impl Perfdata {
    fn take(&mut self, label: String, fields: &str) {
        let mut fields = fields.split(';');
        let (value, unit) = split_unit(fields.next().unwrap_or_default());
        if value.is_empty() && unit == "U" {
            return;
        }
        // A decimal comma is not taken for a unit: half the number would be shown.
        let Some(value) = number(value).filter(|_| !label.is_empty() && !unit.starts_with(','))
        else {
            self.unreadable += 1;
            return;
        };
        let [warning, critical] =
            [(); 2].map(|()| self.optional(fields.next(), |f| f.parse().ok()));
        let [min, max] = [(); 2].map(|()| self.optional(fields.next(), number));
        let unit = unit.to_owned();
        self.data.push(Datum {
            label,
            value,
            unit,
            warning,
            critical,
            min,
            max,
        });
    }

    fn optional<T>(&mut self, field: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let field = field.filter(|field| !field.is_empty())?;
        let value = read(field);
        self.unreadable += usize::from(value.is_none());
        value
    }
}

/// Reads a label, up to its `=`: in quotes, of which two stand for one, or without.
fn label(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('\'') else {
        let end = text.find(|c: char| c == '=' || c.is_whitespace())?;
        let (label, rest) = text.split_at(end);
        return Some((label.to_owned(), rest));
    };
    let mut label = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        label.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                label.push('\'');
                rest = after;
            }
            None => return Some((label, after)),
        }
    }
}

/// The first word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// Parts a number from the unit behind it.
fn split_unit(text: &str) -> (&str, &str) {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '+' | '.'))
            .unwrap_or(text.len())
    };
    let mut end = digits(text);
    // `1e5` is a number; in `1e` the unit is `e`.
    if let Some(exponent) = text[end..].strip_prefix(['e', 'E']) {
        let length = digits(exponent);
        if exponent[..length].ends_with(|c: char| c.is_ascii_digit()) {
            end += 1 + length;
        }
    }
    text.split_at(end)
}

/// A finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fmt::Write;

    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn datum(label: &str, value: f64, unit: &str) -> Datum {
        Datum {
            label: label.into(),
            value,
            unit: unit.into(),
            warning: None,
            critical: None,
            min: None,
            max: None,
        }
    }

    #[test]
    fn what_plugins_print_is_read() {
        let read = parse(
            "load1=1.090;5.000;10.000;0; /=40673214464B;243497277849;~:257024904396;0;270552530944\n\
             'free space'=58%;@10:20 'it''s'=-1.5e3ms users=0 none=U;;;; x='' 1e=2e",
        );
        let expected = [
            Datum {
                warning: "5".parse().ok(),
                critical: "10".parse().ok(),
                min: Some(0.0),
                ..datum("load1", 1.09, "")
            },
            Datum {
                warning: "243497277849".parse().ok(),
                critical: "~:257024904396".parse().ok(),
                min: Some(0.0),
                max: Some(270_552_530_944.0),
                ..datum("/", 40_673_214_464.0, "B")
            },
            Datum {
                warning: "@10:20".parse().ok(),
                ..datum("free space", 58.0, "%")
            },
            datum("it's", -1500.0, "ms"),
            datum("users", 0.0, ""),
            datum("1e", 2.0, "e"),
        ];
        assert_eq!(
            read,
            Perfdata {
                data: expected.into(),
                unreadable: 1
            }
        );
    }

    #[test]
    fn what_cannot_be_read_is_passed_over_and_counted() {
        for (text, labels, unreadable) in [
            ("", vec![], 0),
            ("a=1;x;2;y;3 b=2", vec!["a", "b"], 2),
            ("a =1 b=2", vec!["b"], 2),
            ("word b=2", vec!["b"], 1),
            ("'open=1 b=2", vec!["b"], 1),
            ("a=1,5 b=2", vec!["b"], 1),
            ("a=1-2 b=2", vec!["b"], 1),
            ("=1 b=2", vec!["b"], 1),
        ] {
            let read = parse(text);
            let found: Vec<&str> = read.data.iter().map(|datum| datum.label.as_str()).collect();
            assert_eq!((found, read.unreadable), (labels, unreadable), "{text:?}");
        }
    }

    fn any_number() -> impl Strategy<Value = f64> {
        any::<f64>().prop_filter("finite", |value| value.is_finite())
    }

    fn any_range() -> impl Strategy<Value = Range> {
        (any_number(), any_number(), any::<bool>()).prop_map(|(one, other, is_inverted)| Range {
            lower: one.min(other),
            upper: one.max(other),
            is_inverted,
        })
    }

    fn any_datum() -> impl Strategy<Value = Datum> {
        let ranges = (option::of(any_range()), option::of(any_range()));
        let limits = (option::of(any_number()), option::of(any_number()));
        let unit = "(|s|ms|us|%|B|KB|MB|c|rpm)";
        ("[^\u{0}]{1,10}", any_number(), unit, ranges, limits).prop_map(
            |(label, value, unit, (warning, critical), (min, max))| Datum {
                label,
                value,
                unit,
                warning,
                critical,
                min,
                max,
            },
        )
    }

    fn render(data: &[Datum]) -> String {
        let mut text = String::new();
        for datum in data {
            let label = datum.label.replace('\'', "''");
            write!(text, "'{label}'={}{};", datum.value, datum.unit).unwrap();
            let ranges = [datum.warning, datum.critical];
            let ranges =
                ranges.map(|range| range.map(|range| range.to_string()).unwrap_or_default());
            let limits = [datum.min, datum.max];
            let limits =
                limits.map(|limit| limit.map(|limit| limit.to_string()).unwrap_or_default());
            writeln!(text, "{};{}", ranges.join(";"), limits.join(";")).unwrap();
        }
        text
    }

    proptest! {
        #[test]
        fn what_is_rendered_is_read_again(data in vec(any_datum(), 0..6)) {
            prop_assert_eq!(parse(&render(&data)), Perfdata { data, unreadable: 0 });
        }

        #[test]
        fn no_text_is_too_much(text: String) {
            let _ = parse(&text);
        }

        #[test]
        fn no_text_that_looks_alike_is_too_much(text in "[a'= ;:@~0-9.eEU%µ-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
