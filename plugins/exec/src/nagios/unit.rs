//! Units of performance data, turned into base units.

/// What a value is of, in its base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Seconds,
    Bytes,
    /// From 0 to 1.
    Ratio,
    /// Counts up without end.
    Total,
    /// Anything else, as it is.
    Value,
}

/// A unit: how many base units it has, as a fraction of whole numbers, so that 5 ms are exactly
/// 0.005 s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    pub(super) dimension: Dimension,
    times: f64,
    per: f64,
}

impl Unit {
    /// The unit of this sign. Units that are not known are taken as they are.
    ///
    /// `KB` and those above it are powers of 1000, as elsewhere; powers of 1024 are written `KiB`.
    pub(super) fn of(sign: &str) -> Self {
        let unit = |dimension, times, per| Self {
            dimension,
            times,
            per,
        };
        let seconds = |per| unit(Dimension::Seconds, 1.0, per);
        let bytes = |base: f64, power| unit(Dimension::Bytes, base.powi(power), 1.0);
        match sign {
            "s" => seconds(1.0),
            "ms" => seconds(1e3),
            "us" | "µs" | "μs" => seconds(1e6),
            "ns" => seconds(1e9),
            "%" => unit(Dimension::Ratio, 1.0, 100.0),
            "c" => unit(Dimension::Total, 1.0, 1.0),
            "B" => bytes(1e3, 0),
            "KB" | "kB" => bytes(1e3, 1),
            "MB" => bytes(1e3, 2),
            "GB" => bytes(1e3, 3),
            "TB" => bytes(1e3, 4),
            "PB" => bytes(1e3, 5),
            "KiB" => bytes(1024.0, 1),
            "MiB" => bytes(1024.0, 2),
            "GiB" => bytes(1024.0, 3),
            "TiB" => bytes(1024.0, 4),
            "PiB" => bytes(1024.0, 5),
            _ => unit(Dimension::Value, 1.0, 1.0),
        }
    }

    /// So many of this unit in base units.
    pub(super) fn to_base(self, amount: f64) -> f64 {
        amount * self.times / self.per
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]

    use super::*;

    #[test]
    fn amounts_are_in_base_units() {
        for (amount, sign, dimension, base) in [
            (5.0, "ms", Dimension::Seconds, 0.005),
            (7.0, "us", Dimension::Seconds, 0.000_007),
            (2.0, "s", Dimension::Seconds, 2.0),
            (58.0, "%", Dimension::Ratio, 0.58),
            (3.0, "MB", Dimension::Bytes, 3e6),
            (3.0, "MiB", Dimension::Bytes, 3_145_728.0),
            (1.0, "TB", Dimension::Bytes, 1e12),
            (9.0, "c", Dimension::Total, 9.0),
            (9.0, "", Dimension::Value, 9.0),
            (9.0, "rpm", Dimension::Value, 9.0),
        ] {
            let unit = Unit::of(sign);
            assert_eq!(
                (unit.dimension, unit.to_base(amount)),
                (dimension, base),
                "{sign}"
            );
        }
    }
}
