//! The unit of a metric whose name tells it.

/// Units by the last word of a name, `_total` left aside.
const SUFFIXES: [(&str, &str); 14] = [
    ("_seconds", "seconds"),
    ("_bytes", "bytes"),
    ("_ratio", "ratio"),
    ("_percent", "percent"),
    ("_celsius", "celsius"),
    ("_hertz", "hertz"),
    ("_volts", "volts"),
    ("_amperes", "amperes"),
    ("_watts", "watts"),
    ("_joules", "joules"),
    ("_meters", "meters"),
    ("_grams", "grams"),
    ("_rpm", "rpm"),
    // Megabytes, of 10^6 bytes, a second.
    ("_mbps", "MB/s"),
];

/// Names that are kept although they do not tell their unit.
const NAMES: [(&str, &str); 6] = [
    ("gaxx_agent_exec_duration", "seconds"),
    ("gaxx_agent_exec_output_size", "bytes"),
    ("gaxx_agent_request_duration", "seconds"),
    ("gaxx_file_transfer_duration", "seconds"),
    ("gaxx_node_execution_duration", "seconds"),
    ("gaxx_task_duration", "seconds"),
];

/// The unit that was stated, or else the one that the name tells.
pub(super) fn of<'a>(name: &str, stated: &'a str) -> Option<&'a str> {
    if !stated.is_empty() {
        return Some(stated);
    }
    if let Some((_, unit)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(unit);
    }
    let name = name.strip_suffix("_total").unwrap_or(name);
    let suffix = SUFFIXES.iter().find(|(suffix, _)| name.ends_with(suffix));
    suffix.map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_stated_or_told_by_the_name() {
        for (name, stated, wanted) in [
            ("x_seconds", "", Some("seconds")),
            ("x_seconds_total", "", Some("seconds")),
            ("x_seconds", "fortnights", Some("fortnights")),
            ("gaxx_file_transfer_throughput_mbps", "", Some("MB/s")),
            ("gaxx_task_duration", "", Some("seconds")),
            ("gaxx_agent_exec_output_size", "", Some("bytes")),
            ("gaxx_task_success_rate_percent", "", Some("percent")),
            ("node_load1", "", None),
            ("seconds", "", None),
        ] {
            assert_eq!(of(name, stated), wanted, "{name}");
        }
    }
}
