//! Numbers in the text format.

/// Whole numbers below this are exact in an `f64`: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The value as an integer, if it is one that needs no exponent. Minus zero is none.
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::float_cmp)]
pub(super) fn whole(value: f64) -> Option<i64> {
    if value.abs() < EXACT {
        let whole = value as i64;
        if whole as f64 == value && (whole != 0 || value.is_sign_positive()) {
            return Some(whole);
        }
    }
    None
}

/// Appends the shortest text that reads back as the same number, or `+Inf`, `-Inf`, `NaN`.
#[inline]
pub(super) fn write(value: f64, out: &mut Vec<u8>) {
    if let Some(whole) = whole(value) {
        out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    } else if let Some(special) = special(value) {
        out.extend_from_slice(special.as_bytes());
    } else {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        let text = text.strip_suffix(".0").unwrap_or(text);
        out.extend_from_slice(text.as_bytes());
    }
}

/// The text of a number that is not finite.
pub(super) fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("+Inf")
    } else if value == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

/// The number as text.
pub(super) fn text(value: f64) -> String {
    let mut out = Vec::new();
    write(value, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_as_prometheus_reads_them() {
        for (value, wanted) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (12.0, "12"),
            (-3.0, "-3"),
            (0.005, "0.005"),
            (1.5e-9, "1.5e-9"),
            (1e300, "1e300"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(text(value), wanted);
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_back_the_same(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let read: f64 = text(value).parse().unwrap();
            prop_assert!(read.to_bits() == bits || (read.is_nan() && value.is_nan()));
        }

        #[test]
        fn every_whole_number_reads_back_the_same(value in any::<i64>()) {
            let value = value as f64;
            prop_assert_eq!(text(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }
}
