//! Reloads: what changes is changed, and all else goes on undisturbed.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gaxx_tests::{Monitor, cdylib, wait_until};
use rustix::process::Signal;

use super::{QUICK, ROGUE, Rogue};

const DIRECTORY: &str = "gaxx-example-directory";
const HELLO: &str = "gaxx-example-hello";

impl Rogue {
    /// Puts a configuration in force.
    #[track_caller]
    pub(crate) fn reload(&mut self, config: &str) {
        let reloads = |rogue: &Self| rogue.log_with(&["was read again"]).len();
        let before = reloads(self);
        self.rewrite_config(config);
        self.signal(Signal::HUP);
        wait_until("the reload is over", || reloads(self) > before);
    }
}

#[test]
fn a_setting_takes_effect_for_its_component_and_no_other() {
    let config = |path: &str| {
        format!(
            "plugins: {{rogue: {{interval: 1s}}, directory: {{interval: 1s, paths: [{path:?}]}}}}\n"
        )
    };
    let mut rogue = Rogue::start_with("", &config("/proc/self/task"), &[DIRECTORY]);
    let paths = |rogue: &Rogue| -> Vec<String> {
        let scrape = rogue.metrics();
        let samples = scrape.samples("directory_files").into_iter();
        samples
            .map(|sample| sample.labels["path"].clone())
            .collect()
    };
    wait_until("the first path is shown", || {
        paths(&rogue) == ["/proc/self/task"]
    });
    rogue.wait_calls("calm", 2);
    let calm = rogue.value("rogue_calm_total").unwrap();
    let calls = rogue.calls("calm");

    rogue.reload(&config("/proc/self"));
    wait_until("the second path is shown", || {
        paths(&rogue) == ["/proc/self"]
    });
    assert!(rogue.value("rogue_calm_total").unwrap() >= calm);
    assert!(rogue.calls("calm") >= calls);
}

#[test]
fn single_components_can_be_changed() {
    let mut rogue = Rogue::start("", QUICK);
    rogue.wait_calls("errors", 2);
    rogue.wait_calls("calm", 2);
    let calm = rogue.calls("calm");
    let slower = "    components: {errors: {interval: 1h}, panics: {enabled: false}}\n";
    rogue.reload(&QUICK.replace("health:", &format!("{slower}health:")));
    rogue.wait_state("panics", "disabled");
    wait_until("its metrics are gone", || {
        rogue.value("rogue_panics_total").is_none()
    });
    assert!(rogue.calls("calm") >= calm);
    // It was made anew, is called once at once, and then not for an hour.
    let errors = rogue.calls("errors");
    rogue.wait_calls("calm", 3);
    assert!(rogue.calls("errors") <= errors + 1);
}

#[test]
fn a_plugin_comes_and_goes_with_its_file() {
    let mut rogue = Rogue::start("", QUICK);
    assert_eq!(rogue.get("/hello").status, 404);
    let file = rogue.folder.add(&cdylib(HELLO));
    rogue.reload(QUICK);
    assert_eq!(rogue.plugin("hello").unwrap()["state"], "running");
    assert_eq!(rogue.get("/hello").status, 200);
    fs::remove_file(file).unwrap();
    rogue.reload(QUICK);
    assert!(rogue.plugin("hello").is_none());
    assert_eq!(rogue.get("/hello").status, 404);
    let state = rogue.metrics();
    let state = state.samples("gaxx_plugin_state");
    assert!(
        state
            .iter()
            .all(|sample| sample.labels["plugin"] != "hello")
    );
}

#[test]
fn a_new_version_takes_the_place_of_the_old_one() {
    let mut rogue = Rogue::start("", QUICK);
    rogue.wait_calls("calm", 3);
    let calm = rogue.value("rogue_calm_total").unwrap();
    let old = rogue.plugin("rogue").unwrap()["digest"].clone();
    // Behind all that is read, so that it is another file of the same meaning.
    let mut bytes = fs::read(cdylib(ROGUE)).unwrap();
    bytes.push(0);
    let name = cdylib(ROGUE);
    let name = name.file_name().unwrap().to_str().unwrap();
    rogue.folder.write(name, &bytes, 0o755);
    rogue.reload(QUICK);
    let row = rogue.plugin("rogue").unwrap();
    assert_eq!(row["state"], "running", "{row}");
    assert_ne!(row["digest"], old);
    rogue.wait_calls("calm", 1);
    // Its counters go on.
    assert!(rogue.value("rogue_calm_total").unwrap() >= calm);

    // A bad one is told of, and what runs goes on.
    rogue.folder.write("bad.so", b"text", 0o644);
    rogue.reload(QUICK);
    assert_eq!(rogue.plugin("bad").unwrap()["state"], "failed");
    rogue.wait_calls("calm", 1);
}

#[test]
fn a_plugin_can_be_disabled_and_enabled_again() {
    let mut rogue = Rogue::start("hangs", QUICK);
    rogue.wait_state("hangs", "stuck");
    rogue.reload("plugins: {rogue: {enabled: false}}\n");
    let row = rogue.plugin("rogue").unwrap();
    assert_eq!(row["state"], "disabled", "{row}");
    let names = rogue.metrics().families;
    assert!(
        !names.keys().any(|name| name.starts_with("rogue_")),
        "{names:?}"
    );
    assert_eq!(rogue.get("/rogue/calm").status, 404);
    rogue.tell("");
    rogue.reload(QUICK);
    rogue.wait_state("hangs", "running");
    rogue.wait_calls("calm", 1);
    assert_eq!(rogue.get("/rogue/calm").status, 200);
}

#[test]
fn scrapes_go_on_through_twenty_reloads() {
    const RELOADS: usize = 20;
    let mut rogue = Rogue::start("errors,hangs", QUICK);
    rogue.wait_state("hangs", "stuck");
    let (url, over) = (rogue.base().to_owned(), AtomicBool::new(false));
    let scrapes = thread::scope(|scope| {
        let scraper = scope.spawn(|| scrape_until(&url, &over));
        for number in 1..=RELOADS {
            let slower = format!("    components: {{floods: {{interval: {number}s}}}}\n");
            rogue.reload(&QUICK.replace("health:", &format!("{slower}health:")));
        }
        over.store(true, Ordering::Release);
        scraper.join().unwrap()
    });
    assert!(scrapes > 0);
    assert_eq!(rogue.calls("hangs"), 1);
    rogue.expect_sound();
}

/// Scrapes again and again; each scrape is whole, and what was not changed only grows.
fn scrape_until(url: &str, over: &AtomicBool) -> usize {
    let (mut scrapes, mut calm) = (0, 0.0);
    while !over.load(Ordering::Acquire) {
        let answer = gaxx_tests::Request::new("GET", &format!("{url}/metrics")).send();
        let scrape = gaxx_tests::Exposition::parse(answer.expect(200).text()).unwrap();
        let now = scrape.value("rogue_calm_total", &[]).unwrap();
        assert!(now >= calm, "{now} after {calm}");
        assert!(scrape.value("node_load1", &[]).is_some());
        (scrapes, calm) = (scrapes + 1, now);
    }
    scrapes
}

#[test]
fn the_endpoint_reloads_where_it_is_enabled() {
    let on = "server: {reload_endpoint: true}\n";
    let monitor = Monitor::builder().config(on).start();
    monitor.wait_ready();
    let reload = || monitor.request("POST", "/-/reload").send();
    monitor.rewrite_config(&format!("{on}plugins: {{system: {{enabled: false}}}}\n"));
    let _ = reload().expect(200);
    assert_eq!(monitor.plugin("system").unwrap()["state"], "disabled");
    monitor.rewrite_config(&format!("{on}plugins: {{system: {{enabeld: false}}}}\n"));
    let refused = reload().expect(422).json();
    assert!(
        refused["error"].as_str().unwrap().contains("enabeld"),
        "{refused}"
    );
    assert!(!refused["remedy"].as_str().unwrap().is_empty(), "{refused}");
    assert_eq!(monitor.plugin("system").unwrap()["state"], "disabled");
}
