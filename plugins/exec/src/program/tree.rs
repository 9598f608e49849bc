//! The descendants of a program, also those that have left its group.

use std::{collections::HashSet, fs};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How often it is looked for new ones. Who begins processes faster than they can be found is left
/// with those it has then.
const ROUNDS: usize = 64;

/// A process, told apart from a later one of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Process {
    pid: Pid,
    parent: Option<Pid>,
    is_zombie: bool,
    /// When it began, in ticks since the machine did.
    began: u64,
}

/// Kills all descendants of a process that adopts orphans and is stopped.
///
/// What was sent a signal that kills can begin no other process, so this ends when nobody new is
/// found. Processes that this one may not see or kill are left.
pub(super) fn kill_descendants(root: Pid) {
    let mut killed = HashSet::new();
    for _ in 0..ROUNDS {
        let mut is_new = false;
        for process in descendants(root, &all()) {
            if killed.insert((process.pid, process.began)) {
                is_new = true;
                process.kill();
            }
        }
        if !is_new {
            return;
        }
    }
}

/// Those that live, of all that descend from `root`.
fn descendants(root: Pid, all: &[Process]) -> Vec<Process> {
    let mut family = HashSet::from([root]);
    let mut found = Vec::new();
    loop {
        let known = family.len();
        for process in all {
            let is_child = process.parent.is_some_and(|pid| family.contains(&pid));
            if is_child && family.insert(process.pid) && !process.is_zombie {
                found.push(*process);
            }
        }
        if family.len() == known {
            return found;
        }
    }
}

/// All processes that can be seen.
fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter_map(|name| Process::find(Pid::from_raw(name.parse().ok()?)?))
        .collect()
}

impl Process {
    fn find(pid: Pid) -> Option<Self> {
        let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        Self::read(pid, &String::from_utf8_lossy(&stat))
    }

    /// Reads a line of `/proc/PID/stat`, see proc(5).
    fn read(pid: Pid, stat: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything, parentheses included.
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split_ascii_whitespace();
        let is_zombie = matches!(fields.next()?, "Z" | "X" | "x");
        let parent = Pid::from_raw(fields.next()?.parse().ok()?);
        let began = fields.nth(17)?.parse().ok()?;
        Some(Self {
            pid,
            parent,
            is_zombie,
            began,
        })
    }

    fn kill(self) {
        let Ok(handle) = pidfd_open(self.pid, PidfdFlags::empty()) else {
            return;
        };
        // Between the look and the handle the number may have passed to a stranger.
        if Self::find(self.pid).is_some_and(|now| now.began == self.began) {
            // Who has ended meanwhile cannot be killed, and need not be.
            let _ = pidfd_send_signal(&handle, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn pid(number: i32) -> Pid {
        Pid::from_raw(number).unwrap()
    }

    fn process(number: i32, parent: i32, is_zombie: bool) -> Process {
        Process {
            pid: pid(number),
            parent: Pid::from_raw(parent),
            is_zombie,
            began: 7,
        }
    }

    fn line(name: &str, parent: i32, state: &str) -> String {
        let rest = "1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0";
        format!("9 ({name}) {state} {parent} {rest} 7 2048 9 18446744073709551615")
    }

    #[test]
    fn descendants_are_found_in_any_order_and_zombies_lead_on() {
        let all = [
            process(14, 13, false),
            process(13, 12, true),
            process(12, 10, false),
            process(10, 1, false),
            process(11, 1, false),
            process(1, 0, false),
        ];
        assert_eq!(descendants(pid(10), &all), [all[2], all[0]]);
        assert_eq!(descendants(pid(99), &all), []);
    }

    #[test]
    fn this_process_is_found_as_it_is() {
        let me = rustix::process::getpid();
        let found = Process::find(me).unwrap();
        assert_eq!(found.parent, rustix::process::getppid());
        assert!(!found.is_zombie && found.began > 0);
    }

    proptest! {
        #[test]
        fn a_name_hides_nothing(name in "[^\n]{0,15}", parent in 0..i32::MAX) {
            let read = Process::read(pid(9), &line(&name, parent, "S"));
            prop_assert_eq!(read, Some(process(9, parent, false)));
        }

        #[test]
        fn no_text_is_too_much(text: String) {
            let _ = Process::read(pid(9), &text);
        }
    }
}
