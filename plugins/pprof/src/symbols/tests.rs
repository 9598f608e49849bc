//! This test program names its own functions, in this process and in helpers.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use gaxx_sdk::testing::{Conditions, Facility};

use super::{Form, Job, NoAnswer, Symbols, maps, symboliser::symbolise};
use crate::{
    profile::{Location, Mapping, Profile, Sample, ValueType, decode, encode},
    text,
};

/// The line of the function below.
const LINE: u32 = line!() + 3;

#[inline(never)]
fn known_function(number: u64) -> u64 {
    std::hint::black_box(number)
}

#[allow(clippy::inline_always)] // Otherwise it would not be where nothing is optimised.
#[inline(always)]
fn inlined_function(number: u64) -> u64 {
    std::hint::black_box(number)
}

#[inline(never)]
fn outer_function(number: u64) -> u64 {
    inlined_function(number)
}

fn address() -> u64 {
    known_function as fn(u64) -> u64 as usize as u64
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// A heap profile of one stack with two addresses, the second of them in no file.
fn raw() -> Profile {
    let mut mappings = maps::of(std::process::id()).unwrap();
    let here = mappings
        .iter()
        .position(|it| (it.start..it.end).contains(&address()))
        .unwrap();
    mappings.push(Mapping {
        start: 0,
        end: 100,
        file: "/no/such/library.so".into(),
        ..Mapping::default()
    });
    let at = |address, mapping| Location {
        address,
        mapping,
        lines: Vec::new(),
    };
    Profile {
        types: vec![
            ValueType::new("inuse_objects", "count"),
            ValueType::new("inuse_space", "bytes"),
        ],
        default_type: 1,
        locations: vec![
            at(address(), Some(here)),
            at(50, Some(mappings.len() - 1)),
            at(7, None),
        ],
        samples: vec![Sample {
            locations: vec![0, 1, 2],
            values: vec![3, 4096],
            labels: Vec::new(),
        }],
        mappings,
        ..Profile::default()
    }
}

fn names(profile: &Profile) -> Vec<&str> {
    let lines = profile
        .locations
        .iter()
        .flat_map(|location| &location.lines);
    lines
        .map(|line| &*profile.functions[line.function].name)
        .collect()
}

#[test]
fn a_function_has_its_name_its_file_and_its_line() {
    let mut profile = raw();
    symbolise(&mut profile, soon());
    assert_eq!(
        names(&profile),
        [
            "gaxx_pprof::symbols::tests::known_function",
            "[library.so]",
            "[unknown]"
        ]
    );
    let line = profile.locations[0].lines[0];
    assert_eq!(line.line, i64::from(LINE));
    let file = &profile.functions[line.function].file;
    assert!(file.ends_with("pprof/src/symbols/tests.rs"), "{file}");
    assert!(profile.mappings.iter().all(|mapping| mapping.is_symbolised));
}

#[test]
fn without_time_names_are_those_of_files_and_the_profile_says_so() {
    let mut profile = raw();
    symbolise(&mut profile, Instant::now());
    assert!(
        names(&profile)[0].starts_with("[gaxx_pprof-"),
        "{:?}",
        names(&profile)
    );
    assert!(profile.comments[0].starts_with("1 addresses were not looked up"));
}

#[test]
fn an_inlined_function_has_a_frame_of_its_own() {
    let mut profile = raw();
    let start = outer_function as fn(u64) -> u64 as usize as u64;
    let mapping = profile.locations[0].mapping;
    // Where in it the compiler has put the other one is not known.
    let somewhere = (start..start + 40).map(|address| Location {
        address,
        mapping,
        lines: Vec::new(),
    });
    profile.locations = somewhere.collect();
    symbolise(&mut profile, soon());
    profile
        .locations
        .retain(|location| location.lines.len() == 2);
    profile.locations.truncate(1);
    assert_eq!(
        names(&profile),
        ["inlined_function", "outer_function"]
            .map(|name| format!("gaxx_pprof::symbols::tests::{name}"))
    );
    let lines = profile.locations[0].lines.iter().map(|line| line.line);
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [i64::from(LINE) + 7, i64::from(LINE) + 12]
    );
}

fn job(form: Form) -> Job {
    Job::Profile {
        difference: false,
        looked_at: None,
        form,
    }
}

fn ask(job: &Job, profiles: &[&[u8]]) -> Result<Vec<u8>, NoAnswer> {
    Symbols::new(gaxx_sdk::testing::host()).ask(job, profiles, &|| true)
}

#[test]
fn a_helper_does_the_same() {
    let raw = encode(&raw()).unwrap();
    let answer = ask(&job(Form::Pprof), &[&raw]).unwrap();
    let named = decode(&answer).unwrap();
    assert_eq!(names(&named)[1..], ["[library.so]", "[unknown]"]);
    assert!(names(&named)[0].ends_with("known_function"));

    let lines = String::from_utf8(ask(&job(Form::Text), &[&raw]).unwrap()).unwrap();
    assert!(
        lines.starts_with("heap profile: 3: 4096 [3: 4096] @ heapprofile\n3: 4096 ["),
        "{lines}"
    );
    assert!(
        lines.contains(&format!("symbols/tests.rs:{LINE}\n")),
        "{lines}"
    );

    let graph = ask(
        &job(Form::FlameGraph {
            kind: "heap".to_owned(),
        }),
        &[&raw],
    )
    .unwrap();
    let graph: gaxx_sdk::serde_json::Value = gaxx_sdk::serde_json::from_slice(&graph).unwrap();
    assert_eq!(graph["total"], 4096);
}

#[test]
fn a_helper_tells_what_has_come_between_two_profiles() {
    let (first, mut second) = (raw(), raw());
    second.samples[0].values = vec![5, 5000];
    let profiles = [encode(&first).unwrap(), encode(&second).unwrap()];
    let order = Job::Profile {
        difference: true,
        looked_at: Some("inuse_objects".to_owned()),
        form: Form::Pprof,
    };
    let answer = ask(&order, &[&profiles[0], &profiles[1]]).unwrap();
    let named = decode(&answer).unwrap();
    assert_eq!(
        (named.samples[0].values.as_slice(), named.default_type),
        ([2, 904].as_slice(), 0)
    );
}

#[test]
fn a_helper_names_addresses_of_a_process() {
    let order = Job::Addresses {
        process: std::process::id(),
        addresses: vec![address(), 1],
    };
    let told = String::from_utf8(ask(&order, &[]).unwrap()).unwrap();
    let expected = format!(
        "num_symbols: 1\n{:#x} gaxx_pprof::symbols::tests::known_function\n0x1 [unknown]\n",
        address()
    );
    assert_eq!(told, expected);
}

#[test]
fn what_cannot_be_done_is_told() {
    let refused = ask(&job(Form::Pprof), &[b"no profile"]).unwrap_err();
    assert!(
        refused.to_string().contains("not in pprof's format"),
        "{refused}"
    );
    let raw = encode(&raw()).unwrap();
    let order = Job::Profile {
        difference: false,
        looked_at: Some("alloc_space".to_owned()),
        form: Form::Pprof,
    };
    assert!(matches!(ask(&order, &[&raw]), Err(NoAnswer::NoSuchType)));
    let gone = Job::Addresses {
        process: 0,
        addresses: vec![1],
    };
    assert!(matches!(ask(&gone, &[]), Err(NoAnswer::Failed { .. })));
}

#[test]
fn without_a_helper_there_is_no_answer() {
    let raw = encode(&raw()).unwrap();
    let host = Conditions::default().refusing(Facility::Helpers).host();
    let refused = Symbols::new(host).ask(&job(Form::Pprof), &[&raw], &|| true);
    assert!(matches!(refused, Err(NoAnswer::NoHelper(_))));
}

#[test]
fn text_of_a_profile_without_names_has_addresses() {
    let lines = text::heap(&raw());
    assert!(lines.ends_with(" 0x32 0x7\n\n"), "{lines}");
}
