//! Rotation, many writers at once, and what is told of it.

use std::thread;

use super::*;

/// About three records fit beside the first.
const NARROW: Limits = Limits {
    max_size: 900,
    keep: 3,
};

#[test]
fn files_are_rotated_and_the_oldest_go() {
    let place = Place::new();
    let mut journal = place.journal_of(NARROW);
    fill(&mut journal, 0..2);
    assert_eq!(place.assert_whole().first, Some(1));
    fill(&mut journal, 2..40);
    let report = place.assert_whole();
    assert_eq!(report.files, 3);
    let first = report.first.unwrap();
    let note = format!("the log begins with record {first}: older files were dropped by rotation");
    assert_eq!(report.notes, [note]);
    drop(journal);
    fill(&mut place.journal_of(NARROW), 40..60);
    let report = place.assert_whole();
    assert!(report.first.unwrap() > first && report.files == 3);
}

/// A beginning that somebody else took away is not one that rotation took.
#[test]
fn a_file_that_somebody_took_away_is_missed() {
    let place = Place::new();
    fill(&mut place.journal_of(Limits { keep: 9, ..NARROW }), 0..12);
    let all = place.files();
    assert!(all.len() > 3, "{all:?}");
    let take = |first: u64| {
        let (from, to) = (place.path(), place.state.path());
        let name = file_name(first);
        fs::rename(from.join(&name), to.join(name)).unwrap();
    };
    take(all[0]);
    let report = place.verify();
    assert_eq!(kinds(&report), ["missing"]);
    assert!(report.findings[0].text.contains("at the beginning"));
    // The next rotation does not hide it.
    fill(&mut place.journal_of(Limits { keep: 9, ..NARROW }), 12..16);
    assert_eq!(kinds(&place.verify()), ["missing"]);

    take(all[2]);
    assert_eq!(kinds(&place.verify()), ["missing", "missing"]);
}

#[test]
fn single_files_are_verified_by_themselves() {
    let place = Place::new();
    fill(&mut place.journal_of(NARROW), 0..12);
    let newest_first = place.files().into_iter().rev();
    let paths: Vec<_> = newest_first
        .map(|first| place.path().join(file_name(first)))
        .collect();
    let report = verify::files(&paths, None).unwrap();
    assert!(report.is_whole(), "{report:#?}");
    assert_eq!(report.files, 3);
    let report = verify::files(&[paths[0].clone(), paths[2].clone()], None).unwrap();
    assert_eq!(kinds(&report), ["missing"]);
    assert!(verify::files(&[place.path().join("none")], None).is_err());
}

/// All who wait at once share commits, and a verification meanwhile finds nothing.
#[test]
fn many_write_while_it_is_verified() {
    const WRITERS: usize = 16;
    const EACH: usize = 40;
    let place = Place::new();
    let limits = Limits {
        max_size: 20_000,
        keep: 4,
    };
    let (log, registry) = place.log(Arc::new(Direct), limits);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let log = &log;
                scope.spawn(move || {
                    for number in 0..EACH {
                        let wait = (number % 4 != 0).then(soon);
                        let text =
                            format!(r#"{{"event":"test","writer":{writer},"number":{number}}}"#);
                        log.append("demo/one", &text, wait).unwrap();
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            place.assert_whole();
        }
    });
    log.close();
    let closed = log.append("demo/one", "{}", None).unwrap_err();
    assert_eq!(closed, AuditError::Closed);
    let report = place.assert_whole();
    assert!(report.files > 1 && report.last.unwrap() >= (WRITERS * EACH) as u64);
    assert_eq!(
        metric(&registry, "gaxx_audit_records_total"),
        (WRITERS * EACH).to_string()
    );
    assert_eq!(metric(&registry, "gaxx_audit_failures_total"), "1");
}

#[test]
fn what_is_durable_stands_in_the_file_in_its_order() {
    let place = Place::new();
    let (log, _) = place.log(Arc::new(Direct), WIDE);
    log.append("demo/one", r#"{"event":"later","x":"a\nb"}"#, None)
        .unwrap();
    log.append("demo/one@i", r#"{"event":"now"}"#, Some(soon()))
        .unwrap();
    let text = place.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[2].ends_with(r#""component":"demo/one","event":"later","x":"a\nb"}"#));
    assert!(lines[3].ends_with(r#""component":"demo/one@i","event":"now"}"#));
    let refused = log
        .append("demo/one", r#"{"seq":1}"#, Some(soon()))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the audit record is refused: the field `seq` is the log's own"
    );
    let fault = gaxx_abi::Fault::from(&refused);
    assert_eq!(fault.kind, gaxx_abi::fault::kind::PERMANENT);
    assert!(fault.remedy.contains("fields of its own"));
    assert_eq!(place.text(), text);
}
