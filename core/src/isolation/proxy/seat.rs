//! A component that lives in a child: made there, and made again in the child after that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gaxx_abi::{
    FamilySpec, Fault, HostRef, Point,
    abi_std::{RString, RVec},
    fault::kind,
};
use parking_lot::{Mutex, MutexGuard};

use super::{
    carry::Carry,
    line::{Limit, Line},
};
use crate::isolation::{
    ENDED,
    process::{Child, Process, fault},
    wire::message::{Ask, HostFacts, Make, Told},
};

/// How long a plugin may take to make a component; as `plugin/make.rs` has it.
const MAKING: Duration = Duration::from_secs(5);
/// How long the component may take that the core waits for without a deadline of its own.
pub(in crate::isolation) const BRIEF: Duration = Duration::from_secs(1);
/// How often a call that is under way looks whether its component is being stopped.
const LOOK: Duration = Duration::from_millis(100);

/// A component's place in its plugin's child.
pub(in crate::isolation) struct Seat {
    child: Arc<Child>,
    /// By this number the child names it to its host.
    number: u32,
    kind: u32,
    name: String,
    settings: String,
    facts: HostFacts,
    host: HostRef,
    carry: Mutex<Carry>,
    place: Mutex<Place>,
    /// The number of the process in which it is there.
    made_in: AtomicU64,
}

/// Where the component is, if it is anywhere.
#[derive(Default)]
struct Place {
    line: Option<Line>,
    /// How long its start may take; nothing where it was not started.
    started: Option<Duration>,
}

impl Seat {
    /// Has the child make a component.
    pub(in crate::isolation) fn take(
        child: &Arc<Child>,
        kind: u32,
        name: &str,
        settings: &str,
        host: HostRef,
    ) -> Result<Arc<Self>, Fault> {
        let facts = HostFacts {
            minor: host.minor(),
            instance: host.instance().into(),
            role: host.role().into(),
            log_level: host.log_level(),
            inherited: None,
        };
        let inherited: Option<Vec<u8>> = host.inherited().into_option().map(Into::into);
        let seat = child.seats().add(|number| Self {
            child: Arc::clone(child),
            number,
            kind,
            name: name.to_owned(),
            settings: settings.to_owned(),
            facts,
            host,
            carry: Mutex::default(),
            place: Mutex::default(),
            made_in: AtomicU64::new(0),
        });
        seat.occupy(inherited.as_deref())?;
        Ok(seat)
    }

    /// Makes the component for the first time.
    ///
    /// Where the process ends meanwhile it is not known whose doing that was: others are made at
    /// the same time. Then each of them is made once more, in the next process and one at a time,
    /// so that one that cannot be made takes no other along.
    fn occupy(&self, inherited: Option<&[u8]>) -> Result<(), Fault> {
        let limit = Limit::new(MAKING);
        let make = |process| {
            self.make(
                &mut self.place.lock(),
                &process,
                inherited.map(<[u8]>::to_vec),
                limit,
            )
        };
        match self.child.process().and_then(make) {
            Err(fault) if fault.kind == ENDED => {
                let alone = self.child.doubtful().try_lock_for(limit.left());
                let _alone = alone.ok_or(fault)?;
                self.child.status().next(limit.until()).and_then(make)
            }
            made => made,
        }
    }

    /// Its number.
    pub(in crate::isolation) fn number(&self) -> u32 {
        self.number
    }

    /// The component's host in the core.
    pub(in crate::isolation) fn host(&self) -> &HostRef {
        &self.host
    }

    /// Calls the component, and passes its answer on with the number of the process that gave it.
    pub(in crate::isolation) fn call(
        &self,
        limit: Limit,
        ask: impl FnOnce(u64, u64) -> Ask,
    ) -> Result<(u64, Told), Fault> {
        let mut place = self.enter(limit)?;
        let process = self.child.process()?;
        let line = self.ready(&mut place, &process, limit)?;
        let number = process.number();
        match self.ask(line, &ask(limit.told(), number), limit) {
            Ok(told) => Ok((number, told)),
            Err(fault) => {
                if process.ending().is_some() {
                    place.line = None;
                }
                Err(fault)
            }
        }
    }

    /// Starts the component, and from then on in every child that takes the place of this one.
    pub(in crate::isolation) fn start(&self, deadline: u64) -> Result<(), Fault> {
        self.done(Limit::of(deadline), |told, _| Ask::Start(told))?;
        self.place.lock().started = Some(Duration::from_nanos(deadline));
        Ok(())
    }

    /// A call that answers points; they are added to those given.
    pub(in crate::isolation) fn measure(
        &self,
        limit: Limit,
        ask: impl FnOnce(u64, u64) -> Ask,
        points: &mut RVec<Point>,
    ) -> Result<(), Fault> {
        match self.call(limit, ask)? {
            (process, Told::Points(told)) => {
                self.give(process, &told, points);
                Ok(())
            }
            _ => Err(self.confused()),
        }
    }

    /// A call that answers nothing.
    pub(in crate::isolation) fn done(
        &self,
        limit: Limit,
        ask: impl FnOnce(u64, u64) -> Ask,
    ) -> Result<(), Fault> {
        match self.call(limit, ask)? {
            (_, Told::Done) => Ok(()),
            _ => Err(self.confused()),
        }
    }

    /// What it leaves to a newer version. One that has none, or whose child is down, leaves
    /// nothing.
    pub(in crate::isolation) fn save(&self, deadline: u64) -> Option<Vec<u8>> {
        let limit = Limit::new(BRIEF.min(Duration::from_nanos(deadline)));
        match self.call(limit, |told, _| Ask::Save(told)) {
            Ok((_, Told::Saved(saved))) => saved,
            Ok(_) => {
                self.confused();
                None
            }
            Err(_) => None,
        }
    }

    /// Stops the component for good. It is not made again.
    pub(in crate::isolation) fn stop(&self, deadline: u64) {
        let limit = Limit::of(deadline);
        self.child.seats().remove(self.number);
        self.made_in.store(0, Ordering::Release);
        let Ok(mut place) = self.enter(limit) else {
            return;
        };
        let Some(line) = place.line.take() else {
            return;
        };
        line.process().cancel(self.number);
        if let Err(fault) = line.call(&Ask::Stop(limit.told()), limit) {
            let (component, message) = (&self.name, fault.message.as_str());
            tracing::debug!(component, "while it was stopped: {message}");
        }
    }

    /// Makes the component in the child's present process, where it is not there yet.
    pub(in crate::isolation) fn revive(&self, process: &Arc<Process>) {
        if self.made_in.load(Ordering::Acquire) == 0 {
            // It never was: who makes it sees to it.
            return;
        }
        let made = self.enter(Limit::new(MAKING)).and_then(|mut place| {
            let limit = Limit::new(MAKING);
            self.ready(&mut place, process, limit).map(drop)
        });
        if let Err(fault) = made {
            let (component, message) = (&self.name, fault.message.as_str());
            tracing::debug!(component, "is not made again yet: {message}");
        }
    }

    /// A line of its own for requests to this endpoint.
    pub(in crate::isolation) fn attach(&self, limit: Limit) -> Result<Line, Fault> {
        let process = self.child.process()?;
        if self.made_in.load(Ordering::Acquire) != process.number() {
            return Err(starting());
        }
        let line = process.line()?;
        match line.call(&Ask::Attach(self.number), limit)? {
            Told::Done => Ok(line),
            _ => Err(process.confused()),
        }
    }

    /// What a call answers that was answered with something else than it asked for.
    pub(in crate::isolation) fn confused(&self) -> Fault {
        match self.child.process() {
            Ok(process) => process.confused(),
            Err(fault) => fault,
        }
    }

    /// Passes points on, so that counters do not go backwards.
    pub(in crate::isolation) fn give(
        &self,
        process: u64,
        told: &[Point],
        points: &mut RVec<Point>,
    ) {
        let mut carry = self.carry.lock();
        points.extend(carry.given(process, told));
    }

    /// Registers a family for the component in this process.
    pub(in crate::isolation) fn family(&self, spec: FamilySpec) -> Result<u32, Fault> {
        let (kind, bounds) = (spec.kind, spec.bounds.len());
        let family = self.host.family(spec).into_result()?;
        self.carry.lock().family(family, kind, bounds);
        Ok(family)
    }

    /// Registers a series for the component in this process. Where there is no room for it, series
    /// go that only a process before had.
    pub(in crate::isolation) fn series(
        &self,
        process: u64,
        family: u32,
        labels: &[RString],
    ) -> Result<u32, Fault> {
        let register = || self.host.series(family, labels.into()).into_result();
        let slot = register().or_else(|fault| {
            let left = self.carry.lock().take_left(process);
            if fault.kind != kind::LIMIT || left.is_empty() {
                return Err(fault);
            }
            for slot in left {
                self.host.retire(slot);
            }
            register()
        })?;
        self.carry.lock().series(process, family, slot);
        Ok(slot)
    }

    /// Forgets a series of the component.
    pub(in crate::isolation) fn retire(&self, slot: u32) {
        self.host.retire(slot);
        self.carry.lock().retire(slot);
    }

    fn enter(&self, limit: Limit) -> Result<MutexGuard<'_, Place>, Fault> {
        let place = self.place.try_lock_for(limit.left());
        place.ok_or_else(starting)
    }

    /// Its line into this process; it is made and started there, if it is not.
    fn ready<'a>(
        &self,
        place: &'a mut Place,
        process: &Arc<Process>,
        limit: Limit,
    ) -> Result<&'a Line, Fault> {
        let is_there = |line: &Line| line.process().number() == process.number();
        if !place.line.as_ref().is_some_and(is_there) {
            self.make(place, process, None, limit)?;
        }
        place.line.as_ref().ok_or_else(starting)
    }

    fn make(
        &self,
        place: &mut Place,
        process: &Arc<Process>,
        inherited: Option<Vec<u8>>,
        limit: Limit,
    ) -> Result<(), Fault> {
        place.line = None;
        let line = process.line()?;
        let make = Make {
            component: self.number,
            kind: self.kind,
            name: self.name.clone(),
            settings: self.settings.clone(),
            host: HostFacts {
                inherited,
                ..self.facts.clone()
            },
        };
        self.ask(&line, &Ask::Make(Box::new(make)), limit)?;
        if let Some(start) = place.started {
            let limit = Limit::new(start);
            self.ask(&line, &Ask::Start(limit.told()), limit)?;
        }
        self.made_in.store(process.number(), Ordering::Release);
        place.line = Some(line);
        Ok(())
    }

    /// Asks, and tells the child when the component is being stopped meanwhile.
    fn ask(&self, line: &Line, ask: &Ask, limit: Limit) -> Result<Told, Fault> {
        let asked = line.ask(ask, &[], limit)?;
        while !asked.wait(LOOK)? {
            if self.host.is_cancelled() {
                line.process().cancel(self.number);
                break;
            }
        }
        asked.told()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.child.seats().remove(self.number);
    }
}

fn starting() -> Fault {
    fault(
        ENDED,
        "its process is being started again",
        "wait some seconds; the log tells how the one before ended",
    )
}
