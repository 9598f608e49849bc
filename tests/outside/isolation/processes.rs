//! The processes themselves: what they are, what they leave, and with whom they end.

use std::fs;

use gaxx_tests::{BOUND, Process, wait_until};
use rustix::process::{Pid, Signal, getpgid, kill_process};

use super::{QUICK, all_the_while, wait_gone};
use crate::rogue::Rogue;

#[test]
fn a_process_is_one_of_the_program_with_little_of_its_environment() {
    let rogue = Rogue::isolated("", QUICK);
    let process = rogue.wait_process();
    let children = Process(rogue.pid()).children();
    assert!(
        children.iter().any(|child| child.pid == process),
        "{children:?}"
    );
    let read = |file: &str| fs::read_to_string(format!("/proc/{process}/{file}")).unwrap();
    let environment = read("environ");
    for variable in environment.split_terminator('\0') {
        let name = variable.split('=').next().unwrap();
        let may_be_there = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];
        assert!(may_be_there.contains(&name), "{variable}");
    }
    let id = pid(process);
    assert_eq!(getpgid(Some(id)).unwrap(), id, "it has a group of its own");
    let limits = read("limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..]
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(limit("Max data size"), (512 << 20).to_string());
    assert_eq!(limit("Max open files"), "256");
    assert!(
        ["0", "1"].contains(&limit("Max core file size").as_str()),
        "{limits}"
    );
}

/// While nothing is asked of it: the end is seen, not found out by the next call.
#[test]
fn one_that_somebody_kills_is_started_again() {
    let config = QUICK.replace("interval: 1s, deadline", "interval: 1h, deadline");
    let rogue = Rogue::isolated("", &config);
    all_the_while(&rogue, || {
        for signal in [Signal::KILL, Signal::ABORT] {
            let (process, restarts) = (rogue.wait_process(), rogue.restarts());
            kill_process(pid(process), signal).unwrap();
            wait_until("it is started again", || {
                rogue.restarts() > restarts && rogue.process().is_some()
            });
            assert_ne!(rogue.wait_process(), process);
            wait_gone(process);
        }
    });
    let lines = rogue.log_with(&["SIGKILL"]);
    assert!(!lines.is_empty(), "{:?}", rogue.log());
}

/// Signals of a terminal, or of a service manager that tells all processes, are for the program.
#[test]
fn it_outlives_signals_that_tell_the_program_to_stop() {
    let rogue = Rogue::isolated("", QUICK);
    let process = rogue.wait_process();
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        kill_process(pid(process), signal).unwrap();
    }
    rogue.wait_calls("calm", 2);
    assert_eq!(rogue.wait_process(), process);
}

#[test]
fn no_process_outlives_the_program() {
    for signal in [Signal::TERM, Signal::KILL] {
        let mut rogue = Rogue::isolated("hangs", QUICK);
        rogue.wait_calls("calm", 1);
        let process = rogue.wait_process();
        rogue.signal(signal);
        rogue.wait_exit(BOUND);
        wait_gone(process);
    }
}

#[test]
fn programs_that_it_started_end_with_it() {
    let rogue = Rogue::isolated("", QUICK);
    rogue.wait_calls("calm", 1);
    let process = rogue.wait_process();
    rogue.tell("leaves-programs");
    wait_gone(process);
    rogue.tell("");
    rogue.wait_well();
    wait_until("its programs have gone", || {
        let mut all = Process::all().into_iter();
        !all.any(|one| group(one) == Some(process))
    });
}

/// The group of a process, if it is still there.
fn group(process: Process) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.0)).ok()?;
    // Behind the name stand its state, its parent and its group.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(2)?.parse().ok()
}

/// Nothing is left of them: no process that nobody waited for, no file, no thread.
#[test]
fn a_hundred_deaths_leave_nothing_behind() {
    const DEATHS: u64 = 100;
    let config = |restarts: u64| {
        QUICK
            .replace("restarts: 1000000", &format!("restarts: {restarts}"))
            .replace("interval: 1s, deadline", "interval: 1h, deadline")
    };
    let mut rogue = Rogue::isolated("", &config(1000));
    rogue.wait_ready();
    let own = Process(rogue.pid());
    let (files, threads) = (own.descriptors(), own.threads());
    let mut deaths = 0;
    while deaths < DEATHS {
        let (process, restarts) = (rogue.wait_process(), rogue.restarts());
        kill_process(pid(process), Signal::KILL).unwrap();
        deaths += 1;
        wait_until("it is started again", || {
            rogue.restarts() > restarts && rogue.process().is_some()
        });
        if deaths % 8 == 0 {
            // Each wait is twice the one before; a process with other limits begins anew.
            rogue.reload(&config(1000 + deaths));
        }
    }
    rogue.wait_process();
    wait_until("one process is left", || {
        let children = own.children();
        children.len() == 1 && !children[0].zombie
    });
    wait_until("no file and no thread is left", || {
        own.descriptors() < files + 5 && own.threads() < threads + 5
    });
}

#[track_caller]
fn pid(process: u32) -> Pid {
    i32::try_from(process).ok().and_then(Pid::from_raw).unwrap()
}
