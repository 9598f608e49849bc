//! `/debug/pprof/`: all profiles.

use gaxx_sdk::{Process, serde_json::Value};

use super::{Visit, flame::html};
use crate::{
    answer::Answer,
    index::{Facts, page as render},
    refusal::Refusal,
};

#[expect(clippy::unnecessary_wraps, reason = "all pages have one signature")]
pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    // Without figures it still tells which profiles there are.
    let statistics = visit.process(Process::Statistics).unwrap_or(Value::Null);
    let facts = Facts {
        host: visit.request.header("host"),
        statistics: &statistics,
    };
    Ok(html(&render(&facts)))
}
