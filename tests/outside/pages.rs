//! Every path: its status, its type, its methods, its errors.

use gaxx_tests::{Monitor, QUIET, Response};
use serde_json::Value;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The paths of the monitoring listener, and how the type of each begins.
const PATHS: [(&str, &str); 13] = [
    ("/", "text/html"),
    ("/health", "application/json"),
    ("/api/health", "application/json"),
    ("/metrics", TEXT),
    ("/api/metrics", "application/json"),
    ("/api/plugins", "application/json"),
    ("/dashboard", "text/html"),
    ("/dashboard/style.css", "text/css"),
    ("/-/healthy", ""),
    ("/-/ready", ""),
    ("/livez", "text/plain"),
    ("/readyz", "text/plain"),
    ("/startupz", "text/plain"),
];

#[test]
fn every_path_answers_get_and_head_alike() {
    // Whoever runs this may have more load than the check likes.
    let monitor = Monitor::builder().config(QUIET).start();
    monitor.wait_ready();
    for (path, kind) in PATHS {
        let get = monitor.get(path);
        assert_eq!(get.status, 200, "{path}");
        assert!(
            get.header("content-type").starts_with(kind),
            "{path}: {get:?}"
        );
        let head = monitor.request("HEAD", path).send();
        assert_eq!(head.status, 200, "HEAD {path}");
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "HEAD {path}"
        );
        assert!(head.body.is_empty(), "HEAD {path} has a body");
    }
}

#[test]
fn the_type_of_the_scrape_is_exact() {
    let monitor = Monitor::builder().start();
    assert_eq!(monitor.get("/metrics").header("content-type"), TEXT);
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let monitor = Monitor::builder().start();
    for (path, _) in PATHS {
        for method in ["POST", "PUT", "DELETE"] {
            let refused = monitor.request(method, path).send();
            assert_eq!(refused.status, 405, "{method} {path}");
            let mut allowed: Vec<_> = refused.header("allow").split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!(allowed, ["GET", "HEAD"], "{method} {path}");
            assert_remedy(&refused);
        }
    }
}

#[test]
fn an_unknown_path_is_404_with_a_remedy() {
    let monitor = Monitor::builder().start();
    for path in [
        "/nothing",
        "/metrics2",
        "/api",
        "/api/nothing",
        "/-/nothing",
        "/%2e%2e/etc/passwd",
    ] {
        let answer = monitor.get(path).expect(404);
        assert_remedy(&answer);
    }
}

#[test]
fn the_first_page_links_to_all_others() {
    let monitor = Monitor::builder().start();
    let page = monitor.get("/");
    for path in [
        "/health",
        "/api/health",
        "/metrics",
        "/api/metrics",
        "/api/plugins",
        "/dashboard",
        "/-/healthy",
        "/-/ready",
        "/livez",
        "/readyz",
        "/startupz",
    ] {
        assert!(
            page.text().contains(&format!("href=\"{path}\"")),
            "no link to {path}"
        );
    }
}

#[test]
fn health_has_the_original_shape() {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let health = monitor.get("/health");
    let body = health.json();
    let status = body["status"].as_str().unwrap();
    match status {
        "healthy" | "degraded" => assert_eq!(health.status, 200),
        "unhealthy" => assert_eq!(health.status, 503),
        other => panic!("status {other}"),
    }
    assert_time(&body["timestamp"]);
    let checks = body["checks"].as_array().unwrap();
    assert!(!checks.is_empty());
    for check in checks {
        for key in ["name", "status", "message"] {
            assert!(check[key].is_string(), "{key} in {check}");
        }
        assert!(check.get("duration").is_some(), "duration in {check}");
        assert!(
            check.get("last_checked").is_some(),
            "last_checked in {check}"
        );
        assert!(
            check.get("details").is_none_or(Value::is_object),
            "details in {check}"
        );
    }
    assert_eq!(monitor.get("/api/health").status, 200);
}

#[test]
fn plugins_are_listed_with_their_state_and_cost() {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    let system = monitor
        .plugin("system")
        .expect("the system plugin is built in");
    assert_eq!(system["state"], "running", "{system}");
    assert!(system["version"].is_string(), "{system}");
    let components = system["components"].as_array().unwrap();
    assert!(!components.is_empty());
    for component in components {
        for key in ["calls", "failures", "total_seconds", "series"] {
            assert!(component[key].is_number(), "{key} in {component}");
        }
    }
}

#[test]
fn a_foreign_host_is_refused_on_loopback() {
    let monitor = Monitor::builder().start();
    let (_, port) = monitor.address().rsplit_once(':').unwrap();
    for host in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
    ] {
        let answer = monitor
            .request("GET", "/health")
            .header("host", &host)
            .send();
        assert!(
            answer.status == 200 || answer.status == 503,
            "{host}: {}",
            answer.status
        );
    }
    for host in [
        "monitoring.example",
        "127.0.0.1.example:80",
        "localhost.example",
    ] {
        let answer = monitor
            .request("GET", "/metrics")
            .header("host", host)
            .send();
        assert!(
            (400..500).contains(&answer.status),
            "{host}: {}",
            answer.status
        );
        assert_remedy(&answer);
    }
}

#[test]
fn reload_by_http_is_off_unless_enabled() {
    let monitor = Monitor::builder().start();
    let answer = monitor.request("POST", "/-/reload").send();
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    assert_remedy(&answer);
}

#[track_caller]
fn assert_remedy(response: &Response) {
    assert!(
        response
            .header("content-type")
            .starts_with("application/json"),
        "{response:?}"
    );
    let body = response.json();
    for key in ["error", "remedy"] {
        assert!(
            body[key].as_str().is_some_and(|text| !text.is_empty()),
            "{key} in {body}"
        );
    }
}

/// RFC 3339, roughly: `2026-01-31T12:00:00...`.
#[track_caller]
fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_default();
    let shape: String = text
        .chars()
        .take(19)
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00", "{value}");
}
