//! The log as a whole, on a disk and on one that fails.
#![allow(clippy::unwrap_used)]

mod changes;
mod faults;
mod growth;
mod starts;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use prometheus::Registry;
use tempfile::TempDir;

use super::{
    Audit, AuditError,
    folder::{Folder, file_name, files},
    journal::{Journal, Limits, Record},
    segment::{Direct, Disk},
    verify::{self, Report},
};
use crate::instruments;

const WIDE: Limits = Limits {
    max_size: 1 << 30,
    keep: 16,
};

/// A log in a temporary folder.
struct Place {
    state: TempDir,
}

impl Place {
    fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        Self { state }
    }

    fn path(&self) -> PathBuf {
        super::folder(self.state.path())
    }

    fn journal(&self) -> Journal {
        self.journal_of(WIDE)
    }

    fn journal_of(&self, limits: Limits) -> Journal {
        self.try_journal(Arc::new(Direct), limits).unwrap()
    }

    fn try_journal(&self, disk: Arc<dyn Disk>, limits: Limits) -> Result<Journal, AuditError> {
        Journal::open(Folder::open(&self.path())?, disk, limits)
    }

    fn log(&self, disk: Arc<dyn Disk>, limits: Limits) -> (Arc<Audit>, Registry) {
        let registry = Registry::new();
        let metrics = instruments::Audit::new(&registry);
        let log = Audit::open_on(disk, &self.path(), limits, metrics).unwrap();
        (log, registry)
    }

    fn files(&self) -> Vec<u64> {
        files(&self.path()).unwrap()
    }

    /// The newest file.
    fn newest(&self) -> PathBuf {
        self.path().join(file_name(*self.files().last().unwrap()))
    }

    fn text(&self) -> String {
        let texts = self.files().into_iter().map(|first| {
            let file = self.path().join(file_name(first));
            fs::read_to_string(file).unwrap()
        });
        texts.collect()
    }

    fn verify(&self) -> Report {
        verify(&self.path())
    }

    #[track_caller]
    fn assert_whole(&self) -> Report {
        let report = self.verify();
        assert!(report.is_whole(), "{report:#?}");
        report
    }
}

fn verify(path: &Path) -> Report {
    verify::folder(path, None).unwrap()
}

/// The words of what was found.
fn kinds(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|one| one.kind).collect()
}

fn record(number: usize) -> Record {
    Record {
        component: "demo/one".to_owned(),
        fields: format!(r#""event":"test","number":{number}"#),
    }
}

/// Writes so many records and makes them durable.
fn fill(journal: &mut Journal, numbers: std::ops::Range<usize>) {
    for number in numbers {
        journal.write(&[record(number)]).unwrap();
    }
    journal.sync().unwrap();
}

/// The longest that a test waits for a disk.
fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// The sum of a counter's series, which is a whole number.
fn metric(registry: &Registry, name: &str) -> String {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == name);
    let metrics = family.unwrap().get_metric().iter();
    let sum: f64 = metrics.map(|metric| metric.get_counter().value()).sum();
    sum.to_string()
}
