//! The dashboard in a real browser.

use std::fs;

use gaxx_tests::{Browser, Monitor, PluginFolder, cdylib, wait_until};
use rustix::process::Signal;
use serde_json::json;

/// A health check of the tests: unhealthy while a file exists, with the file's text as message.
const SWITCH: &str = "gaxx-switch";

#[test]
fn it_opens_and_shows_everything_without_an_error() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    browser.open(&format!("{}/dashboard", monitor.base()));
    browser.wait_attribute("#connection", "data-state", |state| state == "live");
    browser.wait_attribute("#health", "data-status", |status| status != "unknown");
    for tile in ["cpu", "memory", "load"] {
        browser.wait_attribute(&format!("[data-tile={tile}]"), "data-tile", |_| true);
    }
    browser.wait_attribute("[data-plugin=system]", "data-state", |state| {
        state == "running"
    });
    let checks = monitor.checks();
    for check in &checks {
        let name = check["name"].as_str().unwrap();
        browser.wait_attribute(&format!("[data-check={name:?}]"), "data-status", |_| true);
    }

    browser.type_into("#metric-search", "gaxx_uptime_seconds");
    browser.wait_true(
        "const rows = [...document.querySelectorAll('#metric-rows tr')]; \
         return rows.length === 1 && rows[0].innerText.includes('gaxx_uptime_seconds')",
    );

    let errors = browser.console_errors();
    assert!(errors.is_empty(), "{errors:#?}");
    let foreign = browser.run(
        "return performance.getEntriesByType('resource').map(e => e.name) \
         .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))",
        &json!([]),
    );
    assert_eq!(foreign, json!([]), "the page fetched from elsewhere");
}

#[test]
fn its_policy_forbids_foreign_and_inline_code() {
    let monitor = Monitor::builder().start();
    let page = monitor.get("/dashboard");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src"), "{policy}");
    for weak in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*"] {
        assert!(!policy.contains(weak), "{weak} in {policy}");
    }
    assert_eq!(page.header("x-content-type-options"), "nosniff");
}

#[test]
fn it_fits_a_phone_and_follows_the_colour_scheme() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    browser.screen(360, 740);
    browser.open(&format!("{}/dashboard", monitor.base()));
    browser.wait_attribute("#connection", "data-state", |state| state == "live");
    browser.wait_true("return document.querySelectorAll('#metric-rows tr').length > 0");
    browser.wait_true("return document.documentElement.scrollWidth <= innerWidth");
    let background = || {
        browser
            .run(
                "return getComputedStyle(document.body).backgroundColor",
                &json!([]),
            )
            .to_string()
    };
    browser.color_scheme("light");
    let light = background();
    browser.color_scheme("dark");
    wait_until("the page is dark", || background() != light);
}

#[test]
fn it_shows_a_check_going_red_and_escapes_what_the_check_says() {
    const EVIL: &str =
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    let Some(browser) = Browser::require() else {
        return;
    };
    let folder = PluginFolder::new();
    folder.add(&cdylib(SWITCH));
    folder.write(
        "<img src=x onerror=document.title='owned'>.so",
        b"not a library",
        0o755,
    );
    let switch = folder.path().join("switch");
    let monitor = Monitor::builder()
        // A process of its own would not have this environment.
        .config("plugins: {isolation: in-process}\nhealth: {interval: 1s, rise: 1, fall: 1}\n")
        .plugins(folder.path())
        .env("SWITCH_FILE", &switch)
        .start();
    monitor.wait_ready();
    let checks = monitor.checks();
    let mut names = checks.iter().filter_map(|check| check["name"].as_str());
    let name = names.find(|name| name.contains("switch")).unwrap();
    let row = format!("[data-check={name:?}]");
    browser.open(&format!("{}/dashboard", monitor.base()));
    browser.wait_attribute(&row, "data-status", |status| status == "healthy");

    fs::write(&switch, EVIL).unwrap();
    browser.wait_attribute(&row, "data-status", |status| status == "unhealthy");
    browser.wait_attribute("#health", "data-status", |status| status == "unhealthy");
    assert_eq!(monitor.get("/health").status, 503);
    let shown = browser.text(&row).unwrap();
    assert!(shown.contains(EVIL), "{shown}");
    assert!(
        browser
            .text("body")
            .unwrap()
            .contains("<img src=x onerror="),
        "no row of the bad file"
    );
    assert_eq!(browser.count("img"), 0);
    assert_ne!(
        browser.run("return document.title", &json!([])),
        json!("owned")
    );
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "{errors:#?}");

    fs::remove_file(&switch).unwrap();
    browser.wait_attribute(&row, "data-status", |status| status == "healthy");
}

#[test]
fn it_survives_a_restart_of_the_server() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let mut monitor = Monitor::builder().start();
    monitor.wait_ready();
    let address = monitor.address().to_owned();
    browser.open(&format!("http://{address}/dashboard"));
    browser.wait_attribute("#connection", "data-state", |state| state == "live");
    browser.run("window.sameDocument = true", &json!([]));

    monitor.signal(Signal::TERM);
    wait_until("the server has ended", || monitor.exited().is_some());
    browser.wait_attribute("#connection", "data-state", |state| state != "live");
    let _again = Monitor::builder().listen(&address).start();
    browser.wait_attribute("#connection", "data-state", |state| state == "live");
    browser.wait_true("return window.sameDocument === true");
}
