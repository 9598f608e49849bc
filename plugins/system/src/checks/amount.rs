//! Amounts as people read them.

/// An amount of bytes: `9.6 GiB`, `512 B`.
pub(super) fn bytes(amount: f64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut amount = amount;
    let mut units = UNITS.into_iter();
    let mut unit = units.next().unwrap_or_default();
    // What would be shown as 1024.0 belongs to the next unit.
    while amount >= 1023.95 {
        let Some(next) = units.next() else { break };
        amount /= 1024.0;
        unit = next;
    }
    if unit == "B" {
        format!("{amount:.0} B")
    } else {
        format!("{amount:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1023.0), "1023 B");
        assert_eq!(bytes(1024.0), "1.0 KiB");
        assert_eq!(bytes(1024.0 * 1023.99), "1.0 MiB");
        assert_eq!(bytes(25_276_510_208.0), "23.5 GiB");
        assert_eq!(bytes(u64::MAX as f64), "16.0 EiB");
        assert_eq!(bytes(1e30), "867361737988.4 EiB");
    }
}
