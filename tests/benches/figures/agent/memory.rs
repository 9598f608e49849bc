//! Memory of the agent, at rest and after many commands.

use std::{thread, time::Duration};

use gaxx_tests::{Agent, Process};

use super::{
    connection::Connection,
    exec::{run, start},
};
use crate::Table;

const REST: Duration = Duration::from_secs(20);
const CALLERS: usize = 8;
const FEW: usize = 1_000;
const MANY: usize = 100_000;

pub(crate) fn measure(table: &mut Table) {
    let idle = Agent::builder().start();
    idle.wait_ready();
    idle.get("/metrics");
    thread::sleep(REST);
    table.row(
        "agent at rest, resident memory",
        &shown(&idle),
        "the first program's claim: under 20 MB",
        "20 MB, aim 12",
    );
    drop(idle);

    let agent = start("{plugins: {agent-exec: {allow: any}}}");
    execs(&agent, FEW);
    thread::sleep(REST);
    let few = shown(&agent);
    execs(&agent, MANY - FEW);
    thread::sleep(REST);
    table.row(
        &format!("agent after {MANY} commands, resident memory"),
        &shown(&agent),
        &format!("after {FEW}: {few}"),
        "the same",
    );
}

fn execs(agent: &Agent, count: usize) {
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut connection = Connection::open(agent.api_address(), &agent.token());
                for _ in 0..count / CALLERS {
                    run(&mut connection, "");
                }
            });
        }
    });
}

/// The program's own, and that of all it started.
fn shown(agent: &Agent) -> String {
    let own = Process(agent.pid()).memory();
    let mut helpers = Vec::new();
    let mut parents = vec![agent.pid()];
    while let Some(parent) = parents.pop() {
        for child in Process(parent).children() {
            if !child.zombie {
                helpers.push(Process(child.pid).memory().pss);
                parents.push(child.pid);
            }
        }
    }
    format!(
        "{:.1} MB, of which {:.1} MB its share; {} helpers with {:.1} MB as theirs",
        own.rss,
        own.pss,
        helpers.len(),
        helpers.iter().sum::<f64>()
    )
}
