//! Units, as OpenTelemetry has them: <https://ucum.org/ucum>.

/// The unit of a family by its name there; one that is not known goes between braces.
pub(crate) fn ucum(unit: &str) -> String {
    let known = match unit {
        "" => "",
        "seconds" => "s",
        "bytes" => "By",
        "ratio" => "1",
        "celsius" => "Cel",
        "percent" => "%",
        "hertz" => "Hz",
        "joules" => "J",
        "watts" => "W",
        "volts" => "V",
        "amperes" => "A",
        "meters" => "m",
        "grams" => "g",
        other => return format!("{{{other}}}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_ucum() {
        assert_eq!(ucum("bytes"), "By");
        assert_eq!(ucum("rotations"), "{rotations}");
        assert_eq!(ucum(""), "");
    }
}
