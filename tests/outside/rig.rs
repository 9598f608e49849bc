//! The rig itself, without the product: the real programs start, answer and are understood.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use gaxx_tests::{Browser, NodeExporter, Prometheus, check_metrics, require};

#[test]
fn prometheus_scrapes_node_exporter() {
    let Some(prometheus) = require("prometheus") else {
        return;
    };
    let Some(node_exporter) = require("prometheus-node-exporter") else {
        return;
    };
    let node = NodeExporter::start(&node_exporter);
    let prometheus = Prometheus::builder()
        .scrape("node", node.address())
        .start(&prometheus);
    prometheus.wait_up("node", 2);
    let cpus = prometheus.query("count(node_cpu_seconds_total{mode=\"idle\"})");
    assert!(cpus[0].value >= 1.0, "{cpus:?}");
    assert_eq!(prometheus.targets()[0].health, "up");
    assert!(prometheus.try_query("up{").is_err());
    assert!(node.metrics().value("node_load1", &[]).is_some());
}

#[test]
fn promtool_tells_lint_from_what_is_no_metric() {
    let Some(promtool) = require("promtool") else {
        return;
    };
    let good = "# HELP a_bytes Good.\n# TYPE a_bytes gauge\na_bytes 1\n";
    let check = check_metrics(&promtool, good);
    assert!(
        check.errors.is_empty() && check.lints.is_empty(),
        "{check:?}"
    );

    let unusual = "# HELP starts A counter by another name.\n# TYPE starts counter\nstarts 1\n";
    let check = check_metrics(&promtool, unusual);
    assert!(check.errors.is_empty(), "{check:?}");
    assert_eq!(check.lints[0].0, "starts", "{check:?}");

    // The original program wrote such lines.
    let check = check_metrics(&promtool, "{[a=\"x\" b=\"y\"]} 1\n");
    assert!(!check.errors.is_empty(), "{check:?}");
}

#[test]
fn chromium_shows_a_page_and_its_errors() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let url = serve_page(
        "<meta name=viewport content=width=device-width><title>rig</title><p id=a data-x=1>text</p><input id=i>\
         <style>@media (prefers-color-scheme: dark) { body { color: red } }</style>\
         <script>console.error('seen')</script>",
    );
    browser.open(&url);
    assert_eq!(browser.text("#a").as_deref(), Some("text"));
    assert_eq!(browser.attribute("#a", "data-x").as_deref(), Some("1"));
    browser.wait_attribute("#a", "data-x", |value| value == "1");
    browser.type_into("#i", "typed");
    browser.wait_true("return document.querySelector('#i').value === 'typed'");
    browser.color_scheme("dark");
    browser.wait_true("return getComputedStyle(document.body).color === 'rgb(255, 0, 0)'");
    browser.screen(360, 740);
    browser.wait_true("return innerWidth === 360");
    let errors = browser.console_errors();
    assert!(
        errors.iter().any(|error| error.contains("seen")),
        "{errors:?}"
    );
    let picture = tempfile::NamedTempFile::new().unwrap();
    browser.screenshot(picture.path());
    assert!(
        std::fs::read(picture.path())
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

/// Serves one page to whoever comes, until the test process ends.
fn serve_page(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}
