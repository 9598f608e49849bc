//! A disk that is full, or fails.

use std::{
    fs::File,
    io::{self, Write},
    sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst},
};

use super::*;

/// A disk whose failures a test switches on and off.
#[derive(Debug)]
struct Failing {
    /// So many bytes can be written; below zero: any number.
    room: AtomicI64,
    no_sync: AtomicBool,
    no_truncate: AtomicBool,
}

impl Failing {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            room: AtomicI64::new(-1),
            no_sync: AtomicBool::new(false),
            no_truncate: AtomicBool::new(false),
        })
    }
}

impl Disk for Failing {
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        let room = self.room.load(SeqCst);
        let Ok(room) = usize::try_from(room) else {
            return file.write(bytes);
        };
        if room == 0 {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        let written = file.write(&bytes[..room.min(bytes.len())])?;
        self.room.fetch_sub(i64::try_from(written).unwrap(), SeqCst);
        Ok(written)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.no_sync.load(SeqCst) {
            return Err(rustix::io::Errno::IO.into());
        }
        file.sync_data()
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        if self.no_truncate.load(SeqCst) {
            return Err(rustix::io::Errno::IO.into());
        }
        file.set_len(length)
    }
}

const NOW: &str = r#"{"event":"now"}"#;

#[test]
fn a_full_disk_is_an_error_and_the_log_goes_on_when_there_is_room() {
    let place = Place::new();
    let disk = Failing::new();
    let (log, registry) = place.log(disk.clone(), WIDE);
    log.append("demo/one", NOW, Some(soon())).unwrap();
    let before = place.text();
    // Room for nothing, for a part of a line, and for a line but not for both.
    for room in [0, 20, 250] {
        disk.room.store(room, SeqCst);
        log.append("demo/one", r#"{"event":"later"}"#, None)
            .unwrap();
        let big = format!(r#"{{"event":"big","x":"{}"}}"#, "x".repeat(300));
        let error = log.append("demo/one", &big, Some(soon())).unwrap_err();
        assert!(matches!(error, AuditError::Write { .. }), "{error}");
        assert!(error.to_string().contains("No space left"), "{error}");
        assert!(error.remedy().contains("make room"), "{error}");
        place.assert_whole();
    }
    disk.room.store(-1, SeqCst);
    log.append("demo/one", NOW, Some(soon())).unwrap();
    let report = place.assert_whole();
    let text = place.text();
    assert!(text.starts_with(&before));
    // Nobody was told that the others are recorded.
    assert_eq!(text.matches("\"later\"").count(), 3);
    assert_eq!(text.matches("\"big\"").count(), 0);
    assert_eq!(report.files, 1);
    assert_eq!(metric(&registry, "gaxx_audit_failures_total"), "3");
}

#[test]
fn what_cannot_be_undone_does_not_count() {
    let place = Place::new();
    let disk = Failing::new();
    let (log, _) = place.log(disk.clone(), WIDE);
    log.append("demo/one", NOW, Some(soon())).unwrap();
    disk.room.store(20, SeqCst);
    disk.no_truncate.store(true, SeqCst);
    log.append("demo/one", NOW, Some(soon())).unwrap_err();
    place.assert_whole();
    disk.room.store(-1, SeqCst);
    log.append("demo/one", NOW, Some(soon())).unwrap();
    let report = place.assert_whole();
    assert_eq!(report.files, 2);
    assert!(report.notes[0].contains("do not count"), "{report:?}");
    assert!(place.text().contains(r#""reason":"failure""#));
    drop(log);
    place.journal();
    place.assert_whole();
}

/// A sync that failed is not tried again: the log goes on in another file, behind what was durable.
#[test]
fn a_failed_sync_leads_to_a_new_file() {
    for no_truncate in [false, true] {
        let place = Place::new();
        let disk = Failing::new();
        disk.no_truncate.store(no_truncate, SeqCst);
        let (log, _) = place.log(disk.clone(), WIDE);
        log.append("demo/one", NOW, Some(soon())).unwrap();
        let durable = place.text();
        disk.no_sync.store(true, SeqCst);
        log.append("demo/one", r#"{"event":"later"}"#, None)
            .unwrap();
        for _ in 0..2 {
            let error = log.append("demo/one", r#"{"event":"lost"}"#, Some(soon()));
            let error = error.unwrap_err();
            assert!(
                matches!(error, AuditError::Sync { .. } | AuditError::Write { .. }),
                "{error}"
            );
        }
        disk.no_sync.store(false, SeqCst);
        log.append("demo/one", NOW, Some(soon())).unwrap();
        let report = place.assert_whole();
        assert_eq!(report.files, 2);
        let newest = fs::read_to_string(place.newest()).unwrap();
        assert!(newest.contains("\"later\"") && !newest.contains("\"lost\""));
        let text = place.text();
        assert!(text.starts_with(&durable));
        assert_eq!(text.contains("\"lost\""), no_truncate);
        drop(log);
        place.journal();
        place.assert_whole();
    }
}

/// What was durable and cannot be read back is a finding for ever, and the log goes on.
#[test]
fn a_disk_that_lost_what_it_had_is_told() {
    let place = Place::new();
    let disk = Failing::new();
    let (log, _) = place.log(disk.clone(), WIDE);
    log.append("demo/one", NOW, Some(soon())).unwrap();
    disk.no_sync.store(true, SeqCst);
    log.append("demo/one", NOW, Some(soon())).unwrap_err();
    let text = place.text().replacen("now", "new", 1);
    fs::write(place.newest(), text).unwrap();
    disk.no_sync.store(false, SeqCst);
    log.append("demo/one", NOW, Some(soon())).unwrap();
    let kinds = kinds(&place.verify());
    assert!(kinds.contains(&"damage"), "{kinds:?}");
}

#[test]
fn a_disk_that_is_full_at_the_start_is_an_error_there() {
    let place = Place::new();
    let disk = Failing::new();
    disk.room.store(30, SeqCst);
    let error = place.try_journal(disk.clone(), WIDE).unwrap_err();
    assert!(error.remedy().contains("make room"), "{error}");
    disk.room.store(-1, SeqCst);
    fill(&mut place.try_journal(disk, WIDE).unwrap(), 0..2);
    assert_eq!(place.assert_whole().records, 4);
}

#[test]
fn a_rotation_that_fails_loses_nothing() {
    let place = Place::new();
    let disk = Failing::new();
    let limits = Limits {
        max_size: 900,
        keep: 9,
    };
    let mut journal = place.try_journal(disk.clone(), limits).unwrap();
    fill(&mut journal, 0..2);
    disk.room.store(100, SeqCst);
    journal.write(&[record(2), record(3)]).unwrap_err();
    place.assert_whole();
    disk.room.store(-1, SeqCst);
    fill(&mut journal, 2..6);
    assert!(place.assert_whole().files > 1);
}
