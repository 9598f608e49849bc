//! A host that keeps what a component tells it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    FamilySpec, Fault, Host_TO, HostRef, Point,
    abi_std::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
    host::{Host as Abi, level},
    metric::kind,
};

use super::samples::{Sample, Samples};
use crate::{Error, ErrorKind};

/// A line that a component logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
    /// The text.
    pub message: String,
}

/// What a component has told its host.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    families: Vec<FamilySpec>,
    series: Vec<Series>,
    slots: u32,
    pub(crate) log: Vec<LogLine>,
    folder: Option<std::path::PathBuf>,
}

#[derive(Debug)]
struct Series {
    family: usize,
    slot: u32,
    labels: Vec<String>,
}

/// The test's side of a host.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestHost(Arc<Mutex<Kept>>);

impl TestHost {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reference(&self) -> HostRef {
        Host_TO::from_ptr(RArc::new(self.clone()), TD_Opaque)
    }

    /// How many series are registered and not retired.
    #[cfg(test)]
    pub(crate) fn series_count(&self) -> usize {
        self.lock().series.len()
    }

    /// Names the numbers that a component handed over.
    pub(crate) fn samples(&self, points: &[Point]) -> Samples {
        let kept = self.lock();
        let value = |slot: u32| points.iter().find(|p| p.slot == slot).map(|p| p.value);
        let mut samples = Samples::new(kept.families.clone());
        for series in &kept.series {
            let family = &kept.families[series.family];
            let labels: Vec<(String, String)> = family
                .labels
                .iter()
                .map(ToString::to_string)
                .zip(series.labels.iter().cloned())
                .collect();
            let mut push = |suffix: &str, labels: Vec<(String, String)>, slot| {
                if let Some(value) = value(slot) {
                    let name = format!("{}{suffix}", family.name);
                    samples.push(Sample {
                        name,
                        labels,
                        value,
                    });
                }
            };
            if family.kind != kind::HISTOGRAM {
                push("", labels, series.slot);
                continue;
            }
            let bounds = family.bounds.iter().map(ToString::to_string);
            let mut slot = series.slot;
            for bound in bounds.chain(["+Inf".to_owned()]) {
                let mut labels = labels.clone();
                labels.push(("le".to_owned(), bound));
                push("_bucket", labels, slot);
                slot += 1;
            }
            push("_count", labels.clone(), slot - 1);
            push("_sum", labels, slot);
        }
        samples
    }
}

impl Abi for TestHost {
    fn minor(&self) -> u32 {
        u32::from(gaxx_abi::MINOR)
    }

    fn instance(&self) -> RString {
        RString::new()
    }

    fn family(&self, spec: FamilySpec) -> RResult<u32, Fault> {
        let mut kept = self.lock();
        if kept
            .families
            .iter()
            .any(|other| other.name == spec.name && *other != spec)
        {
            let message = format!("{} is registered twice, in different ways", spec.name);
            return RResult::RErr(Error::new(ErrorKind::Settings, message).into());
        }
        kept.families.push(spec);
        RResult::ROk(u32::try_from(kept.families.len() - 1).unwrap_or(u32::MAX))
    }

    fn series(&self, family: u32, labels: RSlice<'_, RString>) -> RResult<u32, Fault> {
        let mut kept = self.lock();
        let family = family as usize;
        let Some(spec) = kept.families.get(family) else {
            return RResult::RErr(Error::new(ErrorKind::Unknown, "no such family").into());
        };
        let width = if spec.kind == kind::HISTOGRAM {
            spec.bounds.len() + 2
        } else {
            1
        };
        let slot = kept.slots;
        kept.slots += u32::try_from(width).unwrap_or(u32::MAX);
        let labels = labels.iter().map(ToString::to_string).collect();
        kept.series.push(Series {
            family,
            slot,
            labels,
        });
        RResult::ROk(slot)
    }

    fn retire(&self, slot: u32) {
        self.lock().series.retain(|series| series.slot != slot);
    }

    fn log_level(&self) -> u32 {
        level::TRACE
    }

    fn log(&self, number: u32, _target: RStr<'_>, message: RStr<'_>) {
        let level = match number {
            level::ERROR => "error",
            level::WARN => "warn",
            level::INFO => "info",
            level::DEBUG => "debug",
            _ => "trace",
        };
        self.lock().log.push(LogLine {
            level,
            message: message.into(),
        });
    }

    fn state_folder(&self) -> RResult<RString, Fault> {
        let mut kept = self.lock();
        if kept.folder.is_none() {
            let name = format!("gaxx-sdk-test-{}-{:p}", std::process::id(), self.0);
            let folder = std::env::temp_dir().join(name);
            if let Err(error) = std::fs::create_dir_all(&folder) {
                return RResult::RErr(Error::from(error).into());
            }
            kept.folder = Some(folder);
        }
        let folder = kept
            .folder
            .as_ref()
            .map(|folder| folder.to_string_lossy().into_owned());
        RResult::ROk(folder.unwrap_or_default().into())
    }

    fn inherited(&self) -> ROption<RVec<u8>> {
        ROption::RNone
    }

    fn metrics(&self) -> RResult<RString, Fault> {
        RResult::ROk("[]".into())
    }

    fn health(&self) -> RResult<RString, Fault> {
        RResult::ROk(r#"{"status":"healthy","checks":[]}"#.into())
    }

    fn process(&self, _what: u32, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        let message = "a unit test has no process to ask";
        RResult::RErr(Error::new(ErrorKind::Refused, message).into())
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn role(&self) -> RString {
        "main".into()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What cannot be removed lies in the system's temporary folder, which is swept.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
