//! Samples of this very process. One test takes them at a time.
#![allow(clippy::unwrap_used)]
#![allow(
    // A library of the system is loaded while samples are taken.
    unsafe_code
)]

use std::{
    collections::BTreeMap,
    fs,
    hint::black_box,
    process::Command,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use pprof::protos::{Profile, Sample};

use super::*;
use crate::{
    profile::{
        label::Label,
        raw::tests::{read, text},
    },
    registry::Owner,
};

/// Far more than the kernel gives, so as many as there can be.
const OFTEN: u32 = 1000;

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Uses the CPU, in its own code only.
#[inline(never)]
fn hot(rounds: u64) -> u64 {
    let (mut state, mut round) = (black_box(88_172_645_463_325_252_u64), 0);
    while round < rounds {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        round += 1;
    }
    state
}

/// Calls it, and has something to do after that.
#[inline(never)]
fn caller_of_hot(rounds: u64) -> u64 {
    black_box(hot(black_box(rounds))) | 1
}

/// An address in a function, no farther from its begin than these are long.
fn is_in(function: fn(u64) -> u64, address: u64) -> bool {
    let begin = function as usize as u64;
    (begin..begin + 400).contains(&address)
}

/// The addresses of a sample, the innermost first.
fn stack(profile: &Profile, sample: &Sample) -> Vec<u64> {
    let ids = sample.location_id.iter();
    ids.map(|id| profile.location[usize::try_from(*id).unwrap() - 1].address)
        .collect()
}

fn labels<'a>(profile: &'a Profile, sample: &Sample) -> BTreeMap<&'a str, &'a str> {
    let labels = sample.label.iter();
    labels
        .map(|label| (text(profile, label.key), text(profile, label.str)))
        .collect()
}

/// The samples of threads of this name.
fn of_thread<'a>(profile: &'a Profile, name: &str) -> Vec<&'a Sample> {
    let samples = profile.sample.iter();
    samples
        .filter(|sample| labels(profile, sample)["thread"] == name)
        .collect()
}

fn count(samples: &[&Sample]) -> i64 {
    samples.iter().map(|sample| sample.value[0]).sum()
}

/// Runs on a thread of this name, and waits for it.
fn on_thread(name: &str, run: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn_scoped(scope, run).unwrap();
    });
}

/// Calls it again and again until the process has used this much more CPU time.
fn for_cpu_seconds(seconds: f64, mut call: impl FnMut()) {
    let used = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let now = || used().tv_sec as f64 + used().tv_nsec as f64 / 1e9;
    let end = now() + seconds;
    while now() < end {
        call();
    }
}

#[test]
fn the_function_that_runs_is_the_innermost_call() {
    let _alone = alone();
    let sampling = Sampling::start(OFTEN).unwrap();
    on_thread("hot", || {
        for_cpu_seconds(1.0, || {
            caller_of_hot(100_000);
        });
    });
    let profile = read(&sampling.finish());

    let samples = of_thread(&profile, "hot");
    let all = count(&samples);
    // Of 250 in a second, at the least that kernels are configured for.
    assert!(all >= 20, "{all}");
    let right = samples.into_iter().filter(|sample| {
        let stack = stack(&profile, sample);
        is_in(hot, stack[0]) && is_in(caller_of_hot, stack[1])
    });
    let right: Vec<_> = right.collect();
    assert!(count(&right) * 10 >= all * 9, "{} of {all}", count(&right));

    let sample = right[0];
    assert_eq!(sample.value[1], sample.value[0] * 1_000_000);
    assert_eq!(profile.period, 1_000_000);
    let program = text(&profile, profile.mapping[0].filename);
    let exe = fs::read_link("/proc/self/exe").unwrap();
    assert_eq!(program, exe.to_str().unwrap());
    let here = &profile.location[usize::try_from(sample.location_id[0]).unwrap() - 1];
    assert_eq!(here.mapping_id, 1);
}

#[test]
fn samples_say_whose_call_they_were_in() {
    let _alone = alone();
    let owner = Owner {
        plugin: "sampled".to_owned(),
        component: "hot".to_owned(),
        instance: "one".to_owned(),
    };
    let sampling = Sampling::start(OFTEN).unwrap();
    on_thread("a call", || {
        let _entered = Label::of(&owner).enter();
        for_cpu_seconds(0.5, || {
            hot(100_000);
        });
    });
    on_thread("no call", || {
        for_cpu_seconds(0.5, || {
            hot(100_000);
        });
    });
    let profile = read(&sampling.finish());

    let called = of_thread(&profile, "a call");
    let labelled = called.iter().filter(|sample| {
        let labels = labels(&profile, sample);
        labels.get("plugin") == Some(&"sampled") && labels.get("component") == Some(&"hot@one")
    });
    let labelled = count(&labelled.copied().collect::<Vec<_>>());
    let all = count(&called);
    // The thread's first and last steps are not in the call.
    assert!(
        labelled >= 10 && labelled * 10 >= all * 9,
        "{labelled} of {all}"
    );
    for sample in of_thread(&profile, "no call") {
        assert_eq!(labels(&profile, sample).get("plugin"), None);
    }
}

#[test]
fn there_is_one_at_a_time() {
    let _alone = alone();
    let first = Sampling::start(99).unwrap();
    let second = Sampling::start(99);
    assert!(matches!(second, Err(ProfileError::Busy)), "{second:?}");
    drop(first);
    let third = Sampling::start(99).unwrap();
    assert!(!third.finish().is_empty());
    assert!(Sampling::start(99).is_ok());
}

#[test]
fn children_and_their_programs_do_not_ignore_the_signal() {
    let _alone = alone();
    for sampling in [None, Sampling::start(99).ok()] {
        drop(sampling);
        let mut grep = Command::new("grep");
        let told = grep.args(["SigIgn", "/proc/self/status"]).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let ignored = u64::from_str_radix(told.trim_start_matches("SigIgn:").trim(), 16).unwrap();
        assert_eq!(ignored & (1 << (libc::SIGPROF - 1)), 0, "{told}");
    }
}

/// What a program does that is profiled: threads come and go and allocate, libraries are loaded,
/// programs are executed.
fn busily(over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let threads: Vec<_> = (0..4)
            .map(|size| {
                thread::spawn(move || {
                    let kept: Vec<_> = (0..200).map(|round| vec![0_u8; round << size]).collect();
                    hot(10_000) ^ kept.len() as u64
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        // SAFETY: a library of the system, whose constructors do nothing.
        let library = unsafe { libloading::Library::new("libresolv.so.2") };
        drop(library.unwrap());
        assert!(Command::new("true").status().unwrap().success());
    }
}

/// Runs it while four threads are busy.
fn under_load(run: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| busily(&over));
        }
        run();
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn thirty_profiles_in_a_row_under_load() {
    let _alone = alone();
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    under_load(|| {
        for round in 0..30 {
            let sampling = Sampling::start(OFTEN).unwrap();
            on_thread("hot", || {
                for_cpu_seconds(0.05, || {
                    hot(100_000);
                });
            });
            if round % 3 == 0 {
                drop(sampling);
            } else {
                assert!(!read(&sampling.finish()).sample.is_empty());
            }
        }
    });
    // Other tests run beside this one.
    assert!(descriptors() < before + 30);
}

#[test]
fn a_long_profile_of_many_threads() {
    let _alone = alone();
    let sampling = Sampling::start(OFTEN).unwrap();
    under_load(|| {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for_cpu_seconds(0.3, || {
                        caller_of_hot(100_000);
                    });
                });
            }
        });
    });
    let profile = read(&sampling.finish());
    let all: Vec<_> = profile.sample.iter().collect();
    assert!(count(&all) > 100, "{}", count(&all));
    // Each is of code that is mapped, but for the innermost call perhaps.
    for sample in all {
        let outer = sample.location_id.iter().skip(1);
        for id in outer {
            let location = &profile.location[usize::try_from(*id).unwrap() - 1];
            assert_ne!(location.mapping_id, 0, "{:x}", location.address);
        }
    }
}
