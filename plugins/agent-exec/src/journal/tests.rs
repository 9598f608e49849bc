#![allow(clippy::unwrap_used)]

use std::{fs, thread};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::report::{Outcome, Output};

const BOUNDS: Bounds = Bounds {
    keep: Duration::from_hours(1),
    keys: 100,
    bytes: 1 << 20,
};

fn open(folder: &TempDir) -> Arc<Journal> {
    Journal::open(folder.path(), BOUNDS).unwrap()
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn report(id: &str, printed: &str) -> Arc<Report> {
    let mut report = Report::new(id, Outcome::Exited, "");
    report.exit_code = Some(0);
    report.stdout_bytes = printed.len() as u64;
    report.output = Some(Output::of(printed.as_bytes().to_vec(), vec![0xff]));
    Arc::new(report)
}

fn ticket(journal: &Arc<Journal>, text: &str) -> Ticket {
    match journal.claim("me", &key(text), [1; 32], text).unwrap() {
        Claim::New(mut ticket) => {
            ticket.write().unwrap();
            ticket.durable().unwrap();
            ticket
        }
        other => panic!("{other:?}"),
    }
}

fn ended(journal: &Arc<Journal>, text: &str) -> Report {
    match journal.claim("me", &key(text), [1; 32], "other").unwrap() {
        Claim::Ended(report) => *report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_runs_once_and_is_answered_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    let told = report("a", "text");
    ticket(&journal, "a").finish(&told);
    assert_eq!(ended(&journal, "a"), *told);
    assert!(matches!(
        journal.claim("me", &key("a"), [2; 32], "b").unwrap(),
        Claim::Other
    ));
    drop(journal);
    let journal = open(&folder);
    assert_eq!(ended(&journal, "a"), *told, "after a restart, too");
    assert!(matches!(
        journal.claim("me", &key("a"), [2; 32], "b").unwrap(),
        Claim::Other
    ));
}

#[test]
fn a_second_request_waits_for_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    let ticket = ticket(&journal, "a");
    assert!(!ticket.is_shared());
    let Claim::Running(pending) = journal.claim("me", &key("a"), [1; 32], "b").unwrap() else {
        panic!("it runs");
    };
    assert!(ticket.is_shared());
    assert!(matches!(pending.wait(Duration::ZERO), Awaited::NotYet));
    let waits = thread::spawn(move || pending.wait(Duration::from_mins(1)));
    ticket.finish(&report("a", ""));
    assert!(matches!(waits.join().unwrap(), Awaited::Ended(report) if report.id == "a"));
}

#[test]
fn what_a_crash_has_cut_is_unknown_and_does_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    drop(ticket(&journal, "a"));
    let unknown = |journal: &Arc<Journal>| {
        let claim = journal.claim("me", &key("a"), [1; 32], "b").unwrap();
        assert!(
            matches!(claim, Claim::Unknown { ref id } if id == "a"),
            "{claim:?}"
        );
    };
    unknown(&journal);
    drop(journal);
    unknown(&open(&folder));
}

#[test]
fn a_key_that_was_not_used_is_new_again() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    ticket(&journal, "a").release();
    let unwritten = journal.claim("me", &key("b"), [1; 32], "b").unwrap();
    drop(unwritten);
    for text in ["a", "b"] {
        assert!(
            matches!(
                journal.claim("me", &key(text), [3; 32], "c").unwrap(),
                Claim::New(_)
            ),
            "{text}"
        );
    }
    drop(journal);
    let journal = open(&folder);
    assert!(matches!(
        journal.claim("me", &key("a"), [4; 32], "c").unwrap(),
        Claim::New(_)
    ));
}

#[test]
fn two_programs_do_not_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    assert!(matches!(
        Journal::open(folder.path(), BOUNDS),
        Err(JournalError::InUse(_))
    ));
    drop(journal);
    open(&folder);
}

#[test]
fn keys_are_bounded_in_number_and_forgotten_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds { keys: 2, ..BOUNDS };
    let journal = Journal::open(folder.path(), bounds).unwrap();
    for text in ["a", "b"] {
        ticket(&journal, text).finish(&report(text, ""));
    }
    let Claim::New(mut third) = journal.claim("me", &key("c"), [1; 32], "c").unwrap() else {
        panic!("it is new");
    };
    assert!(matches!(third.write(), Err(JournalError::ManyKeys(2))));
    third.release();
    drop(journal);
    // Nothing is as young as no time at all: an hour later the keys are new.
    let journal = Journal::open(folder.path(), bounds).unwrap();
    for entry in journal.books().entries.values_mut() {
        entry.at -= 3601;
    }
    assert!(matches!(
        journal.claim("me", &key("a"), [9; 32], "d").unwrap(),
        Claim::New(_)
    ));
}

#[test]
fn old_outputs_go_before_keys_do() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds {
        keys: 1000,
        bytes: 256 << 10,
        ..BOUNDS
    };
    let journal = Journal::open(folder.path(), bounds).unwrap();
    let printed = "x".repeat(10_000);
    let names: Vec<String> = (0..100).map(|at| format!("key-{at}")).collect();
    for name in &names {
        ticket(&journal, name).finish(&report(name, &printed));
    }
    let size = |folder: &TempDir| -> u64 {
        fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum()
    };
    assert!(size(&folder) < (256 << 10) + 40_000, "{}", size(&folder));
    let check = |journal: &Arc<Journal>| {
        for name in &names {
            let report = ended(journal, name);
            assert_eq!((&report.id, report.stdout_bytes), (name, 10_000));
        }
        let first = ended(journal, "key-0");
        assert!(first.stdout_truncated && first.output.unwrap().stdout.unwrap().is_empty());
        let last = ended(journal, "key-99");
        assert!(!last.stdout_truncated && last.output.unwrap().stdout.unwrap() == printed);
    };
    check(&journal);
    drop(journal);
    check(&Journal::open(folder.path(), bounds).unwrap());
}

#[test]
fn segments_of_which_all_is_old_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let bounds = Bounds {
        bytes: 128 << 10,
        keys: 1000,
        ..BOUNDS
    };
    let journal = Journal::open(folder.path(), bounds).unwrap();
    for at in 0..20 {
        ticket(&journal, &format!("old-{at}")).finish(&report("old", &"x".repeat(4000)));
    }
    let mut books = journal.books();
    books
        .entries
        .values_mut()
        .for_each(|entry| entry.at -= 3601);
    books
        .segments
        .values_mut()
        .for_each(|segment| segment.newest -= 3601);
    assert!(books.segments.len() > 1);
    drop(books);
    ticket(&journal, "new").finish(&report("new", ""));
    let books = journal.books();
    assert_eq!(books.segments.len(), 1);
    assert_eq!(books.entries.len(), 1);
}

#[test]
fn many_become_durable_together() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    thread::scope(|scope| {
        for at in 0..16 {
            let journal = &journal;
            scope.spawn(move || ticket(journal, &format!("k{at}")).finish(&report("x", "y")));
        }
    });
    let books = journal.books();
    assert_eq!((books.entries.len(), books.written), (16, 32));
    assert!(books.durable >= 16);
}

#[test]
fn damage_before_the_last_segment_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    ticket(&journal, "a").finish(&report("a", ""));
    drop(journal);
    // Opened again, it is written to a new segment.
    let journal = open(&folder);
    ticket(&journal, "b").finish(&report("b", ""));
    drop(journal);
    let path = segment::path(folder.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[40] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Journal::open(folder.path(), BOUNDS).unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { offset: 0, .. }),
        "{error}"
    );
    assert!(
        error.remedy().contains("0000000000000001.journal"),
        "{}",
        error.remedy()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_torn_end_costs_what_was_torn_alone(kept in 0..1000_usize, garbage in proptest::collection::vec(any::<u8>(), 0..100)) {
        let folder = tempfile::tempdir().unwrap();
        let journal = open(&folder);
        let names = ["a", "b", "c", "d"];
        let mut ends = Vec::new();
        for name in names {
            ticket(&journal, name).finish(&report(name, "text"));
            ends.push(journal.books().segments.values().map(|segment| segment.length).sum::<u64>());
        }
        drop(journal);
        let path = segment::path(folder.path(), 1);
        let mut bytes = fs::read(&path).unwrap();
        let length = bytes.len() * kept / 1000;
        bytes.truncate(length);
        bytes.extend_from_slice(&garbage);
        fs::write(&path, bytes).unwrap();
        let journal = open(&folder);
        for (name, end) in names.iter().zip(ends) {
            if end <= length as u64 {
                prop_assert_eq!(ended(&journal, name).id, *name);
            }
        }
        // And it goes on.
        ticket(&journal, "new").finish(&report("new", ""));
        drop(journal);
        prop_assert_eq!(ended(&open(&folder), "new").id, "new");
    }

    #[test]
    fn a_record_is_read_as_it_was_written(id in "[a-z]{1,9}", text: String, bytes: Vec<u8>, at: u64) {
        let mut report = Report::new(&id, Outcome::TimedOut, text.clone());
        report.output = Some(Output::of(text.into_bytes(), bytes));
        let begin = Begin { key: [7; 16], digest: [9; 32], at, id };
        for record in [record::Record::Begin(begin.clone()), record::Record::Void(begin.clone()), record::Record::End { begin, report: Box::new(report) }] {
            let line = record.line().unwrap();
            let (end, rest) = line.split_last().unwrap();
            prop_assert_eq!(*end, b'\n');
            prop_assert!(!rest.contains(&b'\n'));
            prop_assert_eq!(record::Record::parse(rest), Some(record));
        }
    }

    #[test]
    fn no_line_is_too_much(line: Vec<u8>) {
        prop_assert_eq!(record::Record::parse(&line), None);
    }
}

#[test]
fn the_same_key_of_another_caller_is_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(&folder);
    for caller in ["me", "you"] {
        let claim = journal.claim(caller, &key("a"), [1; 32], caller).unwrap();
        assert!(matches!(claim, Claim::New(_)), "{caller}");
    }
}
