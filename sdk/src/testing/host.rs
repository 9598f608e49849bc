//! A host that keeps what a component tells it.

use std::{
    collections::HashMap,
    os::fd::IntoRawFd,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    FamilySpec, Fault, Host_TO, HostRef, Point,
    abi_std::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
    host::{Host as Abi, level},
    metric::kind,
};

use super::{
    conditions::{Conditions, Facility},
    folder::Folder,
    helper,
    profiles::Profiles,
    samples::{Sample, Samples},
};
use crate::{Error, ErrorKind, Result};

/// Lines of the log that are kept: a component that runs for long does not fill the memory.
const MOST_LINES: usize = 10_000;

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
    /// Records of the audit log, the first [`MOST_LINES`] of them.
    pub(super) audited: Vec<String>,
    pub(super) profiles: Profiles,
    folder: Option<Folder>,
}

#[derive(Debug)]
struct Series {
    family: usize,
    slot: u32,
    labels: Vec<String>,
}

/// The test's side of a host.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestHost(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    conditions: Conditions,
    cancelled: AtomicBool,
}

impl TestHost {
    pub(crate) fn new(conditions: Conditions) -> Self {
        Self(Arc::new(Shared {
            conditions,
            ..Shared::default()
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a call may take, in nanoseconds.
    pub(super) fn time(&self) -> u64 {
        u64::try_from(self.0.conditions.time.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Tells the component that it is being stopped.
    pub(super) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
    }

    fn offer(&self, facility: Facility, what: &str) -> Result<()> {
        if self.0.conditions.refused.contains(&facility) {
            let message = format!("the test's host refuses {what}");
            return Err(Error::new(ErrorKind::Refused, message));
        }
        Ok(())
    }

    fn folder(&self) -> Result<RString> {
        self.offer(Facility::StateFolder, "a state folder")?;
        let mut kept = self.lock();
        if kept.folder.is_none() {
            kept.folder = Some(Folder::new()?);
        }
        let folder = kept.folder.as_ref().map(Folder::path);
        let text = folder.map(|path| path.to_string_lossy().into_owned());
        Ok(text.unwrap_or_default().into())
    }

    fn document(&self, facility: Facility, what: &str, json: &str) -> RResult<RString, Fault> {
        let document = self.offer(facility, what).map(|()| json.into());
        document.map_err(Into::into).into()
    }

    fn tell_of_process(&self, what: u32) -> Result<Vec<u8>> {
        self.offer(Facility::Process, "to tell of the process")?;
        let told = self.0.conditions.process.get(&what).cloned();
        told.ok_or_else(|| {
            Error::new(ErrorKind::Refused, "a unit test has no process to ask")
                .remedy("name an answer with `Conditions::process`")
        })
    }

    pub(crate) fn reference(&self) -> HostRef {
        Host_TO::from_ptr(RArc::new(self.clone()), TD_Opaque)
    }

    /// How many series are registered and not retired.
    pub(crate) fn series_count(&self) -> usize {
        self.lock().series.len()
    }

    /// How many families are registered.
    pub(super) fn family_count(&self) -> usize {
        self.lock().families.len()
    }

    /// Names the numbers that a component handed over.
    pub(crate) fn samples(&self, points: &[Point]) -> Samples {
        let kept = self.lock();
        let values: HashMap<u32, f64> = points.iter().map(|p| (p.slot, p.value)).collect();
        let value = |slot: u32| values.get(&slot).copied();
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
        self.0.conditions.instance.as_str().into()
    }

    fn family(&self, spec: FamilySpec) -> RResult<u32, Fault> {
        if let Err(error) = self.offer(Facility::Families, "families") {
            return RResult::RErr(error.into());
        }
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
        if let Err(error) = self.offer(Facility::Series, "series") {
            return RResult::RErr(error.into());
        }
        let mut kept = self.lock();
        if kept.series.len() >= self.0.conditions.most_series {
            let message = format!("{} series are as many as there may be", kept.series.len());
            return RResult::RErr(Error::new(ErrorKind::Limit, message).into());
        }
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
        let mut kept = self.lock();
        if kept.log.len() < MOST_LINES {
            let message = message.into();
            kept.log.push(LogLine { level, message });
        }
    }

    fn state_folder(&self) -> RResult<RString, Fault> {
        self.folder().map_err(Into::into).into()
    }

    fn inherited(&self) -> ROption<RVec<u8>> {
        let inherited = self.0.conditions.inherited.clone();
        inherited.map(Into::into).into()
    }

    fn metrics(&self) -> RResult<RString, Fault> {
        self.document(Facility::Metrics, "metrics", "[]")
    }

    fn health(&self) -> RResult<RString, Fault> {
        let healthy = r#"{"status":"healthy","checks":[]}"#;
        self.document(Facility::Health, "the health report", healthy)
    }

    fn process(&self, what: u32, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        let told = self.tell_of_process(what).map(RVec::from);
        told.map_err(Into::into).into()
    }

    fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    fn role(&self) -> RString {
        "main".into()
    }

    fn audit(&self, record: RStr<'_>, _deadline: u64) -> RResult<(), Fault> {
        if let Err(error) = self.offer(Facility::Audit, "the audit log") {
            return RResult::RErr(error.into());
        }
        let mut kept = self.lock();
        if kept.audited.len() < MOST_LINES {
            kept.audited.push(record.into());
        }
        RResult::ROk(())
    }

    fn helper(&self, name: RStr<'_>) -> RResult<i32, Fault> {
        let started = self.offer(Facility::Helpers, "helpers");
        let started = started.and_then(|()| helper::start(&name));
        let socket = started.map(|(socket, _)| socket.into_raw_fd());
        socket.map_err(Into::into).into()
    }

    fn select(&self, selector: RStr<'_>, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        let selected = self.offer(Facility::Select, "series").and_then(|()| {
            let known = self.0.conditions.selected.get(selector.as_str());
            Ok(serde_json::to_vec(known.map_or(&[][..], Vec::as_slice))?)
        });
        selected.map(RVec::from).map_err(Into::into).into()
    }

    fn profile(&self, order: RStr<'_>, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        let profile = self.offer(Facility::Profiles, "profiles").and_then(|()| {
            let given = &self.0.conditions.profiles;
            self.lock().profiles.carry_out(&order, given)
        });
        profile.map(RVec::from).map_err(Into::into).into()
    }
}
