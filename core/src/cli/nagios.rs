//! What a plugin of Nagios prints: a line, performance data, and more lines.
//!
//! <https://nagios-plugins.org/doc/guidelines.html>, "Plugin output" and "Performance data".

use std::fmt::Write as _;

use crate::health::{CheckReport, Report};

/// The report as a plugin of Nagios prints it: a line with the worst of it, the numbers among the
/// facts behind a bar, and a line for each check.
pub(super) fn format(report: &Report) -> String {
    let mut text = format!("{} - {}", word(report.status), summary(report));
    let checks = &report.checks;
    let data: Vec<String> = checks.iter().flat_map(performance).collect();
    if !data.is_empty() {
        let _ = write!(text, " | {}", data.join(" "));
    }
    text.push('\n');
    for check in checks {
        let (state, message) = (word(check.status), plain(&check.message));
        let _ = writeln!(text, "{}: {state} - {message}", plain(&check.name));
    }
    text
}

fn summary(report: &Report) -> String {
    let bad = report
        .checks
        .iter()
        .filter(|check| check.status != "healthy");
    let bad: Vec<&CheckReport> = bad.collect();
    let count = report.checks.len();
    match bad.as_slice() {
        [] if count == 1 => plain(&report.checks[0].message),
        [] => format!("{count} checks are healthy"),
        bad => {
            let named = bad.iter().map(|check| {
                let (name, message) = (plain(&check.name), plain(&check.message));
                format!("{name}: {message}")
            });
            named.collect::<Vec<_>>().join("; ")
        }
    }
}

/// The time that a check took, and its facts that are numbers.
fn performance(check: &CheckReport) -> Vec<String> {
    let label = |what: &str| {
        format!(
            "'{}'",
            format!("{} {what}", check.name).replace(['\'', '='], "_")
        )
    };
    let facts = check.details.iter().filter_map(|(name, value)| {
        let number = number(value)?;
        Some(format!("{}={number}", label(name)))
    });
    let time = format!("{}={:.6}s", label("time"), check.duration);
    facts.chain([time]).map(|one| plain(&one)).collect()
}

/// A fact that is a plain number, and nothing else.
fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

/// A text without what ends a line or begins performance data.
fn plain(text: &str) -> String {
    text.replace(['\n', '\r', '|'], " ")
}

fn word(status: &str) -> &'static str {
    match status {
        "healthy" => "OK",
        "degraded" => "WARNING",
        "unhealthy" => "CRITICAL",
        _ => "UNKNOWN",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(
        name: &str,
        status: &'static str,
        message: &str,
        facts: &[(&str, &str)],
    ) -> CheckReport {
        let facts = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        CheckReport {
            name: name.to_owned(),
            status,
            message: message.to_owned(),
            last_checked: None,
            duration: 0.25,
            details: facts.collect::<BTreeMap<_, _>>(),
            ..CheckReport::default()
        }
    }

    #[test]
    fn the_first_line_has_what_is_wrong_and_the_numbers() {
        let checks = vec![
            check(
                "a",
                "healthy",
                "fine",
                &[("load", "0.5"), ("text", "1 GiB")],
            ),
            check("b", "degraded", "so|so", &[]),
        ];
        let report = Report {
            status: "degraded",
            timestamp: String::new(),
            checks,
        };
        assert_eq!(
            format(&report),
            "WARNING - b: so so | 'a load'=0.5 'a time'=0.250000s 'b time'=0.250000s\n\
             a: OK - fine\nb: WARNING - so so\n"
        );
    }

    #[test]
    fn one_check_speaks_for_itself() {
        let checks = vec![check("a", "healthy", "fine", &[])];
        let report = Report {
            status: "healthy",
            timestamp: String::new(),
            checks,
        };
        assert!(format(&report).starts_with("OK - fine | 'a time'="));
    }
}
