//! Profiles that Go has and this program does not.

use super::Visit;
use crate::{answer::Answer, refusal::Refusal};

/// What Go's page may be asked for: who asks gets the reason and no lesson in parameters.
pub(super) const PARAMETERS: &[&str] = &["debug", "seconds"];

pub(super) fn page(visit: &Visit<'_>) -> Result<Answer, Refusal> {
    let (reason, remedy) = match visit.page {
        "block" => (
            "there is no block profile: the runtime does not record what a task waits for",
            "/debug/pprof/goroutine?debug=2 says since when each task has waited",
        ),
        "mutex" => (
            "there is no mutex profile: locks are not instrumented, which would slow each of them",
            "/debug/pprof/profile shows the time that is spent in locks that spin",
        ),
        _ => (
            "there is no trace: the runtime does not record its events",
            "/debug/pprof/goroutine?debug=2 has states and times of tasks, /debug/stats those of workers",
        ),
    };
    Err(Refusal::NoEquivalent { reason, remedy })
}
