//! What a plugin of Nagios says: its status and the parts of its output.
//!
//! See <https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/pluginapi.html>.

use gaxx_sdk::prelude::{Status, Verdict};

use super::perfdata::{self, Perfdata};
use crate::program::{End, Output, last_line};

/// How much of the lines behind the first is kept, in characters.
const LONG_TEXT: usize = 2_000;

/// The parts of the output.
#[derive(Debug, PartialEq)]
pub(super) struct Report {
    /// The first line, up to its `|`.
    text: String,
    /// The lines behind it, up to the next `|`.
    long_text: String,
    pub(super) perfdata: Perfdata,
}

impl Report {
    pub(super) fn read(stdout: &[u8]) -> Self {
        let output = String::from_utf8_lossy(stdout);
        let (first, rest) = output.split_once('\n').unwrap_or((&output, ""));
        let (text, data) = first.split_once('|').unwrap_or((first, ""));
        let (long_text, more_data) = rest.split_once('|').unwrap_or((rest, ""));
        Self {
            text: text.trim().to_owned(),
            long_text: long_text.trim().chars().take(LONG_TEXT).collect(),
            perfdata: perfdata::parse(&format!("{data}\n{more_data}")),
        }
    }

    /// What it says of its subject. A status other than 0 to 3, and a signal, are unknown.
    pub(super) fn verdict(&self, program: &str, output: &Output) -> Verdict {
        let status = match output.end {
            End::Status(0) => Status::Healthy,
            End::Status(1) => Status::Degraded,
            End::Status(2) => Status::Unhealthy,
            End::Status(_) | End::Signal(_) => Status::Unknown,
        };
        let said = match (self.text.as_str(), last_line(&output.stderr)) {
            ("", stderr) if stderr.is_empty() => format!("{program} printed nothing"),
            ("", stderr) => stderr,
            (text, _) => text.to_owned(),
        };
        let message = match output.end {
            End::Status(0..=3) => said,
            end => format!("{program} {end}: {said}"),
        };
        let verdict = Verdict::new(status, message);
        if self.long_text.is_empty() {
            verdict
        } else {
            verdict.detail("output", &self.long_text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(report: &Report) -> Vec<&str> {
        report
            .perfdata
            .data
            .iter()
            .map(|datum| datum.label.as_str())
            .collect()
    }

    #[test]
    fn performance_data_stands_on_the_first_line_and_behind_the_long_text() {
        let report = Report::read(b"OK - fine | a=1 b=2\nlong\ntext | c=3\nd=4 e=5\n");
        assert_eq!(
            (report.text.as_str(), report.long_text.as_str()),
            ("OK - fine", "long\ntext")
        );
        assert_eq!(labels(&report), ["a", "b", "c", "d", "e"]);

        let report = Report::read(b"OK\nlong");
        assert_eq!(
            (report.text.as_str(), report.long_text.as_str()),
            ("OK", "long")
        );
        assert_eq!(labels(&report), Vec::<&str>::new());

        let report = Report::read(b"\xff|a=1");
        assert_eq!(
            (report.text.as_str(), labels(&report)),
            ("\u{fffd}", vec!["a"])
        );
    }

    fn verdict(stdout: &str, stderr: &str, end: End) -> (Status, String) {
        let output = Output {
            stdout: stdout.into(),
            stderr: stderr.into(),
            end,
        };
        let verdict = Report::read(&output.stdout).verdict("/bin/it", &output);
        (verdict.status, verdict.message)
    }

    #[test]
    fn the_status_is_that_of_the_exit() {
        for (end, status, message) in [
            (End::Status(0), Status::Healthy, "x"),
            (End::Status(1), Status::Degraded, "x"),
            (End::Status(2), Status::Unhealthy, "x"),
            (End::Status(3), Status::Unknown, "x"),
            (
                End::Status(4),
                Status::Unknown,
                "/bin/it ended with status 4: x",
            ),
            (
                End::Status(127),
                Status::Unknown,
                "/bin/it ended with status 127: x",
            ),
            (
                End::Signal(9),
                Status::Unknown,
                "/bin/it was ended by signal 9 (SIGKILL): x",
            ),
        ] {
            assert_eq!(verdict("x", "y", end), (status, message.to_owned()));
        }
    }

    #[test]
    fn what_prints_nothing_is_quoted_from_elsewhere_or_told() {
        let (_, message) = verdict(" | a=1", "one\ntwo\n\n", End::Status(2));
        assert_eq!(message, "two");
        let (_, message) = verdict("", "", End::Status(0));
        assert_eq!(message, "/bin/it printed nothing");
    }
}
