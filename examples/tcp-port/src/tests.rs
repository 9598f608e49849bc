#![allow(clippy::unwrap_used)]

use std::net::TcpListener;

use gaxx_sdk::{json, testing};

use super::*;

#[test]
fn an_open_port_is_healthy_and_timed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let mut check =
        testing::check::<TcpPort>(json!({ "target": target, "slow_after": "1h" })).unwrap();
    let verdict = check.check().unwrap();
    assert_eq!(verdict.status, Status::Healthy, "{}", verdict.message);
    let samples = check.samples();
    let took = samples.value("tcp_port_connect_seconds", &[("target", &target)]);
    assert!(took.unwrap() > 0.0);
    assert_eq!(samples.findings(), Vec::<String>::new());
}

#[test]
fn a_slow_port_is_degraded() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let mut check =
        testing::check::<TcpPort>(json!({ "target": target, "slow_after": "0s" })).unwrap();
    let verdict = check.check().unwrap();
    assert_eq!(verdict.status, Status::Degraded, "{}", verdict.message);
}

#[test]
fn a_closed_port_is_unhealthy_and_has_no_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut check = testing::check::<TcpPort>(json!({ "target": target })).unwrap();
    let verdict = check.check().unwrap();
    assert_eq!(verdict.status, Status::Unhealthy);
    assert!(verdict.message.starts_with(&target), "{}", verdict.message);
    assert_eq!(check.samples().iter().count(), 0);
}

#[test]
fn a_wrong_setting_is_named() {
    let error = testing::check::<TcpPort>(json!({ "slow_after": 5 })).unwrap_err();
    assert!(error.message().starts_with("slow_after: "), "{error}");
}

#[test]
fn it_complies() {
    testing::comply("tcp-port").assert();
}
