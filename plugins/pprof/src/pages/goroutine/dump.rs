//! Each task with its state, in the form of Go's dump of goroutines.

use std::fmt::Write;

use super::{
    Task,
    stacks::{by_number, line_of},
};

/// The longest dump, in bytes: what is more is left out, and the last line says so.
const LONGEST: usize = 16 << 20;

/// ```text
/// goroutine 12 [waiting, 3 minutes]:
/// connection(...)
///     core/src/http/listener.rs:120
/// created by listener in goroutine 3
///     core/src/cli/serve/listeners.rs:85
/// # lives 182.1 s, was run 33 times, for 0.004 s
/// ```
pub(super) fn dump(remarks: &[&str], tasks: &[Task]) -> String {
    let known = by_number(tasks);
    let mut text = String::new();
    // Writing to a string cannot fail.
    for remark in remarks {
        let _ = writeln!(text, "# {remark}");
    }
    for (shown, task) in tasks.iter().enumerate() {
        if text.len() > LONGEST {
            let _ = writeln!(text, "\n# {} more tasks are left out", tasks.len() - shown);
            break;
        }
        let _ = writeln!(text, "\ngoroutine {} [{}]:", task.id, state(task));
        for (generation, each) in line_of(task, &known).enumerate() {
            let Task { id, name, .. } = each;
            let _ = match generation {
                0 => writeln!(text, "{name}(...)"),
                _ => writeln!(text, "created by {name} in goroutine {id}"),
            };
            let _ = writeln!(text, "\t{}:{}", each.file, each.line);
        }
        let (age, polls, busy) = (task.age_seconds, task.polls, task.busy_seconds);
        let _ = writeln!(
            text,
            "# lives {age:.1} s, was run {polls} times, for {busy:.3} s"
        );
    }
    text
}

/// `waiting, 3 minutes`: as Go says it, from one minute on.
fn state(task: &Task) -> String {
    let minutes = (task.since_seconds / 60.0).floor();
    if minutes < 1.0 {
        return task.state.clone();
    }
    let many = if minutes < 2.0 { "" } else { "s" };
    format!("{}, {minutes} minute{many}", task.state)
}
