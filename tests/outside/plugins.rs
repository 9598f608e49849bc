//! Plugins from files, beside and instead of the ones linked in.

use std::fs;

use gaxx_tests::{Monitor, PluginFolder, bare_binary, cdylib};

const SYSTEM: &str = "gaxx-system";

#[test]
fn the_bare_core_with_the_library_serves_what_the_shipped_program_serves() {
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib(SYSTEM));
    let bare = Monitor::builder()
        .program(bare_binary())
        .plugins(folder.path())
        .start();
    let shipped = Monitor::builder().start();
    bare.wait_ready();
    shipped.wait_ready();

    let row = bare.plugin("system").unwrap();
    assert_eq!(row["state"], "running", "{row}");
    assert_eq!(row["file"].as_str(), library.to_str(), "{row}");
    assert!(
        row["digest"]
            .as_str()
            .is_some_and(|digest| !digest.is_empty()),
        "{row}"
    );
    assert!(shipped.plugin("system").unwrap()["file"].is_null());

    let machine = |monitor: &Monitor| -> Vec<(String, String)> {
        let families = monitor.metrics().families.into_iter();
        families
            .filter(|(name, _)| name.starts_with("node_"))
            .map(|(name, family)| (name, family.kind))
            .collect()
    };
    assert_eq!(machine(&bare), machine(&shipped));
}

#[test]
fn a_library_that_bears_a_built_ins_name_replaces_it_visibly() {
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib(SYSTEM));
    let monitor = Monitor::builder().plugins(folder.path()).start();
    monitor.wait_ready();
    let rows: Vec<_> = monitor
        .plugins()
        .into_iter()
        .filter(|row| row["name"] == "system")
        .collect();
    let running: Vec<_> = rows
        .iter()
        .filter(|row| row["state"] == "running")
        .collect();
    assert_eq!(running.len(), 1, "{rows:#?}");
    assert_eq!(running[0]["file"].as_str(), library.to_str(), "{rows:#?}");
    assert!(monitor.log_contains("replaces"), "{:?}", monitor.log());
}

#[test]
fn two_libraries_of_one_name_are_both_refused() {
    let folder = PluginFolder::new();
    let files = [
        folder.add_as(&cdylib(SYSTEM), "one.so"),
        folder.add_as(&cdylib(SYSTEM), "two.so"),
    ];
    let monitor = Monitor::builder()
        .program(bare_binary())
        .plugins(folder.path())
        .start();
    monitor.wait_ready();
    let rows = monitor.plugins();
    for file in files {
        let row = rows
            .iter()
            .find(|row| row["file"].as_str() == file.to_str());
        let row = row.unwrap_or_else(|| panic!("no row of {}: {rows:#?}", file.display()));
        assert_eq!(row["state"], "failed", "{row}");
        assert!(
            row["remedy"]
                .as_str()
                .is_some_and(|remedy| !remedy.is_empty()),
            "{row}"
        );
    }
}

#[test]
fn a_file_that_is_no_library_is_a_row_and_a_line_and_the_rest_runs() {
    let folder = PluginFolder::new();
    folder.write("broken.so", b"this is no library", 0o755);
    let monitor = Monitor::builder().plugins(folder.path()).start();
    monitor.wait_ready();
    let rows = monitor.plugins();
    let broken = rows.iter().find(|row| {
        row["file"]
            .as_str()
            .is_some_and(|f| f.ends_with("broken.so"))
    });
    let broken = broken.unwrap_or_else(|| panic!("{rows:#?}"));
    assert_eq!(broken["state"], "failed", "{broken}");
    assert!(
        broken["error"].is_string() && broken["remedy"].is_string(),
        "{broken}"
    );
    assert!(monitor.log_contains("broken.so"), "{:?}", monitor.log());
    assert_eq!(monitor.plugin("system").unwrap()["state"], "running");
}

/// Overwriting a file that is mapped kills whoever mapped it; the core maps a private copy.
#[test]
fn overwriting_a_loaded_library_does_no_harm() {
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib(SYSTEM));
    let monitor = Monitor::builder()
        .program(bare_binary())
        .plugins(folder.path())
        .start();
    monitor.wait_ready();
    let length = usize::try_from(fs::metadata(&library).unwrap().len()).unwrap();
    fs::write(&library, vec![0; length]).unwrap();
    let calls = || monitor.metrics().families.contains_key("node_load1");
    for _ in 0..5 {
        assert!(calls());
    }
}
