//! How commands end, and that nothing of them is left.

use super::{
    super::{KeeperError, User},
    *,
};

/// Begins others that have left its session, its group and their parents, prints their numbers,
/// and goes on as told.
const FAMILY: &str = "\
    setsid sh -c 'echo $$; exec sleep 1000' & \
    (sh -c 'echo $$; sleep 1000 & exec sleep 1000' &) ; \
    sh -c 'trap \"\" TERM HUP INT; echo $$; sleep 1000; :' & ";

fn both() -> [Keepers; 2] {
    [keepers(), bare_keepers()]
}

#[test]
fn statuses_and_signals_are_told() {
    let keepers = keepers();
    for (script, end) in [
        ("exit 0", End::Status(0)),
        ("exit 7", End::Status(7)),
        ("exit 255", End::Status(255)),
        ("kill -9 $$", End::Signal(9)),
        ("kill -TERM $$", End::Signal(15)),
    ] {
        assert_eq!(run(&keepers, &shell(script)).end, end, "{script}");
    }
}

#[test]
fn what_it_used_is_that_of_all_its_processes() {
    let script = "(i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done) & wait; \
        (head -c 50000000 /dev/zero | tail -c 40000000 >/dev/null &) ; sleep 0.5";
    let usage = run(&keepers(), &shell(script)).usage;
    assert!(usage.user > Duration::from_millis(10), "{usage:?}");
    assert!(usage.peak_memory > 30_000_000, "{usage:?}");
    let little = run(&keepers(), &order("/bin/true", &[])).usage;
    assert!(little.peak_memory < 30_000_000, "{little:?}");
}

#[test]
fn whom_it_leaves_behind_is_ended() {
    for keepers in both() {
        let done = run(&keepers, &shell(&format!("{FAMILY} sleep 0.3; exit 3")));
        assert_eq!(done.end, End::Status(3));
        assert_eq!(done.output.lines().count(), 3);
        assert!(!done.output.lines().any(is_there), "{}", done.output);
    }
}

#[test]
fn a_kill_ends_the_whole_family() {
    for keepers in both() {
        let mut watched = begin(&keepers, &shell(&format!("{FAMILY} sleep 1000")));
        let pid = watched.started();
        let family = [watched.line(), watched.line(), watched.line()];
        assert!(family.iter().all(is_there));
        watched.run.kill();
        assert_eq!(watched.ended().end, End::Signal(9));
        assert!(!is_there(pid) && !family.iter().any(is_there));
    }
}

/// As when the agent is killed: the system closes its sockets.
#[test]
fn a_run_that_is_dropped_ends_the_whole_family() {
    for keepers in both() {
        let mut watched = begin(&keepers, &shell(&format!("{FAMILY} sleep 1000")));
        let pid = watched.started();
        let family = [watched.line(), watched.line(), watched.line()];
        drop(watched.run);
        wait_until("they are gone", || {
            !is_there(pid) && !family.iter().any(is_there)
        });
    }
}

#[test]
fn one_that_is_killed_at_once_ends() {
    let keepers = keepers();
    for _ in 0..20 {
        let mut watched = begin(&keepers, &shell("sleep 1000"));
        watched.run.kill();
        let event = watched.run.next().unwrap();
        if matches!(event, Event::Started { .. }) {
            assert_eq!(watched.ended().end, End::Signal(9));
        } else {
            assert!(
                matches!(
                    event,
                    Event::Ended {
                        end: End::Signal(9),
                        ..
                    }
                ),
                "{event:?}"
            );
        }
    }
}

/// It begins processes as fast as it can, each in a session of its own.
#[test]
fn a_fork_bomb_is_ended() {
    if !is_root() {
        return; // The limit would count this user's other processes.
    }
    for (uid, keepers) in [50_001, 50_002].into_iter().zip(both()) {
        let mut bomb = order(
            "/bin/bash",
            &[
                "-c",
                "echo go; f() { f & f & }; while :; do f; done 2>/dev/null",
            ],
        );
        bomb.user = Some(User {
            uid,
            gid: uid,
            groups: Vec::new(),
        });
        bomb.limits.processes = Some(150);
        let mut watched = begin(&keepers, &bomb);
        watched.started();
        assert_eq!(watched.line(), "go");
        wait_until("it has grown", || of_user(uid) > 100);
        watched.run.kill();
        assert_eq!(watched.ended().end, End::Signal(9));
        assert_eq!(of_user(uid), 0);
    }
}

fn of_user(uid: u32) -> usize {
    use std::os::unix::fs::MetadataExt;
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|entry| entry.metadata().is_ok_and(|at| at.uid() == uid))
        .count()
}

#[test]
fn a_run_whose_keeper_is_killed_is_lost_and_its_family_ended() {
    for keepers in both() {
        let mut watched = begin(&keepers, &shell(&format!("{FAMILY} sleep 1000")));
        let pid = watched.started();
        let family = [watched.line(), watched.line(), watched.line()];
        kill(&stat(pid, 1));
        let lost = watched.run.next();
        assert!(matches!(lost, Err(KeeperError::Lost)), "{lost:?}");
        wait_until("they are gone", || {
            !is_there(pid) && !family.iter().any(is_there)
        });
        assert_eq!(run(&keepers, &shell("exit 4")).end, End::Status(4));
    }
}

#[test]
fn runs_outlive_their_spawner_and_another_takes_its_place() {
    for keepers in both() {
        let mut watched = begin(&keepers, &shell("echo on; sleep 1000"));
        let pid = watched.started();
        let keeper = stat(pid, 1);
        kill(&stat(keeper, 1));
        assert_eq!(watched.line(), "on");
        for _ in 0..5 {
            assert_eq!(run(&keepers, &shell("exit 4")).end, End::Status(4));
        }
        watched.run.kill();
        assert_eq!(watched.ended().end, End::Signal(9));
    }
}

#[test]
fn orphans_of_a_long_run_are_taken_away() {
    let script = "i=0; while [ $i -lt 50 ]; do (true &); i=$((i+1)); done; echo done; sleep 1000";
    let keepers = keepers();
    let mut watched = begin(&keepers, &shell(script));
    let pid = watched.started();
    assert_eq!(watched.line(), "done");
    let keeper = stat(pid, 1);
    let children = format!("/proc/{keeper}/task/{keeper}/children");
    wait_until("the command is its keeper's only child", || {
        fs::read_to_string(&children).unwrap().trim() == pid.to_string()
    });
}
