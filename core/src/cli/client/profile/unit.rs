//! Values with units, as `go tool pprof` writes them.

/// Units, each with how many of the profile's unit it is, the largest first.
type Units = &'static [(f64, &'static str)];

const TIME: Units = &[(1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns")];

/// Powers of 1024 under these names, so that the figures are those of `go tool pprof`.
const SIZE: Units = &[
    ((1_u64 << 40) as f64, "TB"),
    ((1_u64 << 30) as f64, "GB"),
    ((1_u64 << 20) as f64, "MB"),
    (1024.0, "kB"),
    (1.0, "B"),
];

/// A value in the largest unit that it is at least one of.
pub(super) fn scaled(value: i64, unit: &str) -> String {
    let units = match unit {
        "nanoseconds" => TIME,
        "bytes" => SIZE,
        _ => return value.to_string(),
    };
    let whole = value as f64;
    let fits = units.iter().find(|(one, _)| whole.abs() >= *one);
    let Some((one, name)) = fits else {
        return "0".to_owned();
    };
    let text = format!("{:.2}", whole / one);
    format!("{}{name}", text.strip_suffix(".00").unwrap_or(&text))
}

/// A share of the whole, in percent.
pub(super) fn percent(value: i64, whole: i64) -> String {
    let share = if whole == 0 {
        0.0
    } else {
        value as f64 / whole as f64
    };
    format!("{:.1}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_the_unit_that_they_are_some_of() {
        for (value, unit, text) in [
            (0, "bytes", "0"),
            (1023, "bytes", "1023B"),
            (1024, "bytes", "1kB"),
            (-1_572_864, "bytes", "-1.50MB"),
            (999, "nanoseconds", "999ns"),
            (340_000_000, "nanoseconds", "340ms"),
            (1_210_000_000, "nanoseconds", "1.21s"),
            (i64::MIN, "bytes", "-8388608TB"),
            (17, "count", "17"),
        ] {
            assert_eq!(scaled(value, unit), text);
        }
    }

    #[test]
    fn a_share_of_nothing_is_none() {
        assert_eq!(percent(1, 3), "33.3%");
        assert_eq!(percent(-1, 2), "-50.0%");
        assert_eq!(percent(1, 0), "0.0%");
    }
}
