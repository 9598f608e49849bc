//! Libraries that cannot be used any more while their plugin runs.

use super::*;
use crate::plugin::{Discovery, Failed};

fn failed(name: &str, file: &str) -> Failed {
    Failed {
        name: name.to_owned(),
        file: file.into(),
        reason: "truncated".to_owned(),
        error: format!("{file}: it is cut off"),
        remedy: "copy it again".to_owned(),
    }
}

/// What is found when only this is in the folders.
fn found(candidates: &[&Candidate], failed: &[Failed]) -> Discovery {
    Discovery {
        candidates: candidates.iter().copied().cloned().collect(),
        failed: failed.to_vec(),
        ..Discovery::default()
    }
}

/// A bench with version 1 at work.
fn bench() -> Bench {
    let bench = Bench::new(1);
    bench.install("1.0.0", &[("one", "works")]);
    bench
}

#[test]
fn a_damaged_library_leaves_what_runs_and_everybody_sees_why() {
    let bench = bench();
    let before = bench.catalog.components();
    for failed in [
        failed("something", "/plugins/fake.so"),
        failed("fake", "/plugins/other.so"),
    ] {
        let mut found = found(&[], &[failed]);
        let standing = bench.catalog.stand_by(&mut found);
        assert!(found.failed.is_empty());
        assert_eq!(found.candidates[0].manifest.version, "1.0.0");
        let mut plan = bench.plan_of(&found.candidates[0], &[("one", "works")], BOUND);
        plan.standing = standing;
        assert!(bench.catalog.apply(&plan, || {}).is_empty());
        assert!(Arc::ptr_eq(&bench.catalog.components()[0], &before[0]));
        let row = bench.row();
        assert_eq!((row.version.as_str(), row.state), ("1.0.0", "degraded"));
        let error = row.error.unwrap();
        assert!(
            error.starts_with("a library was refused: /plugins/"),
            "{error}"
        );
        assert!(
            error.ends_with(".so: it is cut off; version 1.0.0 runs on"),
            "{error}"
        );
        assert!(row.remedy.unwrap().starts_with("copy it again"));
    }
    // The same file whole again, and all is well.
    assert!(bench.install("1.0.0", &[("one", "works")]).is_empty());
    assert_eq!(bench.row().state, "running");
}

#[test]
fn so_does_a_folder_that_cannot_be_read() {
    let bench = bench();
    let mut found = found(&[], &[failed("plugins", "/plugins")]);
    let standing = bench.catalog.stand_by(&mut found);
    assert!(standing.contains_key("fake"));
    assert_eq!(found.failed.len(), 1, "it stays a row of its own");
}

#[test]
fn what_is_gone_is_gone() {
    let bench = bench();
    let mut found = found(&[], &[failed("other", "/plugins/other.so")]);
    assert!(bench.catalog.stand_by(&mut found).is_empty());
    assert!(found.candidates.is_empty());
    assert_eq!(found.failed.len(), 1);
}

#[test]
fn one_that_is_linked_in_does_not_come_back_for_a_damaged_library() {
    let bench = bench();
    let linked = &bench.candidate;
    let mut damaged = found(&[linked], &[failed("fake", "/plugins/fake.so")]);
    assert_eq!(bench.catalog.stand_by(&mut damaged).len(), 1);
    assert_eq!(damaged.candidates.len(), 1);
    assert!(damaged.candidates[0].file.is_some());
    let mut removed = found(&[linked], &[]);
    assert!(bench.catalog.stand_by(&mut removed).is_empty());
    assert!(removed.candidates[0].file.is_none());
}

#[test]
fn a_good_library_of_the_name_goes_before_a_damaged_one() {
    let bench = bench();
    let new = bench.version("2.0.0");
    let mut found = found(&[&new], &[failed("fake", "/plugins/old.so")]);
    assert!(bench.catalog.stand_by(&mut found).is_empty());
    assert_eq!(found.candidates[0].manifest.version, "2.0.0");
    assert_eq!(found.failed.len(), 1);
}
