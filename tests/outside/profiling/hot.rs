//! Who uses the CPU: a function that is known beforehand is found, with its line and with the plugin
//! and component in whose call it ran.

use std::fs;
use std::ops::RangeInclusive;

use gaxx_tests::{
    GoPprof, Monitor, PluginFolder, Request, Row, cdylib, meanwhile, repository, wait_until,
};

use super::{BUSY, CALM, HOT, Hot, IN_PROCESS, PROCESS};

/// The function that computes.
const BURN: &str = "gaxx_hot::burn::burn_cycles";
const SOURCE: &str = "tests/plugins/hot/src/burn.rs";

/// The lines of that function.
fn lines() -> RangeInclusive<u64> {
    let text = fs::read_to_string(repository().join(SOURCE)).unwrap();
    let mut lines = text.lines().zip(1..);
    let (_, first) = lines
        .find(|(line, _)| line.contains("fn burn_cycles"))
        .unwrap();
    let (_, last) = lines.find(|(line, _)| *line == "}").unwrap();
    first..=last
}

/// Fails unless the function that computes is above all others, in one of its lines.
#[track_caller]
fn expect_burning(go: &GoPprof, source: &str) {
    let functions = go.top(&["-symbolize=none", source]);
    let (first, rest) = functions.split_first().unwrap();
    assert_eq!(first.name, BURN, "{functions:#?}");
    let second = rest.first().map_or(0.0, |row| row.flat_percent);
    assert!(first.flat_percent > 2.0 * second, "{functions:#?}");
    let placed = go.top(&["-symbolize=none", "-lines", source]);
    let place = placed[0].name.strip_prefix(BURN).unwrap();
    let (file, line) = place.trim().rsplit_once(':').unwrap();
    assert!(file.ends_with(SOURCE), "{placed:#?}");
    assert!(lines().contains(&line.parse().unwrap()), "{placed:#?}");
    // The whole stack is there: who called it, to the thread's beginning.
    let called = |name: &str| functions.iter().any(|row| row.name.contains(name));
    assert!(called("gaxx_hot::burn::burn"), "{functions:#?}");
    assert!(called("gaxx_core::plugin"), "{functions:#?}");
}

#[test]
fn the_hot_function_is_on_top_with_its_line() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, BUSY);
    expect_burning(&go, &hot.at("/debug/pprof/profile?seconds=2"));
    // It is the same on the other port, and at other frequencies.
    for query in ["seconds=2&hz=250", "seconds=2&hz=50"] {
        let path = format!("/debug/pprof/profile?{query}");
        let profile = hot.get(&path).expect(200).body;
        expect_burning(&go, &go.file("cpu", &profile));
    }
}

#[test]
fn so_it_is_in_a_process_of_its_own() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(PROCESS, BUSY);
    let of_plugin = go.top(&[
        "-symbolize=none",
        &hot.at("/debug/pprof/profile?seconds=2&plugin=hot"),
    ]);
    assert_eq!(of_plugin[0].name, BURN, "{of_plugin:#?}");
    // The program itself does not burn.
    let of_program = hot.ask("/debug/pprof/profile?seconds=1").expect(200);
    let text = go.run(&["-raw", &go.file("program", &of_program.body)]);
    assert!(!text.contains(BURN), "{text}");
}

/// The parts of all that `-tags` tells of one label: a value's text, and its percentage.
fn parts(tags: &str, label: &str) -> Vec<(String, f64)> {
    let mut lines = tags.lines().map(str::trim);
    let head = format!("{label}: Total ");
    assert!(
        lines.any(|line| line.starts_with(&head)),
        "{label} in {tags}"
    );
    let value = |line: &str| {
        let (amount, value) = line.split_once("): ")?;
        let percent = amount.rsplit_once('(')?.1.trim().trim_end_matches('%');
        Some((value.trim().to_owned(), percent.parse().ok()?))
    };
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(value)
        .collect()
}

#[test]
fn samples_tell_whose_call_it_was() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, BUSY);
    let url = hot.at("/debug/pprof/profile?seconds=3");
    std::thread::scope(|scope| {
        let request = scope.spawn(|| {
            hot.have("burn/1500");
        });
        let file = go.file("cpu", &Request::new("GET", &url).send().expect(200).body);
        request.join().unwrap();
        let tags = go.run(&["-symbolize=none", "-tags", &file]);
        let plugins = parts(&tags, "plugin");
        assert_eq!(plugins[0].0, "hot", "{tags}");
        let components = parts(&tags, "component");
        for name in ["burn", "pages"] {
            let found = components.iter().find(|(value, _)| value == name);
            assert!(found.is_some_and(|(_, percent)| *percent > 10.0), "{tags}");
        }
        // And they can be chosen by it.
        for (focus, expected) in [("component=burn", true), ("component=no-such", false)] {
            let focus = format!("-tagfocus={focus}");
            let raw = go.try_run(&["-symbolize=none", &focus, "-top", &file]);
            assert_eq!(raw.stdout.contains(BURN), expected, "{raw:?}");
        }
        let threads = parts(&tags, "thread");
        assert!(threads.iter().any(|(name, _)| name == "plugin"), "{tags}");
    });
}

/// Threads that a plugin began are its process's, whoever's call they were begun in.
#[test]
fn threads_of_a_plugin_are_sampled() {
    let Some(go) = GoPprof::require() else { return };
    let config = CALM.replace("hot: {", "hot: {workers: 2, ");
    for (isolation, query) in [(IN_PROCESS, ""), (PROCESS, "&plugin=hot")] {
        let hot = Hot::start(isolation, &config);
        let url = hot.at(&format!("/debug/pprof/profile?seconds=2{query}"));
        let file = go.file("cpu", &Request::new("GET", &url).send().expect(200).body);
        let rows = go.top(&["-symbolize=none", &file]);
        assert_eq!(rows[0].name, BURN, "{rows:#?}");
        let tags = go.run(&["-symbolize=none", "-tags", &file]);
        assert_eq!(parts(&tags, "thread")[0].0, "hot-worker", "{tags}");
    }
}

#[test]
fn a_library_that_is_loaded_later_is_known() {
    let Some(go) = GoPprof::require() else { return };
    let folder = PluginFolder::new();
    let monitor = Monitor::builder()
        .plugins(folder.path())
        .env("GAXX_PLUGINS__ISOLATION", IN_PROCESS)
        .start();
    monitor.wait_ready();
    let path = "/debug/pprof/profile?seconds=1";
    assert_eq!(monitor.get(path).status, 200);
    folder.add(&cdylib(HOT));
    wait_until("the plugin runs", || {
        monitor
            .plugin("hot")
            .is_some_and(|row| row["state"] == "running")
    });
    let burn = || drop(monitor.request("POST", "/hot/burn/100").send().expect(200));
    let later = meanwhile(&[&burn], || {
        monitor.get("/debug/pprof/profile?seconds=2").expect(200)
    });
    expect_burning(&go, &go.file("later", &later.body));
}

/// What a stripped library does is still seen: by the library's name, and where.
#[test]
fn a_stripped_library_is_shown_by_its_address() {
    let Some(go) = GoPprof::require() else { return };
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib(HOT));
    let stripped = std::process::Command::new("strip").arg(&library).status();
    assert!(stripped.unwrap().success(), "strip is there wherever cc is");
    let monitor = Monitor::builder()
        .plugins(folder.path())
        .env("GAXX_PLUGINS__ISOLATION", IN_PROCESS)
        .config(BUSY)
        .start();
    monitor.wait_ready();
    let profile = monitor.get("/debug/pprof/profile?seconds=2").expect(200);
    let file = go.file("stripped", &profile.body);
    let rows: Vec<Row> = go.top(&["-symbolize=none", &file]);
    assert_ne!(rows[0].name, BURN);
    assert!(rows[0].flat_percent > 50.0, "{rows:#?}");
    let libraries = go.top(&["-symbolize=none", "-files", &file]);
    println!("{rows:#?} {libraries:#?}");
    let tags = go.run(&["-symbolize=none", "-tags", &file]);
    assert_eq!(parts(&tags, "plugin")[0].0, "hot", "{tags}");
}
