//! `/debug/gc`: gives memory that is not used back to the system.

use std::time::{Duration, SystemTime};

use gaxx_sdk::{Deadline, Process, json, serde::Deserialize, serde_json};

use super::Visit;
use crate::{answer::Answer, refusal::Refusal};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the host says of it.
#[derive(Debug, Deserialize)]
#[serde(crate = "gaxx_sdk::serde")]
struct Purged {
    released_bytes: u64,
    duration_seconds: f64,
    resident_bytes: Option<u64>,
}

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let told = visit
        .desk
        .host
        .process(Process::Purge, Deadline::after(PATIENCE));
    let told = told.map_err(Refusal::Host)?;
    let purged: Purged =
        serde_json::from_slice(&told).map_err(|error| Refusal::Unreadable(error.to_string()))?;
    Ok(Answer::json(&json!({
        "message": "the allocator has given its unused pages back",
        "duration_ms": purged.duration_seconds * 1000.0,
        "released_bytes": purged.released_bytes,
        "resident_bytes": purged.resident_bytes,
        "timestamp": humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
    })))
}
