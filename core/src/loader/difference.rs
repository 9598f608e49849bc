//! Where the interfaces of host and plugin differ, in a line: `abi_stable`'s own report fills pages.

use abi_stable::{
    abi_stability::abi_checking::{AbiInstability, AbiInstabilityError, AbiInstabilityErrors},
    type_layout::TLFieldOrFunction,
};

/// Whose interface a report of `abi_stable` calls the expected one.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    Hosts,
    Plugins,
}

/// The first difference that tells something.
pub(super) fn first(report: &AbiInstabilityErrors, expected: Expected) -> String {
    let places = || report.errors.iter().filter(|place| !place.errs.is_empty());
    // Where a size differs there is a reason for it, which is told after it.
    let telling = places().find_map(|place| {
        let difference = place
            .errs
            .iter()
            .find(|difference| !is_of_counts(difference))?;
        Some((place, difference))
    });
    let any = || places().find_map(|place| Some((place, place.errs.first()?)));
    match telling.or_else(any) {
        Some((place, difference)) => {
            format!("{}: {}", path(place), describe(difference, expected))
        }
        None => "it cannot be told where".into(),
    }
}

fn is_of_counts(difference: &AbiInstability) -> bool {
    use AbiInstability as D;
    matches!(
        difference,
        D::Size(_) | D::Alignment(_) | D::FieldCountMismatch(_) | D::MismatchedPrefixSize(_)
    )
}

/// The innermost type of ours, and the way from it: `Point.reserved`.
fn path(place: &AbiInstabilityError) -> String {
    let mut steps = Vec::new();
    for step in &place.stack_trace {
        match &step.found {
            TLFieldOrFunction::Field(field) => {
                let (layout, name) = (field.layout(), field.name());
                if !is_plumbing(name) {
                    steps.push(name);
                }
                if layout.package() == "gaxx-abi" && layout.name() != "VTable" {
                    steps.clear();
                    steps.push(layout.name().trim_end_matches("_TO"));
                }
            }
            TLFieldOrFunction::Function(function) => steps.push(function.name.as_str()),
        }
    }
    // A field that is a function stands there twice.
    steps.dedup();
    if steps.is_empty() {
        "the root module".into()
    } else {
        steps.join(".")
    }
}

/// Whether this is a part of `abi_stable`'s own types and not of ours.
fn is_plumbing(name: &str) -> bool {
    matches!(name, "obj" | "vtable" | "buffer" | "__returns")
        || name.starts_with("field_")
        || name.bytes().all(|b| b.is_ascii_digit())
}

fn describe(difference: &AbiInstability, expected: Expected) -> String {
    use AbiInstability as D;
    let (what, one, other) = match difference {
        D::Name(d) => ("type", d.expected.to_string(), d.found.to_string()),
        D::Package(d) => ("crate", d.expected.to_string(), d.found.to_string()),
        D::PackageVersion(d) => ("crate version", d.expected.to_string(), d.found.to_string()),
        D::Size(d) => ("size", d.expected.to_string(), d.found.to_string()),
        D::Alignment(d) => ("alignment", d.expected.to_string(), d.found.to_string()),
        D::FieldCountMismatch(d) => ("field count", d.expected.to_string(), d.found.to_string()),
        D::MismatchedPrefixSize(d) => (
            "count of first fields",
            d.expected.to_string(),
            d.found.to_string(),
        ),
        D::UnexpectedField(d) => {
            let what = if d.expected.is_function() {
                "method"
            } else {
                "field"
            };
            (what, d.expected.name().into(), d.found.name().into())
        }
        D::UnexpectedVariant(d) => ("variant", d.expected.to_string(), d.found.to_string()),
        _ => return "another layout".into(),
    };
    match expected {
        Expected::Hosts => format!("{what} {other} in place of {one}"),
        Expected::Plugins => format!("{what} {one} in place of {other}"),
    }
}
