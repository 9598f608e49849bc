//! The runs that are known: those that run or wait, and a bounded number of those that have ended.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use gaxx_sdk::serde_json::{Value, json};

use crate::report::Report;

/// Characters of a command line that are shown.
const MOST_SHOWN: usize = 200;

/// A run that runs, or waits for its turn.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    caller: String,
    from: String,
    rule: String,
    command_line: String,
    since: SystemTime,
    clock: Instant,
    /// Zero until it runs.
    pid: AtomicU32,
    printed: AtomicU64,
    cancelled: OnceLock<String>,
}

/// The runs that are known.
#[derive(Debug)]
pub(crate) struct Table {
    books: Mutex<Books>,
    most_recent: usize,
}

#[derive(Debug, Default)]
struct Books {
    running: HashMap<String, Arc<Entry>>,
    /// Those that have ended: number, caller, and what is shown of them.
    recent: VecDeque<(String, String, Value)>,
}

/// What became of the wish to end a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It ends.
    Begun,
    /// It has ended before.
    HasEnded,
    /// There is no such run.
    Unknown,
}

impl Entry {
    pub(crate) fn new(
        id: String,
        caller: &str,
        from: &str,
        rule: &str,
        command: &str,
        args: &[String],
    ) -> Arc<Self> {
        let words = [command].into_iter().chain(args.iter().map(String::as_str));
        let characters = words.flat_map(|word| word.chars().chain([' ']));
        let line: String = characters.take(MOST_SHOWN).collect();
        Arc::new(Self {
            id,
            caller: caller.to_owned(),
            from: from.to_owned(),
            rule: rule.to_owned(),
            command_line: line.trim_end().to_owned(),
            since: SystemTime::now(),
            clock: Instant::now(),
            pid: AtomicU32::new(0),
            printed: AtomicU64::new(0),
            cancelled: OnceLock::new(),
        })
    }

    /// It runs, as this process.
    pub(crate) fn started(&self, pid: u32) {
        self.pid.store(pid, Ordering::Relaxed);
    }

    /// It has printed so many bytes more.
    pub(crate) fn printed(&self, bytes: u64) {
        self.printed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Has it end. The first reason stays.
    pub(crate) fn cancel(&self, reason: String) {
        let _ = self.cancelled.set(reason);
    }

    /// Why it is to end, if it is.
    pub(crate) fn cancelled(&self) -> Option<&str> {
        self.cancelled.get().map(String::as_str)
    }

    fn shown(&self) -> Value {
        let pid = self.pid.load(Ordering::Relaxed);
        let state = match (self.cancelled(), pid) {
            (Some(_), _) => "ending",
            (None, 0) => "waiting",
            (None, _) => "running",
        };
        json!({
            "id": self.id,
            "state": state,
            "pid": (pid > 0).then_some(pid),
            "since": humantime::format_rfc3339_millis(self.since).to_string(),
            "seconds": self.clock.elapsed().as_secs_f64(),
            "who": self.caller,
            "from": self.from,
            "rule": self.rule,
            "command_line": self.command_line,
            "output_bytes": self.printed.load(Ordering::Relaxed),
        })
    }

    fn ended(&self, report: &Report) -> Value {
        json!({
            "id": self.id,
            "state": "ended",
            "outcome": report.outcome,
            "reason": report.reason,
            "exit_code": report.exit_code,
            "signal": report.signal,
            "since": humantime::format_rfc3339_millis(self.since).to_string(),
            "duration_ms": report.duration_ms,
            "who": self.caller,
            "from": self.from,
            "rule": self.rule,
            "command_line": self.command_line,
            "stdout_bytes": report.stdout_bytes,
            "stderr_bytes": report.stderr_bytes,
        })
    }
}

impl Table {
    /// Remembers so many that have ended.
    pub(crate) fn new(most_recent: usize) -> Self {
        Self {
            books: Mutex::default(),
            most_recent,
        }
    }

    pub(crate) fn add(&self, entry: &Arc<Entry>) {
        self.lock()
            .running
            .insert(entry.id.clone(), Arc::clone(entry));
    }

    /// It came to no run.
    pub(crate) fn remove(&self, entry: &Entry) {
        self.lock().running.remove(&entry.id);
    }

    /// It has ended.
    pub(crate) fn end(&self, entry: &Entry, report: &Report) {
        let shown = entry.ended(report);
        let mut books = self.lock();
        books.running.remove(&entry.id);
        books
            .recent
            .push_front((entry.id.clone(), entry.caller.clone(), shown));
        books.recent.truncate(self.most_recent);
    }

    /// All of this caller, the newest first.
    pub(crate) fn all(&self, caller: &str) -> Value {
        let books = self.lock();
        let own = books.running.values();
        let mut running: Vec<_> = own.filter(|entry| entry.caller == caller).collect();
        running.sort_by_key(|entry| Reverse(entry.clock));
        let running: Vec<Value> = running.into_iter().map(|entry| entry.shown()).collect();
        let recent = books.recent.iter();
        let own = recent.filter(|(_, other, _)| other == caller);
        let recent: Vec<&Value> = own.map(|(_, _, shown)| shown).collect();
        json!({ "running": running, "recent": recent })
    }

    /// One of this caller.
    pub(crate) fn one(&self, id: &str, caller: &str) -> Option<Value> {
        let books = self.lock();
        let running = books.running.get(id);
        let running = running
            .filter(|entry| entry.caller == caller)
            .map(|entry| entry.shown());
        running.or_else(|| {
            books
                .recent
                .iter()
                .find(|(other, whose, _)| other == id && whose == caller)
                .map(|(_, _, shown)| shown.clone())
        })
    }

    /// Has a run of this caller end.
    pub(crate) fn cancel(&self, id: &str, caller: &str, reason: String) -> Ending {
        let books = self.lock();
        let is_own = |other: &str, whose: &str| other == id && whose == caller;
        let running = books.running.get(id);
        if let Some(entry) = running.filter(|entry| entry.caller == caller) {
            entry.cancel(reason);
            Ending::Begun
        } else if books
            .recent
            .iter()
            .any(|(other, whose, _)| is_own(other, whose))
        {
            Ending::HasEnded
        } else {
            Ending::Unknown
        }
    }

    /// Has all runs end.
    pub(crate) fn cancel_all(&self, reason: &str) {
        self.lock()
            .running
            .values()
            .for_each(|entry| entry.cancel(reason.to_owned()));
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::report::Outcome;

    fn entry(id: &str) -> Arc<Entry> {
        Entry::new(
            id.to_owned(),
            "me",
            "127.0.0.1:1",
            "rule",
            "/bin/echo",
            &["x".repeat(1000)],
        )
    }

    #[test]
    fn what_has_ended_is_remembered_up_to_a_bound() {
        let table = Table::new(2);
        for id in ["a", "b", "c"] {
            let entry = entry(id);
            table.add(&entry);
            assert_eq!(table.one(id, "me").unwrap()["state"], "waiting");
            entry.started(7);
            assert_eq!(table.one(id, "me").unwrap()["pid"], 7);
            table.end(&entry, &Report::new(id, Outcome::Exited, ""));
        }
        assert_eq!(table.one("a", "me"), None);
        assert_eq!(table.one("c", "me").unwrap()["state"], "ended");
        let ids = |list: &Value| -> Vec<String> {
            list.as_array()
                .unwrap()
                .iter()
                .map(|it| it["id"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(ids(&table.all("me")["recent"]), ["c", "b"]);
        assert_eq!(
            table.one("b", "me").unwrap()["command_line"]
                .as_str()
                .unwrap()
                .len(),
            MOST_SHOWN
        );
    }

    #[test]
    fn only_what_runs_can_be_ended() {
        let table = Table::new(2);
        let one = entry("a");
        table.add(&one);
        assert_eq!(table.one("a", "somebody else"), None);
        let not_his = table.cancel("a", "somebody else", String::new());
        assert_eq!(not_his, Ending::Unknown);
        assert_eq!(table.cancel("a", "me", "first".into()), Ending::Begun);
        table.cancel_all("second");
        assert_eq!(one.cancelled(), Some("first"));
        table.end(&one, &Report::new("a", Outcome::Cancelled, ""));
        assert_eq!(table.cancel("a", "me", String::new()), Ending::HasEnded);
        assert_eq!(table.cancel("b", "me", String::new()), Ending::Unknown);
    }
}
