//! Many runs, at once and one after another, leave nothing behind.

use gaxx_sdk::testing::in_child;

use super::*;

#[test]
fn a_hundred_at_once_end_as_they_should() {
    let keepers = keepers();
    thread::scope(|scope| {
        for number in 0..100 {
            let keepers = &keepers;
            scope.spawn(move || {
                let script = format!("sleep 0.1; echo {number}; exit {number}");
                let done = run(keepers, &shell(&script));
                assert_eq!(done.end, End::Status(number));
                assert_eq!(done.output, format!("{number}\n"));
            });
        }
    });
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// In a process of its own: other tests open files too.
#[test]
fn a_thousand_runs_leave_no_file_and_no_process() {
    in_child(|| {
        let keepers = keepers();
        let order = order("/bin/true", &[]);
        let mut watched = begin(&keepers, &shell("sleep 1000"));
        let spawner = stat(stat(watched.started(), 1), 1);
        let children = || {
            let list = fs::read_to_string(format!("/proc/{spawner}/task/{spawner}/children"));
            list.unwrap().split_whitespace().count()
        };
        // The spares, and the one that runs.
        wait_until("there are spares", || children() == 3);
        assert_eq!(run(&keepers, &order).end, End::Status(0));
        let before = open_files();
        for _ in 0..1000 {
            assert_eq!(run(&keepers, &order).end, End::Status(0));
        }
        assert_eq!(open_files(), before);
        for _ in 0..20 {
            // What leaves somebody behind has its keeper end.
            assert_eq!(run(&keepers, &shell("sleep 1000 &")).end, End::Status(0));
        }
        wait_until("those that ran are gone", || children() == 3);
        let of_spawner = || fs::read_dir(format!("/proc/{spawner}/fd")).unwrap().count();
        assert!(of_spawner() < 12, "{}", of_spawner());
        drop(keepers);
        drop(watched);
        wait_until("the spawner is gone", || !is_there(&spawner));
    })
    .unwrap();
}
