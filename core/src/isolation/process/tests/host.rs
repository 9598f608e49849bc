//! The host of a component, as the core would have it.

use std::{
    io::Write,
    os::{fd::IntoRawFd, unix::net::UnixStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    FamilySpec, Fault, Host_TO, HostRef,
    abi_std::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
    fault::kind,
    host::Host,
    metric,
};
use parking_lot::Mutex;

use crate::isolation::process::fault;

/// The most series, so that a test can reach it.
const SERIES: usize = 3;

/// What the core knows of a component.
#[derive(Default)]
pub(super) struct Bench {
    /// Labels of series, each of one slot; nothing where it was retired.
    pub(super) series: Mutex<Vec<Option<String>>>,
    pub(super) log: Mutex<Vec<String>>,
    pub(super) cancelled: AtomicBool,
    /// Records for the audit log, and their deadlines.
    pub(super) audited: Mutex<Vec<(String, u64)>>,
    /// The last order of a profile, and its deadline.
    pub(super) profiled: Mutex<Option<(String, u64)>>,
    /// The far end of the last helper's socket.
    pub(super) helper: Mutex<Option<UnixStream>>,
}

struct Handle(Arc<Bench>);

impl Bench {
    pub(super) fn reference(self: &Arc<Self>) -> HostRef {
        Host_TO::from_ptr(RArc::new(Handle(Arc::clone(self))), TD_Opaque)
    }

    fn series(&self, labels: &str) -> Result<u32, Fault> {
        let mut all = self.series.lock();
        let known = all.iter().position(|one| one.as_deref() == Some(labels));
        let slot = match known {
            Some(slot) => slot,
            None if all.iter().flatten().count() < SERIES => {
                all.push(Some(labels.to_owned()));
                all.len() - 1
            }
            None => return Err(fault(kind::LIMIT, "too many series", "")),
        };
        Ok(u32::try_from(slot).unwrap())
    }
}

/// A family of counters with one label.
pub(super) fn counter() -> FamilySpec {
    FamilySpec {
        name: "demo_total".into(),
        help: "Counts.".into(),
        unit: "".into(),
        kind: metric::kind::COUNTER,
        labels: vec!["what".into()].into(),
        bounds: RVec::new(),
        attributes: RVec::new(),
    }
}

impl Host for Handle {
    fn minor(&self) -> u32 {
        1
    }

    fn instance(&self) -> RString {
        "second".into()
    }

    fn family(&self, _: FamilySpec) -> RResult<u32, Fault> {
        RResult::ROk(0)
    }

    fn series(&self, _: u32, labels: RSlice<'_, RString>) -> RResult<u32, Fault> {
        self.0.series(labels.first().unwrap()).into()
    }

    fn retire(&self, slot: u32) {
        self.0.series.lock()[slot as usize] = None;
    }

    fn log_level(&self) -> u32 {
        3
    }

    fn log(&self, _: u32, _: RStr<'_>, message: RStr<'_>) {
        self.0.log.lock().push(message.into());
    }

    fn state_folder(&self) -> RResult<RString, Fault> {
        RResult::RErr(fault(kind::REFUSED, "no folder here", ""))
    }

    fn inherited(&self) -> ROption<RVec<u8>> {
        ROption::RSome(vec![7].into())
    }

    fn metrics(&self) -> RResult<RString, Fault> {
        RResult::ROk("[]".into())
    }

    fn health(&self) -> RResult<RString, Fault> {
        RResult::ROk("{}".into())
    }

    fn process(&self, what: u32, _: u64) -> RResult<RVec<u8>, Fault> {
        RResult::ROk(vec![u8::try_from(what).unwrap()].into())
    }

    fn audit(&self, record: RStr<'_>, deadline: u64) -> RResult<(), Fault> {
        self.0.audited.lock().push((record.into(), deadline));
        RResult::ROk(())
    }

    fn profile(&self, order: RStr<'_>, deadline: u64) -> RResult<RVec<u8>, Fault> {
        *self.0.profiled.lock() = Some((order.into(), deadline));
        RResult::ROk(vec![9; 3 << 20].into())
    }

    fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    fn role(&self) -> RString {
        "main".into()
    }

    /// The near end of a socket, on whose far end the name is said; that stays here.
    fn helper(&self, name: RStr<'_>) -> RResult<i32, Fault> {
        if name.is_empty() {
            return RResult::RErr(fault(kind::UNKNOWN, "no such helper", ""));
        }
        let (near, mut far) = UnixStream::pair().unwrap();
        far.write_all(name.as_bytes()).unwrap();
        *self.0.helper.lock() = Some(far);
        RResult::ROk(near.into_raw_fd())
    }
}
