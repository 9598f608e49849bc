//! What an earlier run left.

use std::{
    fs::{self, OpenOptions},
    io::Write,
};

use super::*;
use crate::audit::{
    chain::Link,
    head::{HEAD, Head},
    verify::Anchor,
};

fn append(file: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn the_chain_goes_on_over_starts() {
    let place = Place::new();
    for start in 0..3 {
        fill(&mut place.journal(), start * 2..start * 2 + 2);
    }
    let report = place.assert_whole();
    // The first line, three starts, six records.
    assert_eq!((report.records, report.files), (10, 1));
    assert_eq!(report.notes, [""; 0]);
    assert!(fs::read_dir(place.path()).unwrap().count() == 2);
}

#[test]
fn a_second_agent_is_refused() {
    let place = Place::new();
    let journal = place.journal();
    let second = place.try_journal(Arc::new(Direct), WIDE).unwrap_err();
    assert!(matches!(second, AuditError::InUse(_)), "{second}");
    drop(journal);
    place.journal();
}

#[test]
fn a_torn_line_is_set_aside_and_no_whole_one_is_lost() {
    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    let before = fs::read(place.newest()).unwrap();
    append(&place.newest(), br#"{"seq":6,"time":"20"#);
    let cut = place.assert_whole();
    assert!(cut.notes[0].contains("19 bytes"), "{:?}", cut.notes);
    fill(&mut place.journal(), 3..5);
    let report = place.assert_whole();
    assert_eq!(report.records, 8);
    let after = fs::read(place.newest()).unwrap();
    assert!(after.starts_with(&before));
    assert!(place.text().contains(r#""torn":["torn-"#));
    let torn = super::super::folder::torn(&place.path()).unwrap();
    let kept = fs::read(place.path().join(&torn[0])).unwrap();
    assert_eq!(kept, br#"{"seq":6,"time":"20"#);
}

#[test]
fn lines_ahead_of_the_head_are_kept() {
    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    let old = fs::read(place.path().join(HEAD)).unwrap();
    fill(&mut place.journal(), 3..6);
    fs::write(place.path().join(HEAD), old).unwrap();
    let report = place.assert_whole();
    assert!(report.notes[0].contains("4 records behind the head"));
    fill(&mut place.journal(), 6..7);
    assert_eq!(place.assert_whole().records, 11);
}

#[test]
fn a_file_that_was_being_made_is_set_aside() {
    for left in ["", r#"{"seq":5,"ti"#] {
        let place = Place::new();
        fill(&mut place.journal(), 0..3);
        let file = place.path().join(file_name(6));
        drop(Folder::open(&place.path()).unwrap().create(&file_name(6)));
        append(&file, left.as_bytes());
        fill(&mut place.journal(), 3..5);
        let report = place.assert_whole();
        assert_eq!((report.records, report.files), (8, 1));
    }
}

#[test]
fn a_log_that_was_cut_off_goes_on_and_stays_known_as_cut() {
    let place = Place::new();
    fill(&mut place.journal(), 0..5);
    let text = place.text();
    let end = text[..text.len() - 1].rfind('\n').unwrap() + 1;
    fs::write(place.newest(), &text[..end]).unwrap();
    assert_eq!(kinds(&place.verify()), ["cut"]);
    fill(&mut place.journal(), 5..7);
    assert_eq!(kinds(&place.verify()), ["missing", "damage"]);
    assert_eq!(place.files(), [1, 8]);
    fill(&mut place.journal(), 7..9);
    assert_eq!(kinds(&place.verify()), ["missing", "damage"]);
}

#[test]
fn a_log_whose_head_or_files_went_stays_known_for_it() {
    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    fs::remove_file(place.path().join(HEAD)).unwrap();
    assert_eq!(kinds(&place.verify()), ["head"]);
    place.journal();
    assert_eq!(kinds(&place.verify()), ["damage"]);

    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    fs::remove_file(place.newest()).unwrap();
    assert_eq!(kinds(&place.verify()), ["cut"]);
    place.journal();
    assert_eq!(kinds(&place.verify()), ["damage", "missing"]);

    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    fs::write(place.path().join(HEAD), "no head").unwrap();
    assert_eq!(kinds(&place.verify()), ["head"]);
    place.journal();
    assert_eq!(kinds(&place.verify()), ["damage"]);
}

#[test]
fn a_changed_last_record_is_found_at_the_start() {
    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    let text = place.text().replace(r#""number":2"#, r#""number":7"#);
    fs::write(place.newest(), text).unwrap();
    assert_eq!(kinds(&place.verify()), ["changed"]);
    place.journal();
    assert_eq!(kinds(&place.verify()), ["damage"]);
    assert!(place.text().contains("a record was changed"));
}

/// Who rewrites all of it, the head too, is found by what was noted elsewhere, and only by that.
#[test]
fn an_anchor_finds_a_log_that_was_written_anew() {
    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    let report = place.assert_whole();
    let anchor = format!("{}:{}", report.last.unwrap(), report.hash.unwrap());
    let anchor: Anchor = anchor.parse().unwrap();
    fill(&mut place.journal(), 3..4);
    assert!(
        verify::folder(&place.path(), Some(anchor))
            .unwrap()
            .is_whole()
    );
    fs::remove_dir_all(place.path()).unwrap();
    fill(&mut place.journal(), 1..6);
    place.assert_whole();
    let forged = verify::folder(&place.path(), Some(anchor)).unwrap();
    assert_eq!(kinds(&forged), ["anchor"]);
    let absent: Anchor = format!("99:{}", "0".repeat(64)).parse().unwrap();
    let forged = verify::folder(&place.path(), Some(absent)).unwrap();
    assert_eq!(kinds(&forged), ["anchor"]);
    for no_anchor in ["", "1", "x:00", "1:00"] {
        no_anchor.parse::<Anchor>().unwrap_err();
    }
}

#[test]
fn a_head_ahead_of_all_files_is_a_cut() {
    let place = Place::new();
    fill(&mut place.journal(), 0..3);
    let folder = Folder::open(&place.path()).unwrap();
    let (head, _) = Head::open(&folder).unwrap();
    head.store(Link::of(9, b"")).unwrap();
    let report = place.verify();
    assert_eq!(kinds(&report), ["cut"]);
    assert_eq!(
        report.findings[0].text,
        "records 6 to 9 are missing at the end"
    );
}

#[test]
fn nothing_can_be_said_of_no_log() {
    let place = Place::new();
    assert!(verify::folder(&place.path(), None).is_err());
    fs::create_dir(place.path()).unwrap();
    let error = verify::folder(&place.path(), None).unwrap_err();
    assert!(matches!(error, verify::VerifyError::Nothing(_)), "{error}");
}
