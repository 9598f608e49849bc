//! What a component asks of its host.

use std::{
    io::{Read, Write},
    os::{fd::AsFd, unix::net::UnixStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use gaxx_abi::{
    FamilySpec, HostRef,
    abi_std::{ROption, RSlice, RString, RVec},
    fault::kind,
    host::level,
};

use super::{
    super::{fault, host::reference, link::HostLink},
    bound, facts,
};
use crate::isolation::{
    helper::owned,
    wire::{
        Channel, descriptor,
        message::{HostAsk, HostCall, HostTold},
    },
};

/// A host, and the core's end of its socket.
fn pair() -> (HostRef, Channel, Arc<AtomicBool>) {
    let (near, far) = descriptor::pair().unwrap();
    let cancelled = Arc::<AtomicBool>::default();
    let link = Arc::new(HostLink::new(far));
    let host = reference(5, facts(), Arc::clone(&cancelled), link);
    (host, Channel::new(near, 1 << 20), cancelled)
}

/// What is asked next, which is component 5's.
fn asked(core: &mut Channel) -> HostCall {
    let HostAsk { component, what } = core.receive(bound()).unwrap();
    assert_eq!(component, 5);
    what
}

/// Makes a call, and answers what it asks; gives that, and what the call gave.
fn during<T: Send>(
    core: &mut Channel,
    told: &HostTold,
    call: impl FnOnce() -> T + Send,
) -> (HostCall, T) {
    thread::scope(|scope| {
        let call = scope.spawn(call);
        let what = asked(core);
        core.send(told, bound()).unwrap();
        (what, call.join().unwrap())
    })
}

#[test]
fn facts_are_known_without_asking() {
    let (host, core, cancelled) = pair();
    drop(core);
    assert_eq!((host.minor(), host.log_level()), (1, 3));
    assert_eq!((&*host.instance(), &*host.role()), ("second", "main"));
    let inherited = RVec::from(vec![1, 2]);
    assert_eq!(host.inherited(), ROption::RSome(inherited));
    assert!(!host.is_cancelled());
    cancelled.store(true, Ordering::Release);
    assert!(host.is_cancelled());
}

#[test]
fn every_question_has_its_answer() {
    let (host, mut core, _) = pair();
    let spec = FamilySpec {
        name: "a".into(),
        help: "".into(),
        unit: "".into(),
        kind: 0,
        labels: RVec::new(),
        bounds: RVec::new(),
        attributes: RVec::new(),
    };
    let (what, family) = during(&mut core, &HostTold::Number(3), || {
        host.family(spec.clone()).into_result()
    });
    assert!(matches!(what, HostCall::Family(asked) if *asked == spec));
    assert_eq!(family, Ok(3));

    let labels = [RString::from("x")];
    let (what, series) = during(&mut core, &HostTold::Number(8), || {
        host.series(3, labels.as_slice().into()).into_result()
    });
    assert!(matches!(what, HostCall::Series { family: 3, labels: asked } if asked == labels));
    assert_eq!(series, Ok(8));

    let text = HostTold::Text("text".into());
    let (what, folder) = during(&mut core, &text, || host.state_folder().into_result());
    assert!(matches!(what, HostCall::StateFolder));
    assert_eq!(folder.unwrap(), "text");
    let (what, metrics) = during(&mut core, &text, || host.metrics().into_result());
    assert!(matches!(what, HostCall::Metrics));
    assert_eq!(metrics.unwrap(), "text");
    let (what, health) = during(&mut core, &text, || host.health().into_result());
    assert!(matches!(what, HostCall::Health));
    assert_eq!(health.unwrap(), "text");

    let (what, process) = during(&mut core, &HostTold::Bytes(vec![1]), || {
        host.process(2, 9).into_result()
    });
    assert!(matches!(
        what,
        HostCall::Process {
            what: 2,
            deadline: 9
        }
    ));
    assert_eq!(process.unwrap(), [1]);

    let (what, written) = during(&mut core, &HostTold::Done, || {
        host.audit("{}".into(), 7).into_result()
    });
    assert!(matches!(what, HostCall::Audit { record, deadline: 7 } if record == "{}"));
    assert_eq!(written, Ok(()));
}

#[test]
fn a_helper_comes_as_a_socket_of_its_own() {
    let (host, mut core, _) = pair();
    thread::scope(|scope| {
        let helper = scope.spawn(|| host.helper("keeper".into()).into_result());
        assert!(matches!(asked(&mut core), HostCall::Helper(name) if name == "keeper"));
        core.send(&HostTold::Descriptor, bound()).unwrap();
        let (near, mut far) = UnixStream::pair().unwrap();
        descriptor::send(core.socket(), &[near.as_fd()]).unwrap();
        drop(near);
        let mut socket = UnixStream::from(owned(helper.join().unwrap().unwrap()));
        socket.write_all(b"x").unwrap();
        drop(socket);
        let mut said = String::new();
        far.read_to_string(&mut said).unwrap();
        assert_eq!(said, "x");
    });
    let refused = HostTold::Fault(fault(kind::UNKNOWN, "no such helper"));
    let (_, helper) = during(&mut core, &refused, || {
        host.helper("x".into()).into_result()
    });
    assert_eq!(helper.unwrap_err().message, "no such helper");
    // A core that ends midway.
    thread::scope(|scope| {
        let helper = scope.spawn(|| host.helper("keeper".into()).into_result());
        asked(&mut core);
        core.send(&HostTold::Descriptor, bound()).unwrap();
        drop(core);
        assert_eq!(helper.join().unwrap().unwrap_err().kind, kind::CANCELLED);
    });
}

#[test]
fn a_refusal_crosses_and_a_confused_answer_is_one() {
    let (host, mut core, _) = pair();
    let refused = HostTold::Fault(fault(kind::LIMIT, "too many"));
    let (_, series) = during(&mut core, &refused, || {
        host.series(1, RSlice::EMPTY).into_result()
    });
    assert_eq!(series.unwrap_err().message, "too many");
    let (_, series) = during(&mut core, &HostTold::Bytes(Vec::new()), || {
        host.series(1, RSlice::EMPTY).into_result()
    });
    assert_eq!(series.unwrap_err().kind, kind::FAILED);
}

#[test]
fn what_has_no_answer_is_not_waited_for() {
    let (host, mut core, _) = pair();
    host.retire(4);
    host.log(level::DEBUG, "t".into(), "nobody would see it".into());
    host.log(level::INFO, "t".into(), "é".repeat(100_000).as_str().into());
    assert!(matches!(asked(&mut core), HostCall::Retire(4)));
    match asked(&mut core) {
        HostCall::Log {
            level,
            target,
            message,
        } => {
            assert_eq!((level, &*target), (level::INFO, "t"));
            assert_eq!(message.chars().count(), 2001);
        }
        other => panic!("{other:?}"),
    }
}

/// Answers find whoever asked, however many ask at once.
#[test]
fn threads_share_the_socket() {
    let (host, mut core, _) = pair();
    thread::scope(|scope| {
        for number in 0..4 {
            let host = &host;
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(host.series(number, RSlice::EMPTY).unwrap(), number);
                }
            });
        }
        for _ in 0..200 {
            let HostCall::Series { family, .. } = asked(&mut core) else {
                panic!("something else was asked");
            };
            core.send(&HostTold::Number(family), bound()).unwrap();
        }
    });
}

#[test]
fn a_host_that_has_gone_is_a_fault() {
    let (host, core, _) = pair();
    drop(core);
    for _ in 0..2 {
        let fault = host.metrics().into_result().unwrap_err();
        assert_eq!(fault.kind, kind::CANCELLED);
        assert_eq!(fault.message, "the program has gone");
    }
    host.log(level::INFO, "t".into(), "unheard".into());
}
