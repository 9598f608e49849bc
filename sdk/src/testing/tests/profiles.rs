//! What the host of a test tells of the process, and the profiles it gives.

use crate::{
    Deadline, Error, ErrorKind, Process, json,
    prelude::*,
    testing::{Conditions, Facility, TestHost},
};

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(1))
}

fn begin(host: &Host) -> Result<crate::CpuProfile> {
    host.cpu_profile(99, Duration::from_secs(5), Some("hot"), soon())
}

#[test]
fn what_is_asked_is_answered_and_the_rest_refused() {
    let conditions = Conditions::default().process(Process::Build, r#"{"abi":"1.3"}"#);
    let host = conditions.clone().host();
    assert_eq!(
        host.process(Process::Build, soon()).unwrap(),
        br#"{"abi":"1.3"}"#
    );
    let error = host.process(Process::Tasks, soon()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    let deaf = conditions.refusing(Facility::Process).host();
    let error = deaf.process(Process::Build, soon()).unwrap_err();
    assert_eq!(
        error.message(),
        "the test's host refuses to tell of the process"
    );
}

#[test]
fn profiles_are_given_in_turn() {
    let busy = Error::new(ErrorKind::Limit, "busy");
    let conditions = Conditions::default()
        .profile("a")
        .no_profile(busy)
        .profile("b");
    let host = TestHost::new(conditions);
    let handle = Host::new(host.reference());
    assert_eq!(handle.heap_profile(None, soon()).unwrap(), b"a");
    assert_eq!(begin(&handle).unwrap_err().message(), "busy");
    for _ in 0..2 {
        assert_eq!(begin(&handle).unwrap().finish(soon()).unwrap(), b"b");
    }
    let ordered = host.lock().profiles.ordered.clone();
    let cpu = json!({ "cpu": { "hertz": 99, "seconds": 5, "plugin": "hot" } });
    let expected = [
        json!({ "heap": { "plugin": "" } }),
        cpu.clone(),
        cpu.clone(),
        json!({ "finish": 1 }),
        cpu,
        json!({ "finish": 2 }),
    ];
    assert_eq!(ordered, expected);
}

#[test]
fn there_is_one_session_until_it_is_dropped() {
    let host = Conditions::default().profile("a").host();
    let first = begin(&host).unwrap();
    assert_eq!(begin(&host).unwrap_err().kind(), ErrorKind::Limit);
    drop(first);
    assert_eq!(begin(&host).unwrap().finish(soon()).unwrap(), b"a");
}

#[test]
fn a_host_without_profiles_refuses_them() {
    let without = Conditions::default();
    let deaf = Conditions::default()
        .profile("a")
        .refusing(Facility::Profiles);
    for conditions in [without, deaf] {
        let host = conditions.host();
        assert_eq!(begin(&host).unwrap_err().kind(), ErrorKind::Refused);
        let heap = host.heap_profile(None, soon()).unwrap_err();
        assert_eq!(heap.kind(), ErrorKind::Refused);
    }
}
