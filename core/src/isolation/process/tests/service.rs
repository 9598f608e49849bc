//! What children ask of their host.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use gaxx_abi::manifest::kind;
use rustix::net::{SendFlags, send};

use super::{
    host::{Bench, counter},
    puppet::Puppet,
    until,
};
use crate::isolation::{
    process::{Cause, Child, Process},
    proxy::Seat,
    wire::{
        Channel, descriptor,
        message::{HostAsk, HostCall, HostTold, Told},
    },
};

struct Stage {
    bench: Arc<Bench>,
    process: Arc<Process>,
    host: Channel,
    _seat: Arc<Seat>,
}

/// A component of number 1, whose host is served by a thread.
fn stage() -> Stage {
    let puppet = Puppet::new(1, |_, _| Some(Told::Done));
    let (bench, child) = (Arc::<Bench>::default(), Child::played(&puppet.process));
    let seat = Seat::take(&child, kind::COLLECTOR, "part", "{}", bench.reference()).unwrap();
    let Puppet {
        process,
        service,
        host,
        ..
    } = puppet;
    let served = Arc::clone(&process);
    thread::spawn(move || {
        let mut service = Some(service);
        while let Some(one) = service.take() {
            let soon = Instant::now() + Duration::from_mins(1);
            let _ = one.channel().wait(soon);
            service = one.step(&served, child.seats());
        }
    });
    Stage {
        bench,
        process,
        host,
        _seat: seat,
    }
}

impl Stage {
    fn tell(&mut self, component: u32, what: HostCall) {
        // It may be cut off already.
        let _ = self.host.send(&HostAsk { component, what }, None);
    }

    fn ask(&mut self, component: u32, what: HostCall) -> HostTold {
        self.tell(component, what);
        self.host.receive(None).unwrap()
    }
}

fn line(message: &str) -> HostCall {
    HostCall::Log {
        level: 2,
        target: "demo".to_owned(),
        message: message.to_owned(),
    }
}

#[test]
fn everything_is_asked_of_the_components_own_host() {
    let mut stage = stage();
    let family = HostCall::Family(Box::new(counter()));
    assert!(matches!(stage.ask(1, family), HostTold::Number(0)));
    let series = |label: &str| HostCall::Series {
        family: 0,
        labels: vec![label.into()].into(),
    };
    assert!(matches!(stage.ask(1, series("a")), HostTold::Number(0)));
    assert!(matches!(stage.ask(1, series("b")), HostTold::Number(1)));
    stage.tell(1, HostCall::Retire(0));
    stage.tell(1, line("hello"));
    assert!(matches!(stage.ask(1, HostCall::Metrics), HostTold::Text(text) if text == "[]"));
    assert!(matches!(stage.ask(1, HostCall::Health), HostTold::Text(text) if text == "{}"));
    let process = HostCall::Process {
        what: 4,
        deadline: 1,
    };
    assert!(matches!(stage.ask(1, process), HostTold::Bytes(bytes) if bytes == [4]));
    let audit = |deadline| HostCall::Audit {
        record: "{}".to_owned(),
        deadline,
    };
    assert!(matches!(stage.ask(1, audit(7)), HostTold::Done));
    // One waits for two seconds at most: others ask on the same socket.
    assert!(matches!(stage.ask(1, audit(u64::MAX)), HostTold::Done));
    let asked = [7, 2_000_000_000].map(|deadline| ("{}".to_owned(), deadline));
    assert_eq!(*stage.bench.audited.lock(), asked);
    let order = "order".to_owned();
    let profile = HostCall::Profile {
        order: order.clone(),
        deadline: u64::MAX,
    };
    assert!(matches!(stage.ask(1, profile), HostTold::Bytes(bytes) if bytes == vec![9; 3 << 20]));
    assert_eq!(*stage.bench.profiled.lock(), Some((order, 5_000_000_000)));
    assert!(
        matches!(stage.ask(1, HostCall::StateFolder), HostTold::Fault(fault) if fault.message == "no folder here")
    );
    assert_eq!(*stage.bench.log.lock(), ["hello"]);
    assert_eq!(*stage.bench.series.lock(), [None, Some("b".to_owned())]);
}

/// What the core keeps of it would keep the helper from seeing its end.
#[test]
fn the_socket_of_a_helper_is_passed_on_and_not_kept() {
    let mut stage = stage();
    let none = stage.ask(1, HostCall::Helper(String::new()));
    assert!(matches!(none, HostTold::Fault(fault) if fault.message == "no such helper"));
    let told = stage.ask(1, HostCall::Helper("keeper".to_owned()));
    assert!(matches!(told, HostTold::Descriptor), "{told:?}");
    let [socket] = descriptor::receive(stage.host.socket()).unwrap().unwrap();
    let mut said = [0; 6];
    UnixStream::from(socket).read_exact(&mut said).unwrap();
    assert_eq!(&said, b"keeper");
    // The socket was dropped just now, and that is the end of it.
    let far = stage.bench.helper.lock().take().unwrap();
    assert_eq!(io::read_to_string(far).unwrap(), "");
    assert_eq!(stage.process.ending(), None);
}

#[test]
fn a_component_that_is_not_there_has_no_host() {
    let mut stage = stage();
    stage.tell(2, line("from nowhere"));
    let told = stage.ask(2, HostCall::Metrics);
    assert!(matches!(told, HostTold::Fault(fault) if fault.message.contains("component 2")));
    assert!(stage.bench.log.lock().is_empty());
    assert_eq!(stage.process.ending(), None);
}

#[test]
fn a_flood_is_cut_off() {
    let mut stage = stage();
    while stage.process.ending().is_none() {
        stage.tell(1, line("again"));
    }
    assert_eq!(stage.process.ending().unwrap().cause, Cause::Flood);
}

#[test]
fn garbage_and_what_is_too_long_is_cut_off() {
    for bytes in [&[2, 0, 0, 0, 0xff, 0xff][..], &[0, 0, 0, 0x7f]] {
        let stage = stage();
        send(stage.host.socket(), bytes, SendFlags::NOSIGNAL).unwrap();
        until(|| stage.process.ending().is_some());
        assert_eq!(stage.process.ending().unwrap().cause, Cause::Protocol);
    }
}

#[test]
fn what_was_logged_before_the_end_is_not_lost() {
    let puppet = Puppet::new(1, |_, _| Some(Told::Done));
    let (bench, child) = (Arc::<Bench>::default(), Child::played(&puppet.process));
    let seat = Seat::take(&child, kind::COLLECTOR, "part", "{}", bench.reference()).unwrap();
    let (process, service, mut host) = (puppet.process, puppet.service, puppet.host);
    for message in ["this", "and that"] {
        let what = line(message);
        host.send(&HostAsk { component: 1, what }, None).unwrap();
    }
    drop(host);
    process.close();
    service.finish(&process, child.seats());
    assert_eq!(*bench.log.lock(), ["this", "and that"]);
    drop(seat);
}
