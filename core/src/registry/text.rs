//! The scrape as text, version 0.0.4.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use super::{layout::FamilyLayout, snapshot::Selected};

/// The `Content-Type` of this format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes families ascending by name, each with its HELP and TYPE once and all its samples in a
/// row. Families without samples are left out.
///
/// Numbers are as short as they can be and read back the same; large and small ones have an
/// exponent (`1e300`), which is where this text differs from that of the `prometheus` crate.
pub fn encode(selected: &Selected<'_>) -> Vec<u8> {
    families(selected, |family| &family.header)
}

/// The families of a selection, each behind its header.
pub(super) fn families<'a, H: AsRef<str>>(
    selected: &Selected<'a>,
    header: impl Fn(&'a FamilyLayout) -> H,
) -> Vec<u8> {
    let snapshot = selected.snapshot;
    let mut out = Vec::with_capacity(snapshot.layout.text_size);
    for family in &snapshot.layout.families {
        let start = out.len();
        out.extend_from_slice(header(family).as_ref().as_bytes());
        let samples = out.len();
        for part in &family.parts {
            if selected.sources.get(part.source) == Some(&true) {
                part.lines.write(|slot| snapshot.slot(slot), &mut out);
            }
        }
        if out.len() == samples {
            out.truncate(start);
        }
    }
    out
}
