//! What a component of ABI 1.0 may ask of its host, and nothing more.

use std::sync::{Arc, Mutex, PoisonError};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    FamilySpec, Fault, Host_TO, HostRef, Point,
    abi_std::{RArc, RErr, RNone, ROk, ROption, RResult, RSlice, RStr, RString, RVec},
    fault::kind,
    host::{Host, level},
};

/// Gives each series one slot, and prints series with their values.
#[derive(Clone, Default)]
pub(crate) struct Printer(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    families: Vec<RString>,
    /// Name and labels of the series at each slot.
    series: Vec<String>,
}

impl Printer {
    pub(crate) fn reference(&self) -> HostRef {
        Host_TO::from_ptr(RArc::new(self.clone()), TD_Opaque)
    }

    pub(crate) fn print(&self, points: &[Point]) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for point in points {
            if let Some(series) = kept.series.get(point.slot as usize) {
                println!("{series} {}", point.value);
            }
        }
    }
}

fn refused<T>() -> RResult<T, Fault> {
    RErr(Fault {
        kind: kind::REFUSED,
        message: "this host gives nothing but series".into(),
        remedy: "".into(),
        retry_after: 0,
        attributes: RVec::new(),
    })
}

impl Host for Printer {
    fn minor(&self) -> u32 {
        u32::from(gaxx_abi::MINOR)
    }

    fn instance(&self) -> RString {
        RString::new()
    }

    fn family(&self, spec: FamilySpec) -> RResult<u32, Fault> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.families.push(spec.name);
        ROk(kept.families.len() as u32 - 1)
    }

    fn series(&self, family: u32, labels: RSlice<'_, RString>) -> RResult<u32, Fault> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(name) = kept.families.get(family as usize) else {
            return refused();
        };
        let series = format!("{name} {:?}", labels.join(","));
        kept.series.push(series);
        ROk(kept.series.len() as u32 - 1)
    }

    fn retire(&self, _slot: u32) {}

    fn log_level(&self) -> u32 {
        level::TRACE
    }

    fn log(&self, _level: u32, target: RStr<'_>, message: RStr<'_>) {
        eprintln!("{target}: {message}");
    }

    fn state_folder(&self) -> RResult<RString, Fault> {
        refused()
    }

    fn inherited(&self) -> ROption<RVec<u8>> {
        RNone
    }

    fn metrics(&self) -> RResult<RString, Fault> {
        refused()
    }

    fn health(&self) -> RResult<RString, Fault> {
        refused()
    }

    fn process(&self, _what: u32, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        refused()
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
