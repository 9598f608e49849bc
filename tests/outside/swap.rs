//! Plugins are replaced, added and removed while the program runs.

use std::fs;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gaxx_tests::{Exposition, Monitor, PluginFolder, Request, cdylib, wait_until};
use rustix::process::Signal;
use serde_json::Value;

/// What the library says of itself, and what its copies say in its place.
const BUILT: &[u8] = b"1.0.0-works.n0000";
pub(crate) const FILE: &str = "libgaxx_versions.so";

/// The library as it was built, and where it says its version.
static LIBRARY: LazyLock<(Vec<u8>, Vec<usize>)> = LazyLock::new(|| {
    let bytes = fs::read(cdylib("gaxx-versions")).unwrap();
    let windows = bytes.windows(BUILT.len()).enumerate();
    let places = windows.filter_map(|(at, window)| (window == BUILT).then_some(at));
    let places: Vec<usize> = places.collect();
    assert!(!places.is_empty());
    (bytes, places)
});

/// A copy of the library that behaves as `does`: five letters, see the plugin.
pub(crate) fn library(does: &str, number: usize) -> Vec<u8> {
    let (built, places) = &*LIBRARY;
    let mut bytes = built.clone();
    for at in places {
        bytes[*at..at + BUILT.len()].copy_from_slice(version(does, number).as_bytes());
    }
    bytes
}

pub(crate) fn version(does: &str, number: usize) -> String {
    format!("1.0.0-{does}.n{number:04}")
}

/// The shipped program with the first version of the plugin.
struct Swap {
    folder: PluginFolder,
    monitor: Monitor,
}

impl Deref for Swap {
    type Target = Monitor;

    fn deref(&self) -> &Monitor {
        &self.monitor
    }
}

impl DerefMut for Swap {
    fn deref_mut(&mut self) -> &mut Monitor {
        &mut self.monitor
    }
}

impl Swap {
    /// Starts it with these keys under `plugins` and these at the top.
    #[track_caller]
    fn start(plugins: &str, more: &str) -> Self {
        let folder = PluginFolder::new();
        folder.write(FILE, &library("works", 0), 0o755);
        let monitor = Monitor::builder()
            .plugins(folder.path())
            .config(&format!("plugins: {{{plugins}}}\n{more}"))
            .start();
        monitor.wait_ready();
        Self { folder, monitor }
    }

    /// Puts another version in the place of the last, as tools do: by a rename.
    #[track_caller]
    fn install(&self, does: &str, number: usize) {
        self.folder.write(FILE, &library(does, number), 0o755);
    }

    #[track_caller]
    fn row(&self) -> Value {
        self.plugin("versions").expect("the plugin is there")
    }

    #[track_caller]
    fn wait_version(&self, number: usize) {
        let version = version("works", number);
        wait_until(&format!("{version} has taken over"), || {
            self.row()["version"] == version.as_str()
        });
    }

    /// Waits until something was refused that this is said of, and gives the row.
    #[track_caller]
    fn wait_refused(&self, why: &str) -> Value {
        let mut row = Value::Null;
        wait_until(&format!("the row says {why:?}"), || {
            row = self.row();
            row["error"]
                .as_str()
                .is_some_and(|error| error.contains(why))
        });
        row
    }

    #[track_caller]
    fn value(&self, name: &str) -> f64 {
        self.metrics().value(name, &[]).unwrap()
    }

    #[track_caller]
    fn swaps(&self, outcome: &str) -> f64 {
        let labels = [("outcome", outcome)];
        self.metrics()
            .value("gaxx_plugin_swaps_total", &labels)
            .unwrap()
    }
}

/// Where the code of a plugin may run.
const HOMES: [&str; 2] = ["isolation: in-process", "isolation: process"];

#[test]
fn every_scrape_sees_one_version_and_counters_survive() {
    const SWAPS: usize = 12;
    for home in HOMES {
        let swap = Swap::start(home, "");
        let (url, over) = (swap.base().to_owned(), AtomicBool::new(false));
        let scrapes = thread::scope(|scope| {
            let scraper = scope.spawn(|| scrape_until(&url, &over));
            for number in 1..=SWAPS {
                swap.install("works", number);
                swap.wait_version(number);
                let answer = swap.get("/versions").expect(200);
                assert_eq!(answer.text(), version("works", number));
            }
            over.store(true, Ordering::Release);
            scraper.join().unwrap()
        });
        assert!(scrapes > SWAPS, "{scrapes}");
        assert_eq!(swap.row()["state"], "running", "{}", swap.row());
        assert_eq!(swap.swaps("taken_over"), SWAPS as f64);
        assert_eq!(swap.value("versions_generation"), SWAPS as f64);
        if home == HOMES[0] {
            let superseded = swap.value("gaxx_plugin_superseded_libraries");
            assert_eq!(superseded, SWAPS as f64);
            let size = fs::metadata(swap.folder.path().join(FILE)).unwrap().len();
            let bytes = swap.value("gaxx_plugin_superseded_bytes");
            assert_eq!(bytes, (SWAPS as u64 * size) as f64);
        } else {
            wait_until("what was replaced is gone", || {
                swap.value("gaxx_plugin_superseded_libraries") == 0.0
            });
        }
    }
}

/// Scrapes again and again: each scrape has one version, its values are not late, and the count
/// only grows.
fn scrape_until(url: &str, over: &AtomicBool) -> usize {
    let (mut scrapes, mut count) = (0, 0.0);
    while !over.load(Ordering::Acquire) {
        let answer = Request::new("GET", &format!("{url}/metrics")).send();
        let scrape = Exposition::parse(answer.expect(200).text()).unwrap();
        let versions = scrape.samples("versions_info");
        assert_eq!(versions.len(), 1, "{versions:?}");
        let now = scrape.value("versions_collections_total", &[]).unwrap();
        assert!(now >= count, "{now} after {count}");
        (scrapes, count) = (scrapes + 1, now);
    }
    scrapes
}

#[test]
fn a_broken_version_leaves_the_old_one_and_says_why() {
    for home in HOMES {
        let mut swap = Swap::start(home, "health: {timeout: 1s}\n");
        let digest = swap.row()["digest"].clone();
        let whole = library("works", 1);
        swap.folder.write(FILE, &whole[..whole.len() / 2], 0o755);
        let row = swap.wait_refused("cut off");
        assert_eq!(row["version"], version("works", 0), "{row}");
        let mut broken = vec![
            ("fails", "verdicts: its version says so"),
            ("panic", "panicked"),
            ("hangs", "within 1s"),
        ];
        if home == HOMES[1] {
            broken.push(("abort", "SIGABRT"));
        }
        for (does, why) in broken.iter().copied() {
            swap.install(does, 2);
            let row = swap.wait_refused(why);
            let error = row["error"].as_str().unwrap();
            assert!(error.contains(&version(does, 2)), "{error}");
            let runs = format!("version {} runs on", version("works", 0));
            assert!(error.ends_with(&runs), "{error}");
            assert_eq!(
                (&row["state"], &row["digest"]),
                (&"degraded".into(), &digest)
            );
            assert!(row["remedy"].as_str().unwrap().contains("reload"), "{row}");
            assert_eq!(
                swap.get("/versions").expect(200).text(),
                version("works", 0)
            );
            swap.wait_log(&version(does, 2));
        }
        assert_eq!(swap.swaps("refused"), (1 + broken.len()) as f64);
        let state = [("plugin", "versions"), ("state", "degraded")];
        assert_eq!(swap.metrics().value("gaxx_plugin_state", &state), Some(1.0));

        swap.install("works", 3);
        swap.wait_version(3);
        assert_eq!(swap.row()["state"], "running", "{}", swap.row());
        assert_eq!(swap.row()["error"], Value::Null);
    }
}

#[test]
fn what_is_added_comes_and_what_is_removed_goes() {
    for home in HOMES {
        let swap = Swap::start(home, "");
        assert_eq!(swap.get("/hello").status, 404);
        let hello = swap.folder.add(&cdylib("gaxx-example-hello"));
        wait_until("the added plugin answers", || {
            swap.get("/hello").status == 200
        });
        fs::remove_file(hello).unwrap();
        wait_until("the removed plugin is gone", || {
            swap.plugin("hello").is_none() && swap.get("/hello").status == 404
        });
        assert_eq!(swap.row()["state"], "running");
    }
}

#[test]
fn a_folder_that_comes_later_is_watched_and_one_that_goes_takes_its_plugins() {
    let above = PluginFolder::new();
    let folder = above.path().join("late");
    let monitor = Monitor::builder()
        .plugins(&folder)
        .config("plugins: {isolation: in-process}\n")
        .start();
    monitor.wait_ready();
    for _ in 0..2 {
        // Made whole beside, so that it appears in one step.
        let made = above.path().join("made");
        fs::create_dir(&made).unwrap();
        fs::copy(cdylib("gaxx-example-hello"), made.join("hello.so")).unwrap();
        fs::rename(&made, &folder).unwrap();
        wait_until("the plugin of the new folder answers", || {
            monitor.get("/hello").status == 200
        });
        fs::remove_dir_all(&folder).unwrap();
        wait_until("it goes with its folder", || {
            monitor.plugin("hello").is_none()
        });
    }
}

#[test]
fn folders_that_are_not_watched_are_looked_into_at_a_reload() {
    let mut swap = Swap::start("isolation: in-process, watch: false", "");
    swap.install("works", 1);
    swap.signal(Signal::HUP);
    swap.wait_version(1);
    assert!(!swap.log_contains("plugin folders have changed"));
}

/// A configuration that is wrong at that time is told of and changes nothing.
#[test]
fn a_wrong_configuration_is_not_taken_over_with_a_plugin() {
    let mut swap = Swap::start("isolation: in-process", "");
    swap.rewrite_config("telemetry: {metrics_intervall: 3s}\n");
    swap.install("works", 1);
    swap.wait_log("metrics_intervall");
    assert_eq!(swap.row()["version"], version("works", 0));
    swap.rewrite_config("plugins: {isolation: in-process}\n");
    swap.signal(Signal::HUP);
    swap.wait_version(1);
}

#[test]
fn many_signals_are_few_reloads() {
    const SIGNALS: usize = 50;
    let mut swap = Swap::start("isolation: in-process", "");
    for _ in 0..SIGNALS {
        swap.signal(Signal::HUP);
    }
    swap.wait_log("was read again");
    swap.install("works", 1);
    swap.wait_version(1);
    let reloads = swap
        .log()
        .iter()
        .filter(|line| line.contains("was read again"))
        .count();
    assert!(reloads < SIGNALS / 2, "{reloads}");
}

#[test]
fn replaced_libraries_take_room_until_a_restart() {
    let size = library("works", 0).len();
    let limits = format!(
        "limits: {{max_library_size: {}, max_loaded_size: {}}}\n",
        size + size / 4,
        size * 2 + size / 2
    );
    let swap = Swap::start("isolation: in-process", &limits);
    swap.install("works", 1);
    swap.wait_version(1);
    swap.install("works", 2);
    let row = swap.wait_refused("versions that were replaced");
    assert_eq!(row["version"], version("works", 1), "{row}");
    assert!(
        row["remedy"].as_str().unwrap().contains("restart gaxx-mon"),
        "{row}"
    );
}
