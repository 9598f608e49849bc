//! What the audit log says of a request.

use std::{cell::Cell, sync::Arc, time::Duration};

use gaxx_sdk::{
    prelude::*,
    serde_json::{Map, Value},
};

use crate::{
    address::Address,
    allowance::Allowance,
    digest::{Digests, hex},
    entity::put_text,
    refusal::{Reason, Refusal},
    root::random,
    service::Service,
};

/// How long a record may take until it is durable.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a path, and of a message, that a record holds.
const MOST_TEXT: usize = 4 << 10;

/// What is done, as the audit log names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Put,
    PutFolder,
    PutTar,
    Get,
    GetTar,
    List,
    Stat,
    Delete,
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Put => "file.put",
            Self::PutFolder => "file.put_folder",
            Self::PutTar => "file.put_tar",
            Self::Get => "file.get",
            Self::GetTar => "file.get_tar",
            Self::List => "file.list",
            Self::Stat => "file.stat",
            Self::Delete => "file.delete",
        }
    }
}

/// The records of one request: `EVENT.start`, `EVENT.end`, or `EVENT.refused` alone, all with the
/// same `id`.
///
/// What changes something waits until its start is durable, and for its end before it is answered.
/// What only reads is written in order and not waited for: a crash of the machine may lose the last
/// of it, and neither the disk's speed nor a burst of reads delays the others. Where the log takes no
/// record nothing is done or read at all. Refusals are recorded up to a rate: the next record of one
/// says how many are missing.
pub(crate) struct Trail {
    host: Host,
    allowance: Arc<Allowance>,
    action: Action,
    fields: Map<String, Value>,
    /// Whether the log has how it ended.
    ended: Cell<bool>,
}

/// How something ended, beside what it was.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) bytes: u64,
    pub(crate) digests: Digests,
    /// More that is worth to be known.
    pub(crate) more: Map<String, Value>,
}

impl Trail {
    pub(crate) fn new(
        service: &Service,
        action: Action,
        request: &Request,
        address: &Address,
    ) -> Self {
        let mut fields = Map::new();
        fields.insert("id".into(), random().into());
        fields.insert("who".into(), request.identity().into());
        fields.insert("from".into(), request.peer().into());
        fields.insert("root".into(), address.root.as_str().into());
        let path = beginning(&address.path);
        put_text(&mut fields, "path", path);
        if path.len() < address.path.len() {
            fields.insert("path_bytes".into(), address.path.len().into());
        }
        Self {
            host: service.host.clone(),
            allowance: Arc::clone(&service.allowance),
            action,
            fields,
            ended: Cell::new(false),
        }
    }

    /// Whether the log has how it ended. What fails afterwards is the answer's way to the caller.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// It turns out to be something else that is done.
    pub(crate) fn is(&mut self, action: Action) {
        self.action = action;
    }

    /// Says that something is about to be changed; returns once that is durable.
    pub(crate) fn start(&self, more: Map<String, Value>) -> Result<(), Refusal> {
        let record = self.record("start", more);
        let deadline = Deadline::after(PATIENCE);
        self.host
            .audit(&record, deadline)
            .map_err(|error| unwritten(&error))
    }

    /// Says that something is about to be read.
    pub(crate) fn begin(&self, more: Map<String, Value>) -> Result<(), Refusal> {
        let record = self.record("start", more);
        self.host
            .audit_later(&record)
            .map_err(|error| unwritten(&error))
    }

    /// Says how a change ended; returns once that is durable. The change stays in any case.
    pub(crate) fn changed(&self, done: Done) -> Result<(), Refusal> {
        let record = self.record("end", ended("done", done));
        let written = self.host.audit(&record, Deadline::after(PATIENCE));
        written.map_err(|error| {
            let mut refusal = unwritten(&error);
            refusal.message = format!("it was done, but {}", refusal.message);
            refusal
        })?;
        self.ended.set(true);
        Ok(())
    }

    /// Says how a reading ended.
    pub(crate) fn read(&self, done: Done) {
        self.ended.set(true);
        self.note("end", ended("done", done));
    }

    /// Says that what was started was not done.
    pub(crate) fn failed(&self, refusal: &Refusal, bytes: u64) {
        let mut fields = because(refusal);
        fields.insert("outcome".into(), "failed".into());
        fields.insert("bytes".into(), bytes.into());
        self.note("end", fields);
    }

    /// Says that nothing was started, unless that was said too often.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let Some(passed_over) = self.allowance.take() else {
            return;
        };
        let mut fields = because(refusal);
        if passed_over > 0 {
            fields.insert("refusals_not_recorded".into(), passed_over.into());
        }
        self.note("refused", fields);
    }

    fn note(&self, state: &str, more: Map<String, Value>) {
        if let Err(error) = self.host.audit_later(&self.record(state, more)) {
            warn!(
                "a record of {} is missing in the audit log: {error}",
                self.action.name()
            );
        }
    }

    fn record(&self, state: &str, more: Map<String, Value>) -> String {
        let mut record = Map::new();
        record.insert(
            "event".into(),
            format!("{}.{state}", self.action.name()).into(),
        );
        record.extend(self.fields.clone());
        record.extend(more);
        Value::Object(record).to_string()
    }
}

fn ended(outcome: &str, done: Done) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("outcome".into(), outcome.into());
    fields.insert("bytes".into(), done.bytes.into());
    for (key, digest) in [
        ("blake3", done.digests.blake3),
        ("sha256", done.digests.sha256),
    ] {
        if let Some(digest) = digest {
            fields.insert(key.into(), hex(&digest).into());
        }
    }
    fields.extend(done.more);
    fields
}

fn because(refusal: &Refusal) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("reason".into(), refusal.reason.label().into());
    let message = beginning(refusal.message.as_bytes());
    fields.insert("error".into(), String::from_utf8_lossy(message).into());
    fields
}

/// As much of a text as a record holds: no character of UTF-8 is cut in two.
fn beginning(text: &[u8]) -> &[u8] {
    if text.len() <= MOST_TEXT {
        return text;
    }
    match std::str::from_utf8(text) {
        Ok(text) => &text.as_bytes()[..text.floor_char_boundary(MOST_TEXT)],
        Err(_) => &text[..MOST_TEXT],
    }
}

fn unwritten(error: &Error) -> Refusal {
    Refusal::new(
        Reason::Audit,
        format!("the audit log cannot be written: {}", error.message()),
        match error.remedy_text() {
            "" => "make room where the agent keeps its state; nothing is moved without a record",
            remedy => remedy,
        },
    )
    .retry_after(Duration::from_secs(5))
}
