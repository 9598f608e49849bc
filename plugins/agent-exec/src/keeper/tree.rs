//! All that descends from a keeper, also what has left its group and session.

use std::{collections::HashSet, fs};

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

/// How often it is looked for new ones before those found are killed. A fork bomb is out of
/// processes long before: who is stopped still counts.
const ROUNDS: usize = 64;

/// A process and whom it was found under.
#[derive(Debug, Clone, Copy)]
struct Process {
    pid: Pid,
    parent: Pid,
}

/// Whether the kernel says whose children are whose (`CONFIG_PROC_CHILDREN`).
pub(super) fn is_visible() -> bool {
    let me = getpid().as_raw_nonzero();
    fs::exists(format!("/proc/{me}/task/{me}/children")).unwrap_or(false)
}

/// Kills all that descends from this process, but the children for whom `spare` holds and what
/// descends from them.
///
/// All are stopped first, so that they neither begin others nor end and pass their numbers on
/// while they are looked for. Whoever was missed becomes this process's child when his parent
/// dies: who calls this again after each death misses nobody.
pub(super) fn kill(spare: impl Fn(Pid) -> bool) {
    let mut stopped = HashSet::new();
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        found = descendants(&spare);
        let new: Vec<_> = found
            .iter()
            .filter(|process| stopped.insert(process.pid))
            .collect();
        if new.is_empty() {
            break;
        }
        for process in new {
            process.send(Signal::STOP);
        }
    }
    for process in &found {
        process.send(Signal::KILL);
    }
}

fn descendants(spare: impl Fn(Pid) -> bool) -> Vec<Process> {
    let mut found = children(getpid());
    found.retain(|process| !spare(process.pid));
    let mut at = 0;
    while let Some(process) = found.get(at) {
        found.extend(children(process.pid));
        at += 1;
    }
    found
}

/// The children of all threads of a process; of one that has gone, none.
fn children(parent: Pid) -> Vec<Process> {
    let tasks = fs::read_dir(format!("/proc/{}/task", parent.as_raw_nonzero()));
    let tasks = tasks.into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| numbers(&list))
        .map(|pid| Process { pid, parent })
        .collect()
}

fn numbers(list: &str) -> Vec<Pid> {
    let words = list.split_ascii_whitespace();
    words
        .filter_map(|word| Pid::from_raw(word.parse().ok().filter(|number| *number > 0)?))
        .collect()
}

impl Process {
    fn send(self, signal: Signal) {
        let Ok(handle) = pidfd_open(self.pid, PidfdFlags::empty()) else {
            return;
        };
        // Between the look and the handle the number may have passed to a stranger.
        let parent = parent(self.pid);
        if parent == Some(self.parent) || parent == Some(getpid()) {
            // Who has ended meanwhile cannot be sent anything, and need not be.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }
}

/// Reads `/proc/PID/stat`, see proc(5).
fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    parent_in(&String::from_utf8_lossy(&stat))
}

fn parent_in(stat: &str) -> Option<Pid> {
    // The name, in parentheses, may hold anything, parentheses included.
    let (_, rest) = stat.rsplit_once(") ")?;
    let number = rest.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(number)
        .filter(|number| *number > 0)
        .and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn this_process_is_its_parents_child() {
        let (me, parent_pid) = (getpid(), rustix::process::getppid().unwrap());
        assert_eq!(parent(me), Some(parent_pid));
        assert!(children(parent_pid).iter().any(|child| child.pid == me));
        assert!(is_visible());
    }

    proptest! {
        #[test]
        fn a_name_hides_nothing(name in "[^\n]{0,15}", number in 1..i32::MAX) {
            let stat = format!("9 ({name}) S {number} 1 1 0 -1");
            prop_assert_eq!(parent_in(&stat), Pid::from_raw(number));
        }

        #[test]
        fn lists_are_read_whole(pids in prop::collection::vec(1..i32::MAX, 0..20)) {
            let words: Vec<_> = pids.iter().map(ToString::to_string).collect();
            let list = words.join(" ") + " ";
            let read: Vec<_> = numbers(&list).iter().map(|pid| pid.as_raw_nonzero().get()).collect();
            prop_assert_eq!(read, pids);
        }

        #[test]
        fn no_text_is_too_much(text: String) {
            let _ = (parent_in(&text), numbers(&text));
        }
    }
}
