//! A child on a thread of this process; the test is the core.
#![allow(clippy::unwrap_used)]

mod endpoints;
mod exchange;
mod host;
mod lines;
mod plugin;
mod profile;

use std::{
    os::fd::AsFd,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use gaxx_abi::Fault;

use super::serve;
use crate::isolation::wire::{
    Channel, WireError, descriptor,
    message::{Ask, Code, Control, HostAsk, HostCall, HostFacts, Make, Told},
};

/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_mins(1);

#[allow(clippy::unnecessary_wraps)] // As channels take it.
fn bound() -> Option<Instant> {
    Some(Instant::now() + BOUND)
}

/// The core's ends of a child.
struct Bench {
    control: Channel,
    host: Channel,
    child: JoinHandle<Result<(), WireError>>,
}

impl Bench {
    fn new() -> Self {
        let (near, far) = descriptor::pair().unwrap();
        let child = thread::spawn(move || serve(far, plugin::load, profile::subject));
        let mut control = Channel::new(near, 1 << 20);
        let (host, theirs) = descriptor::pair().unwrap();
        control.send(&Control::Host, bound()).unwrap();
        descriptor::send(control.socket(), &[theirs.as_fd()]).unwrap();
        Self {
            control,
            host: Channel::new(host, 1 << 20),
            child,
        }
    }

    /// A child that has loaded the plugin.
    fn loaded() -> Self {
        let mut bench = Self::new();
        let mut line = bench.line();
        let told = line.ask(&Ask::Load(Code::Linked("fake".into())));
        assert!(matches!(told, Told::Manifest(_)), "{told:?}");
        bench
    }

    fn line(&mut self) -> Line {
        let (near, far) = descriptor::pair().unwrap();
        self.control.send(&Control::Line, bound()).unwrap();
        descriptor::send(self.control.socket(), &[far.as_fd()]).unwrap();
        Line(Channel::new(near, 1 << 20))
    }

    /// A line with a component that was made and started.
    fn component(&mut self, number: u32, kind: u32, settings: &str) -> Line {
        let mut line = self.line();
        line.done(&make(number, kind, settings));
        line.done(&Ask::Start(3));
        assert_eq!(self.said(), "started within 3");
        line
    }

    /// The next line of the log.
    fn said(&mut self) -> String {
        match self.host.receive(bound()).unwrap() {
            HostAsk {
                what: HostCall::Log { message, .. },
                ..
            } => message,
            other => panic!("{other:?}"),
        }
    }
}

/// The core's end of a line.
struct Line(Channel);

impl Line {
    fn ask(&mut self, ask: &Ask) -> Told {
        self.0.send(ask, bound()).unwrap();
        self.0.receive(bound()).unwrap()
    }

    fn done(&mut self, ask: &Ask) {
        let told = self.ask(ask);
        assert!(matches!(told, Told::Done), "{told:?}");
    }

    /// The numbers that this call gives.
    fn points(&mut self, ask: &Ask) -> Vec<(u32, f64)> {
        match self.ask(ask) {
            Told::Points(points) => points.iter().map(|p| (p.slot, p.value)).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn fault(&mut self, ask: &Ask) -> Fault {
        match self.ask(ask) {
            Told::Fault(fault) => fault,
            other => panic!("{other:?}"),
        }
    }

    fn ends(mut self) -> bool {
        matches!(self.0.receive::<Told>(bound()), Err(WireError::Closed))
    }
}

fn make(number: u32, kind: u32, settings: &str) -> Ask {
    Ask::Make(Box::new(Make {
        component: number,
        kind,
        name: "part".into(),
        settings: settings.into(),
        host: facts(),
    }))
}

fn facts() -> HostFacts {
    HostFacts {
        minor: 1,
        instance: "second".into(),
        role: "main".into(),
        log_level: 3,
        inherited: Some(vec![1, 2]),
    }
}
