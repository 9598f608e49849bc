//! The scrape as `OpenMetrics`, version 1.0.
//!
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>
//!
//! The samples are those of the text format, byte for byte: whoever scrapes stores the same series,
//! whichever form it asks for. What differs is what stands before them, and the end.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    escape,
    family::{Family, Kind},
    snapshot::Selected,
    text,
};

/// The `Content-Type` of this format.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the samples of a counter end with, and its family does not.
const TOTAL: &str = "_total";

/// Writes families ascending by name, as [`text::encode`] does, and the end.
///
/// The samples of a counter must end in `_total`. Those that the first program called otherwise keep
/// their names: they are of type `unknown` here, since another name would be another series.
pub fn encode(selected: &Selected<'_>) -> Vec<u8> {
    let families = &selected.snapshot.layout.families;
    let names: BTreeSet<&str> = families.iter().map(|it| &*it.family.name).collect();
    let mut out = text::families(selected, |layout| header(&layout.family, &names));
    out.extend_from_slice(b"# EOF\n");
    out
}

/// The TYPE, UNIT and HELP lines.
fn header(family: &Family, names: &BTreeSet<&str>) -> String {
    let (name, kind) = described(family, names);
    // Writing to a text cannot fail.
    let mut header = format!("# TYPE {name} {kind}\n");
    // It must be what the name ends with.
    let has_unit = !family.unit.is_empty()
        && name
            .strip_suffix(family.unit.as_str())
            .is_some_and(|rest| rest.ends_with('_'));
    if has_unit {
        let _ = writeln!(header, "# UNIT {name} {}", family.unit);
    }
    if !family.help.is_empty() {
        let _ = write!(header, "# HELP {name} ");
        escape::label_value(&family.help, &mut header);
        header.push('\n');
    }
    header
}

/// What a family is called here, and its type.
fn described<'a>(family: &'a Family, names: &BTreeSet<&str>) -> (&'a str, &'static str) {
    match family.kind {
        Kind::Gauge => (&family.name, "gauge"),
        Kind::Histogram => (&family.name, "histogram"),
        Kind::Counter => match family.name.strip_suffix(TOTAL) {
            // Two families may not have one name.
            Some(base) if !base.is_empty() && !names.contains(base) => (base, "counter"),
            _ => (&family.name, "unknown"),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_abi::{FamilySpec, abi_std::RVec, metric::kind};

    use super::*;

    fn family(name: &str, kind: u32, help: &str, unit: &str) -> Family {
        Family::new(&FamilySpec {
            name: name.into(),
            help: help.into(),
            unit: unit.into(),
            kind,
            labels: RVec::new(),
            bounds: RVec::new(),
            attributes: RVec::new(),
        })
        .unwrap()
    }

    fn said(family: &Family, others: &[&str]) -> String {
        header(family, &others.iter().copied().collect())
    }

    #[test]
    fn a_counter_is_called_without_total_where_it_has_it() {
        let counter = family("a_seconds_total", kind::COUNTER, "Say \"a\".", "seconds");
        let own =
            "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds Say \\\"a\\\".\n";
        assert_eq!(said(&counter, &["a_seconds_total"]), own);
        assert!(said(&counter, &["a_seconds"]).starts_with("# TYPE a_seconds_total unknown\n"));
        let first = family("gaxx_app_starts", kind::COUNTER, "", "");
        assert_eq!(said(&first, &[]), "# TYPE gaxx_app_starts unknown\n");
    }

    #[test]
    fn a_unit_is_told_where_the_name_ends_with_it() {
        let other = family("a_mbps", kind::GAUGE, "", "megabytes");
        assert_eq!(said(&other, &[]), "# TYPE a_mbps gauge\n");
    }
}
