//! Parts of tests in processes of their own: each runs this test program once more.

use std::{env, io::Write, process, thread, time::Duration};

use crate::testing::{child::made_in_child, in_child};

const LONG: Duration = Duration::from_mins(1);

#[test]
fn what_works_works_in_a_child_too() {
    let outside = process::id().to_string();
    let inside = made_in_child(LONG, || process::id().to_string()).unwrap();
    assert_ne!(inside, outside);
}

#[test]
fn an_abort_is_told_with_its_signal() {
    let error = in_child(|| process::abort()).unwrap_err();
    assert!(error.message().contains("signal: 6 (SIGABRT)"), "{error}");
}

#[test]
fn an_exit_is_told_though_its_status_is_0() {
    let error = in_child(|| process::exit(0)).unwrap_err();
    let told = "the child ended before its part did (exit status: 0)";
    assert!(error.message().starts_with(told), "{error}");
}

#[test]
fn a_panic_is_told_with_what_it_said() {
    let error = in_child(|| panic!("no luck")).unwrap_err();
    assert!(error.message().contains("no luck"), "{error}");
}

#[test]
fn a_stack_that_overflows_is_told() {
    fn deeper(depth: u64) -> u64 {
        let here = std::hint::black_box([depth; 512]);
        if depth == u64::MAX {
            0
        } else {
            deeper(depth + 1) + here[0]
        }
    }
    let error = in_child(|| assert_ne!(deeper(0), 1)).unwrap_err();
    assert!(error.message().contains("overflowed its stack"), "{error}");
}

#[test]
fn a_hang_is_ended() {
    let hang = || loop {
        thread::park();
    };
    let error = made_in_child(Duration::from_millis(500), hang).unwrap_err();
    assert!(error.message().contains("did not end within"), "{error}");
}

#[test]
fn a_long_output_does_not_stop_the_child() {
    let part = || {
        let line = vec![b'.'; 200_000];
        std::io::stdout().write_all(&line).unwrap();
        env::args().collect()
    };
    let arguments = made_in_child(LONG, part).unwrap();
    assert!(
        arguments.contains("a_long_output_does_not_stop_the_child"),
        "{arguments}"
    );
}

#[test]
fn a_second_child_is_refused() {
    in_child(|| {}).unwrap();
    let error = in_child(|| {}).unwrap_err();
    assert!(error.remedy_text().contains("two tests"), "{error}");
}
