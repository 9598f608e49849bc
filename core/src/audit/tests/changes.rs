//! Whatever is done to a log is found.

use std::{collections::BTreeMap, fs};

use proptest::prelude::*;

use super::*;
use crate::audit::head::HEAD;

/// A log of some files, as bytes.
fn log() -> BTreeMap<String, Vec<u8>> {
    let place = Place::new();
    let limits = Limits {
        max_size: 900,
        keep: 3,
    };
    fill(&mut place.journal_of(limits), 0..14);
    place.assert_whole();
    let names = place.files().into_iter().map(file_name);
    names
        .chain([HEAD.to_owned()])
        .map(|name| (name.clone(), fs::read(place.path().join(name)).unwrap()))
        .collect()
}

/// What a verification says of these files.
fn judged(files: &BTreeMap<String, Vec<u8>>) -> Report {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    for (name, bytes) in files {
        fs::write(place.path().join(name), bytes).unwrap();
    }
    place.verify()
}

/// The files of records, without the head.
fn names(files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    files.keys().filter(|name| *name != HEAD).cloned().collect()
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

#[test]
fn every_truncation_is_found() {
    let files = log();
    let last = names(&files).pop().unwrap();
    for length in 0..files[&last].len() {
        let mut cut = files.clone();
        cut.get_mut(&last).unwrap().truncate(length);
        let report = judged(&cut);
        assert!(!report.is_whole(), "{length}");
    }
}

#[test]
fn every_line_that_is_gone_or_there_twice_is_found() {
    let files = log();
    for name in names(&files) {
        let all = lines(&files[&name]);
        for at in 0..all.len() {
            let mut gone = all.clone();
            gone.remove(at);
            let mut twice = all.clone();
            twice.insert(at, all[at].clone());
            for changed in [gone, twice] {
                let mut files = files.clone();
                files.insert(name.clone(), changed.concat());
                let report = judged(&files);
                assert!(!report.is_whole(), "{name}, line {}", at + 1);
            }
        }
        let mut files = files.clone();
        files.remove(&name);
        assert!(!judged(&files).is_whole(), "without {name}");
    }
}

#[test]
fn a_finding_names_the_file_and_the_line() {
    let mut files = log();
    let name = names(&files)[1].clone();
    let mut all = lines(&files[&name]);
    let changed = String::from_utf8(all[1].clone())
        .unwrap()
        .replace("test", "text");
    all[1] = changed.into_bytes();
    files.insert(name.clone(), all.concat());
    let report = judged(&files);
    assert_eq!(report.findings.len(), 1, "{report:#?}");
    let finding = &report.findings[0];
    assert!(finding.file.ends_with(&name));
    assert_eq!((finding.line, finding.kind), (Some(2), "changed"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut files = log();
        let mut offset = at.index(files.values().map(Vec::len).sum());
        for (name, bytes) in &mut files {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= 1 << bit;
                let what = format!("{name}, byte {offset}");
                prop_assert!(!judged(&files).is_whole(), "{}", what);
                break;
            }
            offset -= bytes.len();
        }
    }

    #[test]
    fn any_two_lines_that_changed_places_are_found(
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let mut files = log();
        let mut all: Vec<(String, Vec<u8>)> = Vec::new();
        for name in names(&files) {
            all.extend(lines(&files[&name]).into_iter().map(|line| (name.clone(), line)));
            files.insert(name, Vec::new());
        }
        let (one, other) = (one.index(all.len()), other.index(all.len()));
        prop_assume!(one != other);
        let swapped = all[one].1.clone();
        all[one].1 = std::mem::replace(&mut all[other].1, swapped);
        for (name, line) in all {
            files.get_mut(&name).unwrap().extend(line);
        }
        prop_assert!(!judged(&files).is_whole());
    }

    #[test]
    fn any_bytes_are_judged_and_started_from(
        mut bytes in prop::collection::vec(any::<u8>(), 0..2000),
        head in prop::option::of(prop::collection::vec(any::<u8>(), 0..200)),
        lines in any::<bool>(),
    ) {
        if lines {
            let line = br#"{"seq":1,"time":"x","prev":"0000000000000000000000000000000000000000000000000000000000000000","component":"gaxx-mon","event":"audit.begin","reason":"first","oldest":18446744073709551615}"#;
            bytes = [&line[..], b"\n", &bytes].concat();
        }
        let place = Place::new();
        fs::create_dir(place.path()).unwrap();
        fs::write(place.path().join(file_name(1)), bytes).unwrap();
        if let Some(head) = head {
            fs::write(place.path().join(HEAD), head).unwrap();
        }
        place.verify();
        secure(&place.path());
        fill(&mut place.journal(), 0..2);
    }
}

/// As the log's own files are.
fn secure(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(path).unwrap() {
        let file = entry.unwrap().path();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
