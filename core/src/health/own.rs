//! Checks of the program itself.

use gaxx_abi::{
    Attribute, Verdict,
    component::status::{DEGRADED, HEALTHY, UNHEALTHY},
};

use crate::{
    config::{CollectorThresholds, TaskThresholds},
    role::Role,
};

/// The names of the checks of the program itself, in any role.
pub const OWN_CHECKS: [&str; 3] = [TASKS, COLLECTORS, AGENT_API];
/// The name of the check of live tasks.
pub const TASKS: &str = "tasks";
/// The name of the check whether collectors deliver.
const COLLECTORS: &str = "collectors";
/// The name of the check whether the agent's API answers.
pub const AGENT_API: &str = "agent_api";

/// The names of the checks that the program makes of itself in this role.
pub fn own_checks(role: Role) -> &'static [&'static str] {
    match role {
        Role::Main => &[TASKS, COLLECTORS],
        Role::Agent => &OWN_CHECKS,
    }
}

/// Whether too many asynchronous tasks live.
pub fn tasks(live: u64, thresholds: &TaskThresholds) -> Verdict {
    let status = match live {
        live if live >= thresholds.unhealthy => UNHEALTHY,
        live if live >= thresholds.degraded => DEGRADED,
        _ => HEALTHY,
    };
    Verdict {
        status,
        message: format!("{live} live tasks").into(),
        details: vec![fact("live", &live)].into(),
    }
}

/// Whether every collector delivers. Each has its name, and why it does not.
pub fn collectors(
    collectors: &[(String, Option<String>)],
    thresholds: &CollectorThresholds,
) -> Verdict {
    let total = collectors.len() as u64;
    let failing = collectors
        .iter()
        .filter_map(|(name, failure)| Some(fact(name, failure.as_ref()?)));
    let failing: Vec<Attribute> = failing.collect();
    let failed = failing.len() as u64;
    let status = match failed {
        0 => HEALTHY,
        _ if thresholds.unhealthy.reached(failed, total) => UNHEALTHY,
        _ if thresholds.degraded.reached(failed, total) => DEGRADED,
        _ => HEALTHY,
    };
    let message = match failing.first() {
        None => format!("all {total} collectors deliver"),
        Some(first) => {
            let names: Vec<&str> = failing.iter().map(|fact| fact.name.as_str()).collect();
            format!(
                "{failed} of {total} collectors do not deliver: {} ({})",
                names.join(", "),
                first.value
            )
        }
    };
    Verdict {
        status,
        message: message.into(),
        details: failing.into(),
    }
}

fn fact(name: &str, value: &impl ToString) -> Attribute {
    Attribute {
        name: name.into(),
        value: value.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_judged_by_thresholds() {
        let thresholds = TaskThresholds {
            degraded: 10,
            unhealthy: 20,
        };
        let judged = |live| tasks(live, &thresholds).status;
        assert_eq!(
            [judged(9), judged(10), judged(20)],
            [HEALTHY, DEGRADED, UNHEALTHY]
        );
    }

    #[test]
    fn no_collectors_are_no_fault() {
        let verdict = collectors(&[], &CollectorThresholds::default());
        assert_eq!(verdict.status, HEALTHY);
    }

    #[test]
    fn collectors_that_do_not_deliver_are_named_with_their_reason() {
        let (good, bad) = (
            ("a/x".to_owned(), None),
            ("a/y".to_owned(), Some("broke".to_owned())),
        );
        let thresholds = CollectorThresholds::default();
        let verdict = collectors(&[good, bad.clone()], &thresholds);
        assert_eq!(verdict.status, DEGRADED);
        assert_eq!(
            verdict.message,
            "1 of 2 collectors do not deliver: a/y (broke)"
        );
        assert_eq!(collectors(&[bad], &thresholds).status, UNHEALTHY);
    }
}
