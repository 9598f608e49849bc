//! Plugins and hosts of different versions of the ABI, and of different builds.

mod frozen;

use std::fs;
use std::path::Path;

use gaxx_tests::{Monitor, PluginFolder, cdylib, wait_until};

use frozen::{FEWER, WIDER};

#[test]
fn a_plugin_built_against_abi_1_0_works() {
    works(&frozen::plugin());
}

/// What the compiler does within a library is that library's business.
#[test]
fn a_plugin_built_with_another_profile_works() {
    works(&frozen::optimised_plugin());
}

/// Every component of the frozen plugin does in this host what it did in the first one.
fn works(library: &Path) {
    let folder = PluginFolder::new();
    folder.add(library);
    let config = "plugins: {frozen: {words: still here}}\nexporters: {tally: {interval: 1s}}\n";
    let mut monitor = Monitor::builder()
        .plugins(folder.path())
        .config(config)
        .start();
    monitor.wait_ready();

    let row = monitor.plugin("frozen").unwrap();
    assert_eq!(row["state"], "running", "{row}");
    assert_eq!(row["components"].as_array().unwrap().len(), 4, "{row}");

    let scrape = monitor.metrics();
    let value = |name: &str, labels: &[(&str, &str)]| scrape.value(name, labels);
    assert_eq!(value("frozen_corners", &[("shape", "square")]), Some(4.0));
    assert_eq!(value("frozen_corners", &[("shape", "round")]), Some(0.0));
    assert!(value("frozen_host_minor", &[]).unwrap() >= 1.0);
    assert!(value("frozen_collections_total", &[]).unwrap() >= 1.0);
    assert_eq!(
        value("frozen_size_bytes_bucket", &[("le", "10")]),
        Some(2.0)
    );
    assert_eq!(value("frozen_size_bytes_count", &[]), Some(3.0));
    assert_eq!(value("frozen_size_bytes_sum", &[]), Some(55.5));

    wait_until("the check has been degraded for long enough", || {
        let checks = monitor.checks();
        let check = checks.iter().find(|check| check["name"] == "frozen/mood");
        check.is_some_and(|check| {
            check["status"] == "degraded"
                && check["message"] == "feels old"
                && check["details"].to_string().contains("still here")
        })
    });

    let sent: Vec<u8> = (0..100_000_u32)
        .map(|number| number.to_le_bytes()[0])
        .collect();
    let request = monitor.request("POST", "/frozen/echo?a=b");
    let answer = request.try_send_body(sent.clone()).unwrap().expect(200);
    assert_eq!(answer.header("x-query"), "a=b");
    assert!(answer.body == sent, "the body came back changed");

    let tally = monitor.folder().join("state/plugins/frozen/tally");
    wait_until("the exporter has written what it was given", || {
        fs::read_to_string(&tally).is_ok_and(|text| text.contains("frozen_corners square 4\n"))
    });
    monitor.wait_log("the frozen plugin starts");
}

#[test]
fn a_newer_plugin_runs_in_an_older_host() {
    let library = cdylib("gaxx-role");
    let output = std::process::Command::new(frozen::host())
        .arg(&library)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    // The role came with 1.1: the method that is not there does what its default body does.
    assert!(said.contains("host_abi_minor \"\" 0\n"), "{said}");
    assert!(said.contains("host_role_info \"\" 1\n"), "{said}");

    let folder = PluginFolder::new();
    folder.add(&library);
    let monitor = Monitor::builder().plugins(folder.path()).start();
    monitor.wait_ready();
    let scrape = monitor.metrics();
    assert_eq!(
        scrape.value("host_role_info", &[("role", "main")]),
        Some(1.0)
    );
}

/// Each library is judged by itself, whatever was loaded before it.
#[test]
fn plugins_of_different_minors_work_side_by_side() {
    let (old, new) = (frozen::plugin(), cdylib("gaxx-role"));
    // They are loaded in the order of their files' names.
    for (first, second) in [(&old, &new), (&new, &old)] {
        let folder = PluginFolder::new();
        folder.add_as(first, "first.so");
        folder.add_as(&FEWER, "refused.so");
        folder.add_as(second, "second.so");
        let monitor = Monitor::builder().plugins(folder.path()).start();
        monitor.wait_ready();
        for (name, state) in [
            ("frozen", "running"),
            ("role", "running"),
            ("fewer", "failed"),
        ] {
            let row = monitor.plugin(name).unwrap();
            assert_eq!(row["state"], state, "{row}");
        }
        let scrape = monitor.metrics();
        assert_eq!(
            scrape.value("host_role_info", &[("role", "main")]),
            Some(1.0)
        );
        assert_eq!(
            scrape.value("frozen_host_minor", &[]),
            scrape.value("host_abi_minor", &[])
        );
    }
}

#[test]
fn a_library_of_another_layout_is_refused_with_the_place_of_the_difference() {
    let folder = PluginFolder::new();
    folder.add(&WIDER);
    folder.add(&FEWER);
    folder.add(&cdylib("gaxx-role"));
    let monitor = Monitor::builder().plugins(folder.path()).start();
    monitor.wait_ready();
    for (name, difference) in [
        ("wider", "Point.reserved: type u64 in place of u32"),
        ("fewer", "Host: method log_level in place of retire"),
    ] {
        let row = monitor.plugin(name).unwrap();
        assert_eq!(row["state"], "failed", "{row}");
        let error = row["error"].as_str().unwrap();
        assert!(
            error.ends_with(&format!(
                "its interface differs from this program's: {difference}"
            )),
            "{row}"
        );
        assert_eq!(
            row["remedy"], "build the plugin again with a gaxx-sdk of this ABI",
            "{row}"
        );
    }
    assert_eq!(monitor.plugin("role").unwrap()["state"], "running");
}

#[test]
fn a_library_of_the_next_major_is_refused_unloaded() {
    let mut library = fs::read(frozen::plugin()).unwrap();
    // The owner of the note, then format 1 and major 1.
    let note = b"GAXX\0\0\0\0\x01\0\x01\0";
    let at = library
        .windows(note.len())
        .position(|bytes| bytes == note)
        .unwrap();
    library[at + note.len() - 2] = 2;
    let folder = PluginFolder::new();
    let file = folder.write("next.so", &library, 0o755);
    let monitor = Monitor::builder().plugins(folder.path()).start();
    monitor.wait_ready();
    let rows = monitor.plugins();
    let row = rows
        .iter()
        .find(|row| row["file"].as_str() == file.to_str())
        .unwrap();
    assert_eq!(row["state"], "failed", "{row}");
    let error = row["error"].as_str().unwrap();
    assert!(
        error.contains("it is built for ABI 2, and this gaxx-mon speaks 1"),
        "{row}"
    );
    assert_eq!(row["remedy"], "update gaxx-mon", "{row}");
}
