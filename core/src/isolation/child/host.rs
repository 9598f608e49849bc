//! The host that a component in this child talks to.

use std::{
    os::fd::IntoRawFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    FamilySpec, Fault, Host_TO, HostRef,
    abi_std::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
    host::Host as Abi,
};

use super::link::{HostLink, confused};
use crate::{
    isolation::wire::message::{HostAsk, HostCall, HostFacts, HostTold},
    plugin::text::one_line,
};

/// Letters of a log line and of its source that cross; the log itself shows no more.
const LONGEST_LINE: usize = 2000;
const LONGEST_TARGET: usize = 100;

struct RemoteHost {
    component: u32,
    facts: HostFacts,
    cancelled: Arc<AtomicBool>,
    link: Arc<HostLink>,
}

/// The host of the component of this number.
pub(super) fn reference(
    component: u32,
    facts: HostFacts,
    cancelled: Arc<AtomicBool>,
    link: Arc<HostLink>,
) -> HostRef {
    let host = RemoteHost {
        component,
        facts,
        cancelled,
        link,
    };
    Host_TO::from_ptr(RArc::new(host), TD_Opaque)
}

impl RemoteHost {
    fn ask<T>(
        &self,
        what: HostCall,
        pick: impl FnOnce(HostTold) -> Option<T>,
    ) -> RResult<T, Fault> {
        let asked = self.link.ask(&self.signed(what));
        let picked = asked.and_then(|told| match told {
            HostTold::Fault(fault) => Err(fault),
            told => pick(told).ok_or_else(confused),
        });
        picked.into()
    }

    fn signed(&self, what: HostCall) -> HostAsk {
        HostAsk {
            component: self.component,
            what,
        }
    }
}

#[allow(clippy::needless_pass_by_value)] // As the two below take it.
fn number(told: HostTold) -> Option<u32> {
    match told {
        HostTold::Number(number) => Some(number),
        _ => None,
    }
}

fn text(told: HostTold) -> Option<RString> {
    match told {
        HostTold::Text(text) => Some(text),
        _ => None,
    }
}

fn bytes(told: HostTold) -> Option<RVec<u8>> {
    match told {
        HostTold::Bytes(bytes) => Some(bytes.into()),
        _ => None,
    }
}

#[allow(clippy::needless_pass_by_value)] // As the others take it.
fn done(told: HostTold) -> Option<()> {
    matches!(told, HostTold::Done).then_some(())
}

impl Abi for RemoteHost {
    fn minor(&self) -> u32 {
        self.facts.minor
    }

    fn instance(&self) -> RString {
        self.facts.instance.as_str().into()
    }

    fn family(&self, spec: FamilySpec) -> RResult<u32, Fault> {
        self.ask(HostCall::Family(Box::new(spec)), number)
    }

    fn series(&self, family: u32, labels: RSlice<'_, RString>) -> RResult<u32, Fault> {
        let labels = labels.to_rvec();
        self.ask(HostCall::Series { family, labels }, number)
    }

    fn retire(&self, slot: u32) {
        self.link.tell(&self.signed(HostCall::Retire(slot)));
    }

    fn log_level(&self) -> u32 {
        self.facts.log_level
    }

    fn log(&self, level: u32, target: RStr<'_>, message: RStr<'_>) {
        // What nobody would see does not cross.
        if level > self.facts.log_level {
            return;
        }
        let (target, message) = (
            one_line(&target, LONGEST_TARGET),
            one_line(&message, LONGEST_LINE),
        );
        let line = HostCall::Log {
            level,
            target,
            message,
        };
        self.link.tell(&self.signed(line));
    }

    fn state_folder(&self) -> RResult<RString, Fault> {
        self.ask(HostCall::StateFolder, text)
    }

    fn inherited(&self) -> ROption<RVec<u8>> {
        let inherited = self.facts.inherited.clone();
        inherited.map(RVec::from).into()
    }

    fn metrics(&self) -> RResult<RString, Fault> {
        self.ask(HostCall::Metrics, text)
    }

    fn health(&self) -> RResult<RString, Fault> {
        self.ask(HostCall::Health, text)
    }

    fn process(&self, what: u32, deadline: u64) -> RResult<RVec<u8>, Fault> {
        self.ask(HostCall::Process { what, deadline }, bytes)
    }

    fn audit(&self, record: RStr<'_>, deadline: u64) -> RResult<(), Fault> {
        let record = record.into();
        self.ask(HostCall::Audit { record, deadline }, done)
    }

    fn profile(&self, order: RStr<'_>, deadline: u64) -> RResult<RVec<u8>, Fault> {
        let order = order.into();
        self.ask(HostCall::Profile { order, deadline }, bytes)
    }

    fn select(&self, selector: RStr<'_>, deadline: u64) -> RResult<RVec<u8>, Fault> {
        let selector = selector.into();
        self.ask(HostCall::Select { selector, deadline }, bytes)
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    fn role(&self) -> RString {
        self.facts.role.as_str().into()
    }

    fn helper(&self, name: RStr<'_>) -> RResult<i32, Fault> {
        let asked = self.signed(HostCall::Helper(name.into()));
        let socket = self.link.ask_for_descriptor(&asked);
        socket.map(IntoRawFd::into_raw_fd).into()
    }
}
