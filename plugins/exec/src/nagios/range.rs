//! Ranges as plugins of Nagios write their thresholds.
//!
//! See <https://www.monitoring-plugins.org/doc/guidelines.html#THRESHOLDFORMAT>.

use std::{fmt, str::FromStr};

/// The values of which no alert is raised; or, with `is_inverted`, those of which one is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    /// Minus infinity where there is no lower bound.
    pub(super) lower: f64,
    /// Infinity where there is no upper bound.
    pub(super) upper: f64,
    /// Whether the values inside raise the alert, the bounds included, and not those outside.
    pub(super) is_inverted: bool,
}

/// Why a text is no range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a range such as 10, 10:, ~:10, 10:20 or @10:20")]
pub(super) struct NoRange;

impl FromStr for Range {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let (text, is_inverted) = match text.strip_prefix('@') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (lower, upper) = match text.split_once(':') {
            // A single number is an upper bound, and nothing below zero is meant.
            None => (0.0, number(text)?),
            Some((lower, upper)) => {
                let lower = match lower {
                    "" => 0.0,
                    "~" => f64::NEG_INFINITY,
                    lower => number(lower)?,
                };
                let upper = if upper.is_empty() {
                    f64::INFINITY
                } else {
                    number(upper)?
                };
                (lower, upper)
            }
        };
        if lower > upper {
            return Err(NoRange);
        }
        Ok(Self {
            lower,
            upper,
            is_inverted,
        })
    }
}

fn number(text: &str) -> Result<f64, NoRange> {
    super::perfdata::number(text).ok_or(NoRange)
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_inverted { "@" } else { "" })?;
        match self.lower {
            f64::NEG_INFINITY => f.write_str("~:")?,
            lower => write!(f, "{lower}:")?,
        }
        match self.upper {
            f64::INFINITY => Ok(()),
            upper => write!(f, "{upper}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_read() {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        for (text, lower, upper, is_inverted) in [
            ("10", 0.0, 10.0, false),
            ("10:", 10.0, high, false),
            (":10", 0.0, 10.0, false),
            ("~:10", low, 10.0, false),
            ("~:", low, high, false),
            ("10:20", 10.0, 20.0, false),
            ("-2.5:-1", -2.5, -1.0, false),
            ("@10:20", 10.0, 20.0, true),
            ("@10", 0.0, 10.0, true),
        ] {
            assert_eq!(
                text.parse(),
                Ok(Range {
                    lower,
                    upper,
                    is_inverted
                }),
                "{text}"
            );
        }
        for text in [
            "", "@", "-1", "20:10", "a", "1:b", "~", "1:2:3", "10%", "inf", "1:nan",
        ] {
            assert_eq!(text.parse::<Range>(), Err(NoRange), "{text}");
        }
    }

    fn bound() -> impl Strategy<Value = f64> {
        any::<f64>().prop_filter("finite", |value| value.is_finite())
    }

    proptest! {
        #[test]
        fn a_range_reads_as_it_is_shown(
            one in bound(), other in bound(), open: (bool, bool), is_inverted: bool,
        ) {
            let range = Range {
                lower: if open.0 { f64::NEG_INFINITY } else { one.min(other) },
                upper: if open.1 { f64::INFINITY } else { one.max(other) },
                is_inverted,
            };
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }

        #[test]
        fn no_text_is_too_much(text: String) {
            let _ = text.parse::<Range>();
        }

        #[test]
        fn no_text_that_looks_alike_is_too_much(text in "@?~?[-0-9.eE]{0,6}:?[-0-9.eE]{0,6}") {
            let _ = text.parse::<Range>();
        }
    }
}
