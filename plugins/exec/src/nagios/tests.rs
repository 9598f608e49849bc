#![allow(clippy::unwrap_used)]

use gaxx_sdk::{
    json,
    testing::{CheckTest, check},
};

use super::*;
use crate::script::Script;

fn nagios(lines: &str) -> (Script, CheckTest) {
    let script = Script::new(lines);
    let settings = json!({ "nagios": { "command": [script.path()], "max_series": 20 } });
    let test = check::<Nagios>(settings).unwrap();
    (script, test)
}

#[test]
fn a_plugin_becomes_a_verdict_and_metrics() {
    let (_script, mut test) = nagios(
        "echo \"DISK WARNING - low | time=5ms;10;~:20;0;50 '/ home'=58%;@10:20\"\n\
         echo 'long text | read=7c mem=2KB;;1:'; echo 'fan=900rpm bad'; exit 1",
    );
    let verdict = test.check().unwrap();
    let expected = Verdict::degraded("DISK WARNING - low").detail("output", "long text");
    assert_eq!(verdict, expected);
    let samples = test.samples();
    assert_eq!(
        samples.to_string(),
        r#"nagios_perfdata_bytes{check="nagios",label="mem"} 2000
nagios_perfdata_left_out{check="nagios"} 0
nagios_perfdata_limit_seconds{check="nagios",label="time",limit="max"} 0.05
nagios_perfdata_limit_seconds{check="nagios",label="time",limit="min"} 0
nagios_perfdata_ratio{check="nagios",label="/ home"} 0.58
nagios_perfdata_seconds{check="nagios",label="time"} 0.005
nagios_perfdata_threshold_bytes{check="nagios",label="mem",level="critical",bound="lower",alert="outside"} 1000
nagios_perfdata_threshold_ratio{check="nagios",label="/ home",level="warning",bound="lower",alert="inside"} 0.1
nagios_perfdata_threshold_ratio{check="nagios",label="/ home",level="warning",bound="upper",alert="inside"} 0.2
nagios_perfdata_threshold_seconds{check="nagios",label="time",level="critical",bound="upper",alert="outside"} 0.02
nagios_perfdata_threshold_seconds{check="nagios",label="time",level="warning",bound="lower",alert="outside"} 0
nagios_perfdata_threshold_seconds{check="nagios",label="time",level="warning",bound="upper",alert="outside"} 0.01
nagios_perfdata_total{check="nagios",label="read"} 7
nagios_perfdata_unreadable{check="nagios"} 1
nagios_perfdata_value{check="nagios",label="fan",unit="rpm"} 900
"#
    );
    assert_eq!(samples.findings(), Vec::<String>::new());
}

#[test]
fn statuses_are_those_of_nagios() {
    for (lines, status, message) in [
        ("echo fine", Status::Healthy, "fine"),
        ("echo low; exit 1", Status::Degraded, "low"),
        ("echo gone; exit 2", Status::Unhealthy, "gone"),
        ("echo 'who knows'; exit 3", Status::Unknown, "who knows"),
        ("exit 77", Status::Unknown, "ended with status 77"),
        ("kill -SEGV $$", Status::Unknown, "signal 11 (SIGSEGV)"),
        (r"printf 'caf\351 | a=1'", Status::Healthy, "caf\u{fffd}"),
        ("echo why >&2; exit 2", Status::Unhealthy, "why"),
        ("", Status::Healthy, "printed nothing"),
    ] {
        let (_script, mut test) = nagios(lines);
        let verdict = test.check().unwrap();
        assert_eq!(verdict.status, status, "{lines}");
        assert!(
            verdict.message.contains(message),
            "{lines}: {}",
            verdict.message
        );
    }
}

#[test]
fn items_over_the_limit_are_left_out_and_counted() {
    let (_script, mut test) = nagios("echo '|' $(seq -f 'n%g=1;2' 1 30)");
    test.check().unwrap();
    let samples = test.samples();
    assert_eq!(samples.value("nagios_perfdata_left_out", &[]), Some(24.0));
    let shown = samples
        .iter()
        .filter(|sample| sample.name == "nagios_perfdata_value");
    assert_eq!(shown.count(), 6);
}

#[test]
fn a_run_that_fails_leaves_no_measurement() {
    let (script, mut test) = nagios("echo '|a=1'");
    test.check().unwrap();
    assert_eq!(
        test.samples().value("nagios_perfdata_value", &[]),
        Some(1.0)
    );
    std::fs::remove_file(script.path()).unwrap();
    let error = test.check().unwrap_err();
    assert!(error.to_string().contains("install it"), "{error}");
    assert_eq!(test.samples().value("nagios_perfdata_value", &[]), None);
}

#[test]
fn without_its_key_there_is_no_check() {
    let error = check::<Nagios>(json!({})).err().unwrap();
    assert_eq!(error.message(), "nagios is not set");
}
