//! Lines: loading, making, calling, ending.

use gaxx_abi::{
    Attribute, Point,
    fault::kind as fault_kind,
    manifest::kind::{COLLECTOR, ENDPOINT, EXPORTER, HEALTH_CHECK},
};
use rustix::net::{SendFlags, send};

use super::{Bench, bound, make};
use crate::isolation::wire::{
    WireError,
    message::{Ask, Code, Control, Described, Export, Told},
};

fn fake() -> Ask {
    Ask::Load(Code::Linked("fake".into()))
}

#[test]
fn a_plugin_is_loaded_once() {
    let mut bench = Bench::new();
    let mut line = bench.line();
    let early = line.fault(&make(1, COLLECTOR, ""));
    assert_eq!(early.message, "no plugin is loaded");
    let refused = line.ask(&Ask::Load(Code::Linked("other".into())));
    assert!(matches!(refused, Told::Refused { .. }), "{refused:?}");
    match line.ask(&fake()) {
        Told::Manifest(manifest) => assert_eq!(manifest.name, "fake"),
        other => panic!("{other:?}"),
    }
    assert_eq!(line.fault(&fake()).message, "the plugin is loaded already");
}

#[test]
fn a_collector_lives_from_make_to_stop() {
    let mut bench = Bench::loaded();
    let mut line = bench.component(4, COLLECTOR, "");
    for deadline in [10_u64, 20] {
        let points = line.points(&Ask::Collect(deadline));
        assert_eq!(points, [(7, deadline as f64), (8, 0.0), (1, 0.0)]);
    }
    match line.ask(&Ask::Save(9)) {
        Told::Saved(Some(state)) => assert_eq!(state, 9_u64.to_le_bytes()),
        other => panic!("{other:?}"),
    }
    bench.control.send(&Control::Cancel(4), bound()).unwrap();
    // Nobody waits for it: it arrives when it does.
    while line.points(&Ask::Collect(1))[1] != (8, 1.0) {}
    line.done(&Ask::Stop(30));
    // It was gone before the stop was answered.
    assert_eq!(bench.said(), "stopped within 30");
    assert_eq!(bench.said(), "dropped, cancelled: true");
    assert!(line.ends());
    bench.component(4, COLLECTOR, "");
}

#[test]
fn a_thread_is_marked_as_in_the_call_that_it_makes() {
    let mut bench = Bench::loaded();
    let mut line = bench.component(1, COLLECTOR, "says whose");
    line.points(&Ask::Collect(1));
    assert_eq!(bench.said(), "in a call of fake/part@second");
}

#[test]
fn a_line_that_ends_drops_its_component() {
    let mut bench = Bench::loaded();
    let line = bench.component(1, COLLECTOR, "");
    drop(line);
    assert_eq!(bench.said(), "dropped, cancelled: true");
}

#[test]
fn faults_cross_and_the_line_goes_on() {
    let mut bench = Bench::loaded();
    let mut line = bench.line();
    let fault = line.fault(&make(1, COLLECTOR, "cannot be made"));
    assert_eq!((fault.kind, &*fault.message), (2, "told not to"));
    // Neither the line nor the number is taken by it.
    line.done(&make(1, COLLECTOR, "fails"));
    let fault = line.fault(&Ask::Collect(1));
    assert_eq!((fault.kind, &*fault.message), (1, "told to fail"));
    let fault = line.fault(&Ask::Check(1));
    assert_eq!(fault.message, "this component has no such call");
    line.done(&Ask::Start(1));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut bench = Bench::loaded();
    let (mut first, mut second) = (bench.line(), bench.line());
    for (ask, message) in [
        (Ask::Collect(1), "this line has no component"),
        (Ask::Stop(1), "this line has no component"),
    ] {
        assert_eq!(bench.line().fault(&ask).message, message);
    }
    let unknown = first.fault(&make(1, 99, ""));
    assert_eq!(unknown.kind, fault_kind::UNKNOWN);
    first.done(&make(1, COLLECTOR, ""));
    let taken = first.fault(&make(2, COLLECTOR, ""));
    assert_eq!(taken.message, "this line is taken");
    let same = second.fault(&make(1, COLLECTOR, ""));
    assert_eq!(same.message, "this component is there already");
    // That did no harm to the first.
    first.done(&Ask::Start(1));
    assert_eq!(
        second.fault(&Ask::Attach(1)).message,
        "there is no such endpoint"
    );
}

#[test]
fn a_check_says_its_verdict_and_its_numbers() {
    let mut bench = Bench::loaded();
    let mut line = bench.component(1, HEALTH_CHECK, "");
    match line.ask(&Ask::Check(5)) {
        Told::Verdict(verdict, points) => {
            assert_eq!((verdict.status, &*verdict.message), (1, "checked within 5"));
            assert_eq!(points.as_slice(), [Point::new(1, 0.0)]);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(line.ask(&Ask::Save(1)), Told::Saved(None)));
}

fn export(described: bool) -> Ask {
    let described = described.then(|| Described {
        resource: vec![Attribute {
            name: "host".into(),
            value: "".into(),
        }],
        families: Vec::new(),
        series: Vec::new(),
    });
    let export = Export {
        time: 5,
        generation: 2,
        described,
        points: vec![Point::new(1, 2.0); 3],
    };
    Ask::Export(Box::new(export), 1)
}

#[test]
fn an_exporter_is_told_the_descriptions_with_each_batch() {
    let mut bench = Bench::loaded();
    let mut line = bench.component(1, EXPORTER, "");
    line.fault(&export(false));
    for described in [true, false] {
        assert_eq!(line.points(&export(described)), [(1, 0.0)]);
        assert_eq!(bench.said(), r#"["host"] with 3 points at 5 of 2"#);
    }
    assert_eq!(line.points(&Ask::Flush(1)), [(1, 0.0)]);
}

#[test]
fn numbers_can_be_asked_for_after_a_fault() {
    let mut bench = Bench::loaded();
    let mut lines = Vec::new();
    for kind in [HEALTH_CHECK, EXPORTER, ENDPOINT] {
        let mut line = bench.component(kind, kind, "fails");
        let ask = if kind == EXPORTER {
            export(true)
        } else {
            Ask::Check(1)
        };
        line.fault(&ask);
        assert_eq!(line.points(&Ask::Points), [(1, 0.0)]);
        // A line that ends would say so in the log.
        lines.push(line);
        if kind == EXPORTER {
            bench.said();
        }
    }
}

#[test]
fn garbage_ends_a_line_and_no_other() {
    let mut bench = Bench::loaded();
    let (mut good, bad) = (bench.line(), bench.line());
    let frame = [2, 0, 0, 0, 0xff, 0xff];
    send(bad.0.socket(), &frame, SendFlags::NOSIGNAL).unwrap();
    assert!(bad.ends());
    good.done(&make(1, COLLECTOR, ""));
}

#[test]
fn the_end_of_the_control_socket_is_the_end() {
    let Bench {
        control,
        host: _host,
        child,
    } = Bench::loaded();
    drop(control);
    assert!(matches!(child.join().unwrap(), Err(WireError::Closed)));
}

#[test]
fn the_host_socket_comes_first_and_once() {
    let mut bench = Bench::new();
    bench.control.send(&Control::Host, bound()).unwrap();
    let error = bench.child.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("first, and once"), "{error}");
}
