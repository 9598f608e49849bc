#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
};

use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use super::*;

const LARGE: Budget = Budget {
    bytes: 1 << 20,
    age: Duration::from_hours(1),
};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn open(folder: &TempDir) -> (Spool, Recovery) {
    Spool::open(folder.path(), LARGE).unwrap()
}

fn add(spool: &mut Spool, payload: &str) {
    spool
        .append((1, b"names"), payload.as_bytes(), at(0))
        .unwrap();
}

/// Delivers everything that waits; a damaged one is a question mark.
fn drain(spool: &mut Spool) -> Vec<String> {
    let mut delivered = Vec::new();
    loop {
        match spool.peek().unwrap() {
            Next::Nothing => return delivered,
            Next::Damaged => delivered.push("?".to_owned()),
            Next::Entry(entry) => {
                let described = spool.context(entry.context).unwrap();
                let text = String::from_utf8(entry.payload).unwrap();
                delivered.push(if described.is_some() {
                    text
                } else {
                    "?".to_owned()
                });
                spool.acknowledge(entry.sequence).unwrap();
            }
        }
    }
}

fn files(folder: &TempDir) -> Vec<PathBuf> {
    let numbers = folder::segments(folder.path()).unwrap();
    let path = |number| folder::segment(folder.path(), number);
    numbers.into_iter().map(path).collect()
}

#[test]
fn what_is_accepted_outlasts_the_program_and_is_delivered_once() {
    let folder = tempdir().unwrap();
    let (mut spool, recovery) = open(&folder);
    assert_eq!(recovery, Recovery::default());
    for payload in ["a", "b", "c"] {
        add(&mut spool, payload);
    }
    let Next::Entry(entry) = spool.peek().unwrap() else {
        panic!()
    };
    assert_eq!(entry.payload, b"a");
    spool.acknowledge(entry.sequence).unwrap();
    // No farewell: as after kill -9.
    drop(spool);
    let (mut spool, recovery) = open(&folder);
    assert_eq!((recovery.waiting, recovery.damaged_bytes), (2, 0));
    add(&mut spool, "d");
    assert_eq!(drain(&mut spool), ["b", "c", "d"]);
    drop(spool);
    let (mut spool, recovery) = open(&folder);
    assert_eq!(recovery, Recovery::default());
    assert_eq!(drain(&mut spool), [""; 0]);
    assert_eq!(spool.bytes(), 0, "what is delivered takes no room");
}

#[test]
fn one_program_has_it() {
    let folder = tempdir().unwrap();
    let (spool, _) = open(&folder);
    let error = Spool::open(folder.path(), LARGE).unwrap_err();
    assert!(matches!(error, SpoolError::InUse { .. }), "{error}");
    drop(spool);
    open(&folder);
}

#[test]
fn batches_share_a_context_and_are_told_when_it_changes() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    for (context, described) in [(1, "x"), (1, "x"), (2, "y")] {
        let described = (context, described.as_bytes());
        spool.append(described, b"p", at(0)).unwrap();
    }
    let mut seen = Vec::new();
    while let Next::Entry(entry) = spool.peek().unwrap() {
        let described = spool.context(entry.context).unwrap().unwrap();
        seen.push((entry.context, described));
        spool.acknowledge(entry.sequence).unwrap();
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[1].0 != seen[2].0 && seen[2].1 == b"y");
}

#[test]
fn when_the_budget_is_spent_the_oldest_go_and_are_counted() {
    let folder = tempdir().unwrap();
    let budget = Budget {
        bytes: 8 << 10,
        ..LARGE
    };
    let (mut spool, _) = Spool::open(folder.path(), budget).unwrap();
    let mut dropped = 0;
    for number in 0..200 {
        let payload = format!("{number:0100}");
        dropped += spool
            .append((1, b"names"), payload.as_bytes(), at(0))
            .unwrap();
        assert!(spool.bytes() <= budget.bytes);
    }
    let left = drain(&mut spool);
    assert!(
        dropped > 0 && left.len() as u64 + dropped == 200,
        "{dropped}"
    );
    assert_eq!(left.last().unwrap(), &format!("{:0100}", 199));
    assert_eq!(left[0], format!("{dropped:0100}"));
}

#[test]
fn what_is_too_old_goes() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    for seconds in [0, 10, 4000] {
        spool.append((1, b""), b"p", at(seconds)).unwrap();
    }
    assert_eq!(spool.oldest(), Some(at(4000)));
    assert_eq!((spool.waiting(), spool.expire(at(4000 + 3601))), (1, 1));
    assert_eq!(spool.oldest(), None);
}

#[test]
fn a_batch_that_no_segment_can_take_is_refused() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    let huge = vec![0; 1 << 18];
    let refused = spool.append((1, b""), &huge, at(0)).unwrap_err();
    assert!(matches!(refused, SpoolError::TooLarge { .. }));
    add(&mut spool, "a");
    assert_eq!(drain(&mut spool), ["a"]);
}

#[test]
fn a_torn_write_costs_the_batch_that_was_being_written() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    add(&mut spool, "first");
    let whole = spool.bytes();
    add(&mut spool, "second");
    let torn = spool.bytes();
    drop(spool);
    let path = files(&folder).remove(0);
    for cut in (whole..torn).rev() {
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(cut)
            .unwrap();
        let (mut spool, recovery) = open(&folder);
        assert_eq!((recovery.waiting, recovery.damaged_bytes), (1, cut - whole));
        let Next::Entry(entry) = spool.peek().unwrap() else {
            panic!()
        };
        assert_eq!(entry.payload, b"first");
    }
}

#[test]
fn each_flipped_bit_costs_what_it_hits() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    for payload in ["one", "two", "three"] {
        add(&mut spool, payload);
    }
    drop(spool);
    let path = files(&folder).remove(0);
    let bytes = fs::read(&path).unwrap();
    let context = (record::HEADER + b"names".len()) as u64;
    for place in 0..bytes.len() as u64 {
        let flip = || {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, place).unwrap();
            file.write_all_at(&[byte[0] ^ 4], place).unwrap();
        };
        flip();
        let (spool, _) = open(&folder);
        let mut good = 0;
        for one in &spool.segments {
            for piece in one.pieces() {
                let read = one.read(*piece).unwrap().is_some();
                good += u64::from(read && spool.context(piece.context).unwrap().is_some());
            }
        }
        drop(spool);
        let expected = if place < context { 0 } else { 2 };
        assert_eq!(good, expected, "bit in byte {place}");
        flip();
    }
}

#[test]
fn a_context_that_is_damaged_is_taken_from_another_segment() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    add(&mut spool, "a");
    drop(spool);
    let (mut spool, _) = open(&folder);
    add(&mut spool, "b");
    drop(spool);
    let damaged = files(&folder).remove(0);
    let file = OpenOptions::new().write(true).open(damaged).unwrap();
    file.write_all_at(b"N", record::HEADER as u64).unwrap();
    let (mut spool, _) = open(&folder);
    assert_eq!(drain(&mut spool), ["a", "b"]);
}

#[test]
fn a_cursor_that_cannot_be_read_costs_a_second_delivery_and_no_more() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    for payload in ["a", "b", "c"] {
        add(&mut spool, payload);
    }
    spool.acknowledge(1).unwrap();
    spool.acknowledge(2).unwrap();
    drop(spool);
    let path = folder.path().join("delivered");
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    // The place that was written last.
    file.write_all_at(&[0xff; 16], 16).unwrap();
    let (mut spool, recovery) = open(&folder);
    assert_eq!((recovery.waiting, recovery.lost_cursor), (2, false));
    spool.acknowledge(2).unwrap();
    drop(spool);
    file.write_all_at(&[0xff; 32], 0).unwrap();
    let (mut spool, recovery) = open(&folder);
    assert_eq!((recovery.waiting, recovery.lost_cursor), (3, true));
    assert_eq!(drain(&mut spool), ["a", "b", "c"]);
}

#[test]
fn new_numbers_are_never_old_ones() {
    let folder = tempdir().unwrap();
    let (mut spool, _) = open(&folder);
    add(&mut spool, "a");
    assert_eq!(drain(&mut spool), ["a"]);
    drop(spool);
    let (mut spool, _) = open(&folder);
    add(&mut spool, "b");
    assert_eq!(drain(&mut spool), ["b"]);
}

/// What may happen to a spool.
#[derive(Debug, Clone)]
enum Event {
    Append(u8),
    Deliver,
    Restart,
    Sync,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => any::<u8>().prop_map(Event::Append),
        3 => Just(Event::Deliver),
        1 => Just(Event::Restart),
        1 => Just(Event::Sync),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Beside a queue that never fails.
    #[test]
    fn it_is_a_queue(events in prop::collection::vec(event(), 0..60)) {
        let folder = tempdir().unwrap();
        let (mut spool, _) = open(&folder);
        let mut model = VecDeque::new();
        for (number, event) in events.into_iter().enumerate() {
            match event {
                Event::Append(context) => {
                    let payload = number.to_string().into_bytes();
                    spool.append((u64::from(context % 3), &[context % 3]), &payload, at(0)).unwrap();
                    model.push_back((context % 3, payload));
                }
                Event::Deliver => match (spool.peek().unwrap(), model.pop_front()) {
                    (Next::Nothing, None) => {}
                    (Next::Entry(entry), Some((context, payload))) => {
                        let described = spool.context(entry.context).unwrap();
                        prop_assert_eq!(described, Some(vec![context]));
                        prop_assert_eq!(&entry.payload, &payload);
                        spool.acknowledge(entry.sequence).unwrap();
                    }
                    other => prop_assert!(false, "{:?}", other),
                },
                Event::Restart => {
                    drop(spool);
                    let recovery;
                    (spool, recovery) = open(&folder);
                    prop_assert_eq!(recovery.damaged_bytes, 0);
                }
                Event::Sync => spool.sync().unwrap(),
            }
            prop_assert_eq!(spool.waiting(), model.len() as u64);
        }
    }

    #[test]
    fn anything_may_be_in_its_files(
        segment: Vec<u8>, cursor: Vec<u8>, cut in 0_usize..200, flips: Vec<(usize, u8)>,
    ) {
        let folder = tempdir().unwrap();
        let (mut spool, _) = open(&folder);
        add(&mut spool, "a");
        add(&mut spool, "b");
        drop(spool);
        let path = files(&folder).remove(0);
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(cut);
        bytes.extend(segment);
        for (at, flip) in flips {
            if let Some(byte) = bytes.get_mut(at) { *byte ^= flip; }
        }
        fs::write(&path, bytes).unwrap();
        fs::write(folder.path().join("delivered"), cursor).unwrap();
        let (mut spool, _) = open(&folder);
        drain(&mut spool);
        add(&mut spool, "new");
        prop_assert_eq!(drain(&mut spool), ["new"]);
    }
}
