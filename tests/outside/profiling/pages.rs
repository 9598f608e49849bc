//! The pages for people: the flame graph and the index, in a real browser.

use std::fs;
use std::thread;

use gaxx_tests::{Browser, Request, Response, target_folder, wait_until};
use serde_json::{Value, json};

use super::{BUSY, CALM, Hot, IN_PROCESS, PROCESS};

/// The box of the function that computes, wherever it was called.
const BURN: &str = ".box[aria-label^=\"gaxx_hot::burn::burn_cycles\"]";

/// Opens a flame graph and waits until it is drawn.
#[track_caller]
fn open_graph(browser: &Browser, hot: &Hot, query: &str) {
    browser.open(&hot.at(&format!("/debug/pprof/flamegraph?{query}")));
    browser.wait_true("return document.querySelectorAll('.box').length > 3");
}

/// Puts a value where the page listens for it, as a choice of the reader's does.
#[track_caller]
fn choose(browser: &Browser, selector: &str, value: &str, event: &str) {
    let script = "const field = document.querySelector(arguments[0]); field.value = arguments[1]; \
         field.dispatchEvent(new Event(arguments[2]));";
    browser.run(script, &json!([selector, value, event]));
}

#[track_caller]
fn click(browser: &Browser, selector: &str) {
    browser.run(
        "document.querySelector(arguments[0]).click()",
        &json!([selector]),
    );
}

/// Has a key do in the focused element what it does.
#[track_caller]
fn press(browser: &Browser, key: &str) {
    let script = "document.activeElement.dispatchEvent(\
         new KeyboardEvent('keydown', { key: arguments[0], bubbles: true, cancelable: true }))";
    browser.run(script, &json!([key]));
}

/// Keeps what is visible for people to look at.
fn keep(browser: &Browser, name: &str) {
    let folder = target_folder().join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    browser.screenshot(&folder.join(format!("{name}.png")));
}

#[track_caller]
fn expect_no_errors(browser: &Browser) {
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "{errors:#?}");
    let foreign = browser.run(
        "return performance.getEntriesByType('resource').map(entry => entry.name) \
         .filter(name => !name.startsWith(location.origin) && !/^(data|blob):/.test(name))",
        &json!([]),
    );
    assert_eq!(foreign, json!([]), "the page fetched from elsewhere");
}

#[test]
fn the_flame_graph_is_drawn_zoomed_and_searched() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let hot = Hot::start(IN_PROCESS, BUSY);
    open_graph(&browser, &hot, "seconds=2");
    browser.wait_attribute(BURN, "aria-level", |level| level != "1");
    let first = browser.text("#top-rows tr:first-child").unwrap();
    assert!(first.contains("gaxx_hot::burn::burn_cycles"), "{first}");
    assert!(first.contains("tests/plugins/hot/src/burn.rs:"), "{first}");
    keep(&browser, "flamegraph-light");

    // Zoomed in, it is as wide as the graph and its callers are above it.
    click(&browser, BURN);
    browser.wait_attribute(BURN, "aria-selected", |selected| selected == "true");
    let width = "const width = (selector) => document.querySelector(selector).getBoundingClientRect().width;";
    browser.wait_true(&format!(
        "{width} return width('{BURN}') > 0.98 * width('#chart')"
    ));
    assert!(browser.text("#crumbs").unwrap().contains("burn_cycles"));
    browser.run(
        "document.querySelector(arguments[0]).focus()",
        &json!([BURN]),
    );
    keep(&browser, "flamegraph-zoomed");
    press(&browser, "Escape");
    browser
        .wait_true("return !document.querySelector('#crumbs').innerText.includes('burn_cycles')");
    press(&browser, "Home");
    press(&browser, "Enter");
    browser.wait_true("return document.querySelectorAll('#crumbs button').length === 1");

    // The slash leads to the search, which says how much it has found.
    press(&browser, "/");
    let focused = browser.run("return document.activeElement.id", &json!([]));
    assert_eq!(focused, json!("search"));
    browser.type_into("#search", "burn_cycles");
    browser.wait_attribute(BURN, "class", |class| class.contains("hit"));
    let found = browser.text("#found").unwrap();
    assert!(found.starts_with("1 function found, with "), "{found}");
    keep(&browser, "flamegraph-search");
    choose(&browser, "#search", "no such function", "input");
    assert_eq!(browser.text("#found").unwrap(), "Nothing found.");
    assert_eq!(browser.count(".box.hit"), 0);
    expect_no_errors(&browser);
}

#[test]
fn samples_of_a_plugin_can_be_looked_at_alone() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let hot = Hot::start(IN_PROCESS, BUSY);
    open_graph(&browser, &hot, "seconds=2");
    choose(&browser, "#plugin", "=hot", "change");
    let label = browser.attribute(".box[aria-level='1']", "aria-label");
    assert_eq!(label.as_deref(), Some("all, 100%"));
    assert!(browser.count(BURN) > 0);
    choose(&browser, "#colour", "plugin", "change");
    let legend = browser.text("#legend").unwrap();
    assert!(legend.starts_with("hot"), "{legend}");
    assert_eq!(browser.count("#legend li"), 1, "{legend}");
    choose(&browser, "#measure", "count", "change");
    assert!(browser.count(BURN) > 0);
    click(&browser, "#flip");
    browser.wait_true(
        "const top = (level) => document.querySelector(`.box[aria-level='${level}']`).getBoundingClientRect().top; \
         return top(1) > top(2)",
    );
    keep(&browser, "flamegraph-flipped");
    expect_no_errors(&browser);
}

#[test]
fn what_is_drawn_can_be_saved() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let hot = Hot::start(IN_PROCESS, CALM);
    hot.have("leak/32");
    open_graph(&browser, &hot, "type=heap");
    browser.wait_attribute(".box[aria-label*='gaxx_hot::leak']", "aria-level", |_| true);
    let first = browser.text("#top-rows").unwrap();
    assert!(first.contains("gaxx_hot::leak::leak_pages"), "{first}");
    let name = browser.attribute("#save", "download").unwrap();
    assert!(
        name.starts_with("heap-") && name.ends_with(".pb.gz"),
        "{name}"
    );
    let link = browser.attribute("#save", "href").unwrap();
    assert!(link.starts_with("blob:"), "{link}");
    keep(&browser, "flamegraph-heap");
    expect_no_errors(&browser);
}

#[test]
fn a_refusal_is_told_and_can_be_tried_again() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let hot = Hot::start(IN_PROCESS, BUSY);
    let profile = hot.at("/debug/pprof/profile?seconds=5");
    thread::scope(|scope| {
        // Who looks whether it is taken may come first himself.
        scope.spawn(|| while Request::new("GET", &profile).send().status == 409 {});
        wait_until("the other profile is taken", || {
            hot.ask("/debug/pprof/profile?seconds=1").status == 409
        });
        browser.open(&hot.at("/debug/pprof/flamegraph?seconds=1"));
        browser.wait_attribute("#taking", "data-state", |state| state == "failed");
        keep(&browser, "flamegraph-refused");
    });
    assert_eq!(browser.count(".box"), 0);
    click(&browser, "#taking-again");
    browser.wait_true("return document.querySelectorAll('.box').length > 3");

    // One that is stopped says so, and is stopped at the server too.
    browser.open(&hot.at("/debug/pprof/flamegraph?seconds=300"));
    browser.wait_attribute("#taking-bar", "value", |_| true);
    click(&browser, "#taking-stop");
    browser.wait_attribute("#taking", "data-state", |state| state == "failed");
    wait_until("it is given up", || {
        hot.ask("/debug/pprof/profile?seconds=1").status == 200
    });
}

#[test]
fn the_pages_fit_a_phone_in_the_dark() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let hot = Hot::start(IN_PROCESS, BUSY);
    browser.screen(360, 740);
    browser.color_scheme("dark");
    open_graph(&browser, &hot, "seconds=1");
    browser.wait_true("return document.documentElement.scrollWidth <= innerWidth");
    keep(&browser, "flamegraph-phone");
    let background = "return getComputedStyle(document.body).backgroundColor";
    let dark = browser.run(background, &json!([]));
    browser.color_scheme("light");
    assert_ne!(browser.run(background, &json!([])), dark);
    browser.open(&hot.at("/debug/pprof/"));
    browser.wait_true("return document.documentElement.scrollWidth <= innerWidth");
    keep(&browser, "profiles-phone");
    expect_no_errors(&browser);
}

#[test]
fn the_index_leads_to_every_profile() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let hot = Hot::start(PROCESS, CALM);
    let index = hot.at("/debug/pprof/");
    browser.open(&index);
    let links = browser.run(
        "return [...document.querySelectorAll('a[href^=\"/debug/\"]')].map(link => link.getAttribute('href'))",
        &json!([]),
    );
    let links = links.as_array().unwrap();
    assert!(links.len() >= 8, "{links:?}");
    for link in links.iter().filter_map(Value::as_str) {
        let answer = hot.ask(link);
        let absent = ["block", "mutex", "trace"]
            .iter()
            .any(|it| link.ends_with(it));
        assert_eq!(answer.status, if absent { 404 } else { 200 }, "{link}");
    }
    // Commands name this server, and a plugin with a process of its own can be chosen.
    let origin = index.strip_suffix("/debug/pprof/").unwrap();
    let text = browser.text("main").unwrap();
    let command = format!("go tool pprof '{origin}/debug/pprof/profile?seconds=30'");
    assert!(text.contains(&command), "{text}");
    assert!(browser.count("option[value=hot]") > 0);
    keep(&browser, "profiles");

    // A form leads to a graph; what is left empty asks for nothing.
    click(&browser, "button[name=type][value=heap]");
    browser.wait_true("return document.querySelectorAll('.box').length > 3");
    let query = browser.run("return location.search", &json!([]));
    assert_eq!(query, json!("?type=heap"));
    expect_no_errors(&browser);
}

#[test]
fn their_policy_forbids_foreign_and_inline_code() {
    let hot = Hot::start(IN_PROCESS, CALM);
    let expect_strict = |page: Response| {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        for weak in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*"] {
            assert!(!policy.contains(weak), "{weak} in {policy}");
        }
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(page.header("content-type").starts_with("text/html"));
    };
    for path in ["/debug/pprof/", "/debug/pprof", "/debug/pprof/flamegraph"] {
        expect_strict(hot.ask(path).expect(200));
        expect_strict(hot.get(path).expect(200));
    }
}
