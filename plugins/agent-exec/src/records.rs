//! What the audit log is told: who ran what, from where, and what came of it. Never the values of
//! variables, and never input.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use gaxx_sdk::{
    log::warn,
    prelude::*,
    serde_json::{Value, json},
};

use crate::{
    decline::Decline,
    policy::Permit,
    report::Report,
    request::{Key, Request},
};

/// How long a command waits until its record is durable.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of arguments that a record holds; the digest is over all.
const MOST_ARGUMENTS: usize = 32 << 10;
/// Records of refusals that are written at once, and each second: a caller who is refused again
/// and again fills no disk.
const REFUSALS: f64 = 50.0;
const REFUSALS_A_SECOND: f64 = 10.0;

/// Who asks, and from where.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    /// Empty: nobody said.
    pub(crate) name: String,
    pub(crate) from: String,
}

/// Writes to the audit log.
#[derive(Debug)]
pub(crate) struct Records {
    host: Host,
    allowance: Mutex<Allowance>,
}

#[derive(Debug)]
struct Allowance {
    left: f64,
    when: Instant,
    /// Refusals that were not written since the last one that was.
    passed_over: u64,
}

impl Records {
    pub(crate) fn new(host: &Host) -> Self {
        let allowance = Allowance {
            left: REFUSALS,
            when: Instant::now(),
            passed_over: 0,
        };
        Self {
            host: host.clone(),
            allowance: Mutex::new(allowance),
        }
    }

    /// Says that a command is about to start, and waits until that is durable.
    pub(crate) fn start(
        &self,
        id: &str,
        who: &Who,
        request: &Request,
        permit: &Permit,
        key: Option<&Key>,
    ) -> Result<(), Decline> {
        let (argv, is_cut) = shown(request);
        let mut record = json!({
            "event": "exec.start",
            "who": who.name,
            "from": who.from,
            "id": id,
            "rule": permit.name,
            "program": permit.order.program.to_string_lossy(),
            "argv": argv,
            "argv_digest": digest(request),
            "work_dir": permit.order.folder.to_string_lossy(),
            "user": permit.user,
        });
        if is_cut {
            record["argv_truncated"] = json!(true);
        }
        if let Some(key) = key {
            record["key"] = json!(key.as_str());
        }
        self.host
            .audit(&record.to_string(), Deadline::after(PATIENCE))
            .map_err(Decline::Audit)
    }

    /// Says how a command ended.
    pub(crate) fn end(&self, who: &Who, report: &Report) {
        self.later(&json!({
            "event": "exec.end",
            "who": who.name,
            "from": who.from,
            "id": report.id,
            "outcome": report.outcome,
            "reason": report.reason,
            "exit_code": report.exit_code,
            "signal": report.signal,
            "duration_ms": report.duration_ms,
            "user_seconds": report.user_seconds,
            "system_seconds": report.system_seconds,
            "stdout_bytes": report.stdout_bytes,
            "stderr_bytes": report.stderr_bytes,
        }));
    }

    /// Says that a command which was announced did not start.
    pub(crate) fn not_started(&self, id: &str, who: &Who, why: &Decline) {
        self.later(&json!({
            "event": "exec.end",
            "who": who.name,
            "from": who.from,
            "id": id,
            "outcome": "refused",
            "reason": why.to_string(),
        }));
    }

    /// Says that a request was refused, unless that was said too often.
    pub(crate) fn refused(&self, who: &Who, request: &Request, why: &Decline) {
        let Some(passed_over) = self.allowed() else {
            return;
        };
        let (argv, _) = shown(request);
        let mut record = json!({
            "event": "exec.refused",
            "who": who.name,
            "from": who.from,
            "reason": why.label(),
            "argv": argv,
            "argv_digest": digest(request),
        });
        if passed_over > 0 {
            record["refusals_not_recorded"] = json!(passed_over);
        }
        self.later(&record);
    }

    fn later(&self, record: &Value) {
        if let Err(error) = self.host.audit_later(&record.to_string()) {
            warn!("the audit log does not take a record: {error}");
        }
    }

    /// How many refusals were passed over before this one; nothing where it is one of them.
    fn allowed(&self) -> Option<u64> {
        let mut allowance = self
            .allowance
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let more = (now - allowance.when).as_secs_f64() * REFUSALS_A_SECOND;
        allowance.left = (allowance.left + more).min(REFUSALS);
        allowance.when = now;
        if allowance.left < 1.0 {
            allowance.passed_over += 1;
            return None;
        }
        allowance.left -= 1.0;
        Some(std::mem::take(&mut allowance.passed_over))
    }
}

/// Command and arguments, as far as a record holds them, and whether that is not all.
fn shown(request: &Request) -> (Vec<&str>, bool) {
    let mut left = MOST_ARGUMENTS;
    let mut is_cut = false;
    let words = [&request.command].into_iter().chain(&request.args);
    let shown = words.map_while(|word| {
        if word.len() <= left {
            left -= word.len();
            return Some(word.as_str());
        }
        is_cut = true;
        None
    });
    let shown = shown.collect();
    (shown, is_cut)
}

/// BLAKE3 of command and arguments, each with its length before it.
fn digest(request: &Request) -> String {
    let mut hasher = blake3::Hasher::new();
    for word in [&request.command].into_iter().chain(&request.args) {
        hasher.update(&(word.len() as u64).to_le_bytes());
        hasher.update(word.as_bytes());
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn refusals_are_recorded_up_to_a_rate() {
        let records = Records::new(&gaxx_sdk::testing::host());
        let written = (0..1000).filter(|_| records.allowed().is_some()).count();
        assert!((50..200).contains(&written), "{written}");
        let passed_over = records.allowance.lock().unwrap().passed_over;
        assert!(passed_over > 0);
    }

    #[test]
    fn arguments_are_shown_up_to_a_bound() {
        let mut request =
            Request::parse(br#"{"command": "/bin/echo", "args": ["a", "b"]}"#).unwrap();
        assert_eq!(shown(&request), (vec!["/bin/echo", "a", "b"], false));
        let before = digest(&request);
        request.args[1] = "x".repeat(MOST_ARGUMENTS);
        assert_eq!(shown(&request), (vec!["/bin/echo", "a"], true));
        assert_ne!(digest(&request), before);
    }
}
