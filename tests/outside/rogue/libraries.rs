//! Files in the plugin folder that cannot be loaded.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use gaxx_tests::{Monitor, PluginFolder, cdylib, repository, standalone_cdylib};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;

use super::{ROGUE, expect_explained};

#[test]
fn each_is_one_row_one_line_and_one_count_and_the_rest_runs() {
    let folder = PluginFolder::new();
    let bad = fill(&folder);
    let good = folder.add(&cdylib(ROGUE));
    let monitor = Monitor::builder()
        .plugins(folder.path())
        .config("plugins: {rogue: {interval: 1s}}\n")
        .start();
    monitor.wait_ready();
    let (rows, log, scrape) = (monitor.plugins(), monitor.log(), monitor.metrics());
    for (name, reason) in &bad {
        let path = folder.path().join(name);
        let row = row_of(&rows, &path);
        assert_eq!(row["state"], "failed", "{row}");
        expect_explained(row);
        let shown = row["name"].as_str().unwrap();
        let lines: Vec<_> = log
            .iter()
            .filter(|line| line.contains(&format!("plugin={shown:?}")))
            .collect();
        assert_eq!(lines.len(), 1, "{name}: {log:#?}");
        assert!(
            lines[0].contains("ERROR") && lines[0].contains(&format!("reason={reason:?}")),
            "{name}: {lines:#?}"
        );
        let refused = scrape.value("gaxx_plugin_load_refused_total", &[("reason", reason)]);
        let expected = bad.iter().filter(|(_, other)| other == reason).count();
        assert_eq!(refused, Some(expected as f64), "{reason}");
    }
    assert!(
        log.iter().all(|line| line.starts_with("20")),
        "a forged line: {log:#?}"
    );
    assert_eq!(row_of(&rows, &good)["state"], "running");
    // The broken file bears the name of a built-in, which runs all the same.
    let mut system = rows.iter().filter(|row| row["name"] == "system");
    assert!(system.any(|row| row["file"].is_null() && row["state"] == "running"));
    assert!(scrape.value("node_load1", &[]).is_some());
    assert!(scrape.value("rogue_calm_total", &[]).is_some());
}

#[test]
fn nothing_is_loaded_from_a_folder_that_others_can_write() {
    let folder = PluginFolder::new();
    folder.add(&cdylib(ROGUE));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let monitor = Monitor::builder().plugins(folder.path()).start();
    monitor.wait_ready();
    assert!(monitor.plugin("rogue").is_none());
    let rows = monitor.plugins();
    let row = row_of(&rows, folder.path());
    assert_eq!(row["state"], "failed", "{row}");
    assert!(row["remedy"].as_str().unwrap().contains("chmod"), "{row}");
    let refused = [("reason", "folder_mode")];
    let refused = monitor
        .metrics()
        .value("gaxx_plugin_load_refused_total", &refused);
    assert_eq!(refused, Some(1.0));
}

/// The note tells, not a guess: this one was built so.
#[test]
#[ignore = "compiles a plugin and all it needs once more"]
fn one_that_aborts_on_panics_is_refused() {
    let manifest = repository().join("examples/hello/Cargo.toml");
    let aborts = standalone_cdylib(&manifest, "aborts", &["profile.dev.panic=\"abort\""]);
    let folder = PluginFolder::new();
    let file = folder.add(&aborts);
    let monitor = Monitor::builder().plugins(folder.path()).start();
    let rows = monitor.plugins();
    let row = row_of(&rows, &file);
    assert_eq!(row["state"], "failed", "{row}");
    assert!(row["remedy"].as_str().unwrap().contains("unwind"), "{row}");
}

/// Fills a folder with what cannot be loaded: names, and why.
fn fill(folder: &PluginFolder) -> Vec<(&'static str, &'static str)> {
    let rogue = fs::read(cdylib(ROGUE)).unwrap();
    let note = note(&rogue);
    let path = |name| folder.path().join(name);
    let mut next_abi = rogue.clone();
    next_abi[note + 2] += 1;
    let mut aborts = rogue.clone();
    aborts[note + 6] = 1;
    folder.write("libsystem.so", &rogue[..rogue.len() / 2], 0o644);
    folder.write("empty.so", b"", 0o644);
    folder.write("text.so", b"this is no library\n", 0o644);
    folder.write("foreign.so", &fs::read(libc()).unwrap(), 0o644);
    folder.write("next-abi.so", &next_abi, 0o644);
    folder.write("aborts.so", &aborts, 0o644);
    folder.write("writable.so", &rogue, 0o666);
    folder.write("odd\u{1b}[2J\nERROR forged.so", b"text", 0o644);
    symlink(cdylib(ROGUE), path("link.so")).unwrap();
    fs::create_dir(path("folder.so")).unwrap();
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, path("pipe.so"), FileType::Fifo, mode, 0).unwrap();
    let mut bad = vec![
        ("libsystem.so", "truncated"),
        ("empty.so", "empty"),
        ("text.so", "not_elf"),
        ("foreign.so", "no_note"),
        ("next-abi.so", "wrong_abi"),
        ("aborts.so", "panic_abort"),
        ("writable.so", "mode"),
        ("odd\u{1b}[2J\nERROR forged.so", "not_elf"),
        ("link.so", "link"),
        ("folder.so", "not_regular"),
        ("pipe.so", "not_regular"),
    ];
    // Root reads everything.
    if !rustix::process::geteuid().is_root() {
        folder.write("unreadable.so", &rogue, 0o000);
        bad.push(("unreadable.so", "unreadable"));
    }
    bad
}

/// Where the descriptor of the ABI note lies in a library.
fn note(library: &[u8]) -> usize {
    let head = b"GAXX\0\0\0\0\x01\0\x01\0";
    let mut places = library.windows(head.len());
    places.position(|window| window == head).unwrap() + 8
}

/// The C library that this test runs with.
fn libc() -> String {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    let mut libraries = paths.filter(|path| path.contains("libc.so") || path.contains("libc-"));
    libraries.next().unwrap().to_owned()
}

#[track_caller]
fn row_of<'a>(rows: &'a [Value], file: &Path) -> &'a Value {
    let found = rows
        .iter()
        .find(|row| row["file"].as_str() == file.to_str());
    found.unwrap_or_else(|| panic!("no row of {}: {rows:#?}", file.display()))
}
