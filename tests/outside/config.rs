//! `check-config`: everything that is wrong, at once, where it stands, with a suggestion.

use gaxx_tests::{BOUND, Monitor, Outcome};

fn check(config: &str) -> Outcome {
    Monitor::builder().arg("check-config").config(config).run()
}

#[test]
fn the_seeds_section_is_valid_as_typed() {
    let outcome = check(
        "telemetry:\n  enabled: true\n  otlp_endpoint: \"\"  # Optional OTLP endpoint\n  \
         monitoring_port: 9090  # Monitoring dashboard port\n  \
         metrics_interval: 30   # Metrics collection interval\n",
    );
    let _ = outcome.expect(0);
    let _ = check("").expect(0);
}

#[test]
fn an_unknown_key_is_found_with_its_place_and_the_nearest_right_one() {
    let said = check("telemetry:\n  enabled: true\n  monitoring_prt: 9090\n")
        .expect(1)
        .said();
    assert!(said.contains("config.yaml:3:3"), "{said}");
    assert!(said.contains("monitoring_prt"), "{said}");
    assert!(said.contains("monitoring_port"), "{said}");
}

#[test]
fn all_faults_are_said_at_once() {
    let config = "telemetri:\n  enabled: true\ntelemetry:\n  enabled: perhaps\n  \
                  monitoring_port: 99999\n  metrics_interval: soon\n";
    let said = check(config).expect(1).said();
    for place in [
        "config.yaml:1:",
        "config.yaml:4:",
        "config.yaml:5:",
        "config.yaml:6:",
    ] {
        assert!(said.contains(place), "no {place} in {said}");
    }
    assert!(
        said.contains("telemetri") && said.contains("monitoring_port"),
        "{said}"
    );
}

#[test]
fn what_is_no_yaml_is_said_with_its_place() {
    let said = check("telemetry:\n  enabled: [true\n").expect(1).said();
    assert!(said.contains("config.yaml:"), "{said}");
}

#[test]
fn a_plugins_own_section_is_checked_against_its_schema() {
    let said = check("plugins:\n  system:\n    no_such_setting: 1\n")
        .expect(1)
        .said();
    assert!(
        said.contains("config.yaml:3:") && said.contains("no_such_setting"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let outcome = Monitor::builder()
        .arg("check-config")
        .arg("--config")
        .arg("absent.yaml")
        .run();
    let said = outcome.expect(1).said();
    assert!(said.contains("absent.yaml"), "{said}");
}

#[test]
fn a_broken_configuration_stops_the_start() {
    let mut monitor = Monitor::builder()
        .config("telemetry:\n  enabeld: true\n")
        .launch();
    assert_ne!(monitor.wait_exit(BOUND).code(), Some(0));
    let said = monitor.log().join("\n");
    assert!(said.contains("config.yaml:2:3"), "{said}");
    assert!(said.contains("enabled"), "{said}");
}

#[test]
fn secrets_do_not_come_back_in_errors() {
    let config = "telemetry:\n  otlp_endpoint: [\"http://user:hunter2@host\"]\n";
    let said = check(config).expect(1).said();
    assert!(!said.contains("hunter2"), "{said}");
}
