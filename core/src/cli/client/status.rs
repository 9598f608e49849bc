//! The exit status of `gaxx-mon exec`, which is the command's own wherever there is one.

use crate::client::{
    Answer,
    exec::{Outcome, Report},
};

/// The time was over.
pub(super) const TIMED_OUT: u8 = 124;
/// The connection, the node or its policy was in the way, or output is missing; so `env` and
/// `timeout` have it for their own failures.
pub(super) const TROUBLE: u8 = 125;
/// The command was found and could not be run.
pub(super) const NOT_RUN: u8 = 126;
/// There is no such command.
pub(super) const NOT_FOUND: u8 = 127;
/// It was cancelled.
pub(super) const CANCELLED: u8 = 130;
/// Whoever read the output has gone: as if by SIGPIPE.
pub(super) const UNREAD: u8 = 141;

/// The status for a report.
pub(super) fn of(report: &Report) -> u8 {
    match report.outcome {
        Outcome::Exited => match report.exit_code.map(u8::try_from) {
            // Nobody may take half an output for the whole.
            Some(Ok(0)) if report.is_cut() => TROUBLE,
            Some(Ok(code)) => code,
            _ => TROUBLE,
        },
        Outcome::Signalled => report
            .signal
            .and_then(|signal| u8::try_from(signal).ok())
            .map_or(TROUBLE, |signal| 128_u8.saturating_add(signal)),
        Outcome::TimedOut => TIMED_OUT,
        Outcome::Cancelled => CANCELLED,
        Outcome::SpawnFailed => match &report.reason {
            Some(reason) if is_missing(reason) => NOT_FOUND,
            _ => NOT_RUN,
        },
        Outcome::Refused | Outcome::Unknown => TROUBLE,
    }
}

/// The status for an error that the node answers before it runs anything.
pub(super) fn of_answer(answer: &Answer) -> u8 {
    match answer.reason.as_deref() {
        Some("program") if is_missing(&answer.error) => NOT_FOUND,
        Some("program") if answer.error.contains("is not executable") => NOT_RUN,
        _ => TROUBLE,
    }
}

fn is_missing(reason: &str) -> bool {
    reason.contains("No such file or directory") || reason.contains("no program of that name")
}

/// What is to be said about a report that its output does not say.
pub(super) fn remark(report: &Report) -> Option<String> {
    let reason = report.reason.as_deref().unwrap_or("no reason is given");
    match report.outcome {
        Outcome::Exited if report.is_cut() => Some(format!(
            "output is missing: the command wrote {} bytes of output and {} of errors, and the node's limits cut it",
            report.stdout_bytes, report.stderr_bytes
        )),
        Outcome::Exited => None,
        Outcome::Signalled => Some(format!(
            "ended by signal {}",
            report
                .signal
                .map_or_else(|| "?".to_owned(), |signal| signal.to_string())
        )),
        Outcome::TimedOut => Some(format!("its time was over: {reason}")),
        Outcome::Cancelled => Some(format!("cancelled: {reason}")),
        Outcome::SpawnFailed => Some(format!("could not be run: {reason}")),
        Outcome::Refused => Some(format!("refused: {reason}")),
        Outcome::Unknown => Some(format!("how it ended is not known: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn status(report: serde_json::Value) -> u8 {
        of(&serde_json::from_value(report).unwrap())
    }

    #[test]
    fn every_outcome_has_a_status_and_only_success_is_zero() {
        for (report, expected) in [
            (json!({"outcome": "exited", "exit_code": 0}), 0),
            (json!({"outcome": "exited", "exit_code": 255}), 255),
            (
                json!({"outcome": "exited", "exit_code": 0, "stderr_truncated": true}),
                125,
            ),
            (
                json!({"outcome": "exited", "exit_code": 3, "stdout_truncated": true}),
                3,
            ),
            (json!({"outcome": "exited"}), 125),
            (json!({"outcome": "exited", "exit_code": 256}), 125),
            (json!({"outcome": "signalled", "signal": 9}), 137),
            (json!({"outcome": "signalled"}), 125),
            (json!({"outcome": "timed_out", "signal": 9}), 124),
            (json!({"outcome": "cancelled"}), 130),
            (
                json!({"outcome": "spawn_failed", "reason": "No such file or directory"}),
                127,
            ),
            (
                json!({"outcome": "spawn_failed", "reason": "Permission denied"}),
                126,
            ),
            (json!({"outcome": "refused", "exit_code": 0}), 125),
            (json!({"outcome": "unknown", "exit_code": 0}), 125),
            (json!({"outcome": "new", "exit_code": 0}), 125),
        ] {
            assert_eq!(status(report.clone()), expected, "{report}");
        }
    }
}
