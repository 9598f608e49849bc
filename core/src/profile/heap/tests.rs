//! What the program allocates, as it finds it again.
#![allow(clippy::unwrap_used)]

use std::{
    hint::black_box,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use pprof::protos::Profile;

use super::*;
use crate::profile::raw::tests::{read, text};

const PIECE: usize = 4096;

/// More than the code of a small function: what else is there allocates little, but for `churn`.
const CODE: u64 = 4096;

/// Held by who allocates much.
static HEAVY: Mutex<()> = Mutex::new(());

#[inline(never)]
fn leak(pieces: usize) -> Vec<Box<[u8; PIECE]>> {
    (0..pieces)
        .map(|_| black_box(Box::new([1; PIECE])))
        .collect()
}

/// The values of all samples whose stack goes through `leak`, summed.
fn of_leak(profile: &Profile) -> Vec<i64> {
    let start = leak as fn(usize) -> Vec<Box<[u8; PIECE]>> as usize as u64;
    let is_there = |id: &u64| {
        let address = profile.location[usize::try_from(*id).unwrap() - 1].address;
        (start..start + CODE).contains(&address)
    };
    let found = profile.sample.iter();
    let found = found.filter(|sample| sample.location_id.iter().any(is_there));
    found.fold(vec![0; 4], |sum, sample| {
        sum.iter().zip(&sample.value).map(|(a, b)| a + b).collect()
    })
}

#[test]
fn what_a_function_holds_is_found_and_what_it_has_freed_only_in_the_total() {
    const PIECES: usize = 16 << 10;
    let _alone = HEAVY.lock();
    // 128 samples, on average: half as many are five standard deviations away.
    let half = i64::try_from(PIECES * PIECE / 2).unwrap();
    let about = |value: i64| (half..3 * half).contains(&value);
    watch();
    let before = of_leak(&read(&profile().unwrap()));

    let held = leak(PIECES);
    let during = of_leak(&read(&profile().unwrap()));
    let grown: Vec<_> = during.iter().zip(&before).map(|(a, b)| a - b).collect();
    assert!(about(grown[1]) && about(grown[3]), "{grown:?}");
    let piece = i64::try_from(PIECE).unwrap();
    assert!(about(grown[0] * piece) && about(grown[2] * piece));

    drop(held);
    let after = of_leak(&read(&profile().unwrap()));
    assert!(after[3] - before[3] < half / 2, "{after:?}");
    assert!(about(after[1] - before[1]), "{after:?}");
}

#[test]
fn the_profile_says_what_it_measures() {
    watch();
    let profile = read(&profile().unwrap());
    let types = profile.sample_type.iter();
    let types: Vec<_> = types
        .map(|of| (text(&profile, of.ty), text(&profile, of.unit)))
        .collect();
    assert_eq!(types, SHAPE.values);
    assert_eq!(text(&profile, profile.default_sample_type), "inuse_space");
    assert_eq!(text(&profile, profile.drop_frames), ALLOCATOR);
    assert_eq!(profile.period, 512 << 10);
    let period_of = profile.period_type.clone().unwrap();
    assert_eq!(text(&profile, period_of.ty), "space");
    assert_eq!(text(&profile, period_of.unit), "bytes");
    // Stacks are whole: all begin in some thread's first function, many calls away.
    assert!(
        profile
            .sample
            .iter()
            .any(|sample| sample.location_id.len() > 10)
    );
}

#[inline(never)]
fn deep(depth: usize, work: &mut dyn FnMut()) {
    if depth == 0 {
        work();
    } else {
        deep(depth - 1, work);
    }
    black_box(depth);
}

/// Allocates about 10 MB below a stack that is as deep as told.
fn churn(depth: usize) {
    deep(depth, &mut || {
        let mut kept: Vec<Vec<u8>> = vec![Vec::new(); 100];
        for number in 0..5_000 {
            kept[number % 100] = vec![1; 1 + number % 4000];
        }
        black_box(kept);
    });
}

/// Profiles are made while threads allocate, begin and end, and processes are begun.
#[test]
fn profiles_are_made_while_everything_else_goes_on() {
    let _alone = HEAVY.lock();
    watch();
    let stop = AtomicBool::new(false);
    let until_stopped = |work: fn(usize)| {
        let mut round = 0;
        while !stop.load(Ordering::Relaxed) {
            work(round % 60);
            round += 1;
        }
        round
    };
    thread::scope(|scope| {
        let short: fn(usize) = |depth| thread::spawn(move || churn(depth)).join().unwrap();
        let process: fn(usize) = |_| assert!(Command::new("true").status().unwrap().success());
        let figures: fn(usize) = |_| assert!(heap::figures().is_some() && heap::purge().is_ok());
        let works = [churn, churn, short, process, figures];
        let threads = works.map(|work| scope.spawn(move || until_stopped(work)));
        for _ in 0..30 {
            assert!(!read(&profile().unwrap()).sample.is_empty());
        }
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            assert!(thread.join().unwrap() > 0);
        }
    });
}
