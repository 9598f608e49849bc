//! `/debug/pprof/cmdline`: what the program was started with, each word ended by NUL but the last.

use gaxx_sdk::{Process, serde_json::Value};

use super::Visit;
use crate::{
    answer::{Answer, TEXT},
    refusal::Refusal,
};

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let build = visit.process(Process::Build)?;
    let arguments = build.get("arguments").and_then(Value::as_array);
    let words = arguments.into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = words.collect();
    Ok(Answer::new(TEXT, words.join("\0")))
}
