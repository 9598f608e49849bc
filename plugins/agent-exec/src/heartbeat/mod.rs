//! What a controller is told of the node, often: it must cost next to nothing.

mod facts;
mod node;

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

use gaxx_sdk::{
    Process,
    prelude::*,
    serde_json::{self, Value, json},
};

use self::facts::Facts;
use crate::settings::Allow;

/// How long what was read of the machine is told again.
const FRESH: Duration = Duration::from_secs(1);
/// The same of what the agent serves, which changes with its configuration.
const SERVED: Duration = Duration::from_secs(10);
/// How long the host may take to say it.
const PATIENCE: Duration = Duration::from_millis(200);

/// Answers heartbeats.
#[derive(Debug)]
pub(crate) struct Heart {
    host: Host,
    allow: Allow,
    /// What does not change, as the fields of a JSON object.
    fixed: String,
    started: Instant,
    sequence: AtomicU64,
    /// The folder whose disk is told of.
    folder: PathBuf,
    pub(crate) beats: Counter,
    read: Mutex<Read>,
}

/// What was read a moment ago, as the fields of a JSON object.
#[derive(Debug, Default)]
struct Read {
    facts: Option<(Instant, String)>,
    served: Option<(Instant, String)>,
}

impl Heart {
    pub(crate) fn new(context: &Context, allow: Allow) -> Result<Self> {
        let host = context.host().clone();
        let folder = host.state_folder().unwrap_or_else(|_| "/".into());
        let name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let fixed = json!({
            "host": name,
            "version": env!("CARGO_PKG_VERSION"),
            "node_id": node::id(&folder),
            "boot_id": node::boot(),
        });
        Ok(Self {
            allow,
            fixed: fields(&fixed),
            started: Instant::now(),
            sequence: AtomicU64::new(0),
            folder,
            beats: context.counter("gaxx_agent_heartbeats", "Heartbeats that were answered.")?,
            read: Mutex::default(),
            host,
        })
    }

    /// The answer, a JSON object.
    pub(crate) fn beat(&self, (running, queued): (usize, usize)) -> String {
        self.beats.increment();
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let time = humantime::format_rfc3339_micros(SystemTime::now());
        let uptime = self.started.elapsed().as_secs_f64();
        let allow = match self.allow {
            Allow::Nothing => "nothing",
            Allow::Rules => "rules",
            Allow::Any => "any",
        };
        let warning = match self.allow {
            Allow::Any => format!(",\"warning\":{}", json!(crate::WARNING)),
            _ => String::new(),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let facts = fresh(&mut read.facts, FRESH, || {
            fields(&Facts::read(&self.folder).json())
        })
        .to_owned();
        let served = fresh(&mut read.served, SERVED, || self.served());
        format!(
            "{{\"time\":\"{time}\",{},\"sequence\":{sequence},\"agent_uptime_seconds\":{uptime:.3},\
             \"running\":{running},\"queued\":{queued},\"policy\":\"{allow}\"{warning},{facts},{served}}}",
            self.fixed
        )
    }

    /// What the agent serves, and to whom.
    fn served(&self) -> String {
        let said = self
            .host
            .process(Process::Capabilities, Deadline::after(PATIENCE));
        let served = said
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        fields(&json!({ "capabilities": served.unwrap_or(Value::Null) }))
    }
}

/// What is known, read anew where it is too old.
fn fresh(
    known: &mut Option<(Instant, String)>,
    age: Duration,
    read: impl FnOnce() -> String,
) -> &str {
    let still = known.take().filter(|(when, _)| when.elapsed() < age);
    let (_, text) = known.insert(still.unwrap_or_else(|| (Instant::now(), read())));
    text
}

/// The inside of a JSON object.
fn fields(object: &Value) -> String {
    let text = object.to_string();
    let inside = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    inside.unwrap_or_default().to_owned()
}
