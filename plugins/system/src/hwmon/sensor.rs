//! Files of sensors, such as `temp1_crit_alarm`, and the metrics that they become.
//!
//! The names and units of the kernel's files: `Documentation/hwmon/sysfs-interface.rst`.

/// The kinds of sensors that are collected.
const KINDS: [&str; 14] = [
    "beep_enable",
    "cpu",
    "curr",
    "energy",
    "fan",
    "freq",
    "humidity",
    "in",
    "intrusion",
    "power",
    "pwm",
    "temp",
    "update_interval",
    "vrm",
];

/// Whether a sensor of this kind is collected.
pub(super) fn is_sensor(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Kind, sensor and element of a file's name: `temp1_crit_alarm` is `temp`, `temp1` and
/// `crit_alarm`; `pwm1` is `pwm`, `pwm1` and nothing.
pub(super) fn split(file: &str) -> Option<(&str, &str, &str)> {
    if is_sensor(file) {
        // These have underscores of their own and no number.
        return Some((file, file, ""));
    }
    let kind_ends = file.find(|c: char| c.is_ascii_digit())?;
    let rest = file.get(kind_ends..)?;
    let number_ends = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (kind, sensor) = (file.get(..kind_ends)?, file.get(..kind_ends + number_ends)?);
    let element = match rest.get(number_ends..)? {
        "" => "",
        rest => rest
            .strip_prefix('_')
            .filter(|element| !element.is_empty())?,
    };
    (!kind.is_empty()).then_some((kind, sensor, element))
}

/// The metric of an element, and the factor that brings the kernel's unit to the metric's.
#[derive(Debug, PartialEq)]
pub(super) struct Measure {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) factor: f64,
    pub(super) is_total: bool,
}

/// The metric of an element of a sensor of this kind. `has_bare` says that the sensor has a file
/// without element too, so that its element `input` must say what it is.
pub(super) fn measure(kind: &str, element: &str, has_bare: bool) -> Option<Measure> {
    let named = |name: &str, help: &str| Measure {
        name: format!("node_hwmon_{name}"),
        help: help.to_owned(),
        factor: 1.0,
        is_total: false,
    };
    let (unit, factor) = match (kind, element) {
        ("beep_enable", _) => return Some(named("beep_enabled", "Whether the chip may beep.")),
        ("vrm", _) => {
            return Some(named(
                "voltage_regulator_version",
                "Version of the voltage regulator.",
            ));
        }
        (_, "fault" | "alarm") | ("temp", "type") => ("", 1.0),
        (_, "beep") => ("_enabled", 1.0),
        ("update_interval", _)
        | ("power", "average_interval" | "average_interval_min" | "average_interval_max") => {
            ("_seconds", 1e-3)
        }
        ("in" | "cpu", _) => ("_volts", 1e-3),
        ("temp", _) => ("_celsius", 1e-3),
        ("curr", _) => ("_amps", 1e-3),
        ("energy", _) => ("_joule_total", 1e-6),
        ("power", "accuracy") | ("humidity", _) => ("", 1e-6),
        ("power", _) => ("_watt", 1e-6),
        ("fan", "input" | "min" | "max" | "target") => ("_rpm", 1.0),
        ("freq", "input") => ("_freq_mhz", 1e-6),
        _ => ("", 1.0),
    };
    let element = super::chip::clean(element);
    let part = match element.as_str() {
        "" => String::new(),
        "input" if !has_bare => String::new(),
        element => format!("_{element}"),
    };
    let what = if element.is_empty() {
        "value"
    } else {
        &element
    };
    let name = format!("node_hwmon_{kind}{part}{unit}");
    crate::by_name::is_name_part(&name).then(|| Measure {
        help: format!("The {what} of a {kind} sensor."),
        name,
        factor,
        is_total: kind == "energy" && unit == "_joule_total",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files() {
        assert_eq!(
            split("temp1_crit_alarm"),
            Some(("temp", "temp1", "crit_alarm"))
        );
        assert_eq!(split("in12_input"), Some(("in", "in12", "input")));
        assert_eq!(split("pwm1"), Some(("pwm", "pwm1", "")));
        assert_eq!(
            split("update_interval"),
            Some(("update_interval", "update_interval", ""))
        );
        for none in ["name", "uevent", "1_input", "temp1x", "temp1_", ""] {
            assert_eq!(split(none), None, "{none}");
        }
    }

    #[test]
    fn names_of_metrics() {
        let name = |kind, element, bare| measure(kind, element, bare).map(|m| (m.name, m.factor));
        let expect = |name: &str, factor| Some((format!("node_hwmon_{name}"), factor));
        assert_eq!(name("temp", "input", false), expect("temp_celsius", 1e-3));
        assert_eq!(
            name("temp", "crit_alarm", false),
            expect("temp_crit_alarm_celsius", 1e-3)
        );
        assert_eq!(name("fan", "alarm", false), expect("fan_alarm", 1.0));
        assert_eq!(name("pwm", "", false), expect("pwm", 1.0));
        assert_eq!(
            name("energy", "input", false),
            expect("energy_joule_total", 1e-6)
        );
        assert_eq!(
            name("power", "input", true),
            expect("power_input_watt", 1e-6)
        );
        assert_eq!(
            name("vrm", "", false),
            expect("voltage_regulator_version", 1.0)
        );
    }

    proptest! {
        #[test]
        fn any_name_is_read_without_panic(name in "[a-z]{0,5}[0-9]{0,3}_?\\PC{0,6}") {
            if let Some((kind, _, element)) = split(&name)
                && let Some(measure) = measure(kind, element, false)
            {
                prop_assert!(crate::by_name::is_name_part(&measure.name));
            }
        }
    }
}
