//! Commands that run once, with plugins that would keep them for ever.

use gaxx_tests::{Monitor, MonitorBuilder, PluginFolder, cdylib};

use super::{IN_PROCESS, ISOLATION, ROGUE};

/// A command with the rogue plugin; the folder must outlive the run.
fn command(name: &str, told: &str) -> (PluginFolder, MonitorBuilder) {
    let folder = PluginFolder::new();
    folder.add(&cdylib(ROGUE));
    folder.write("told", told.as_bytes(), 0o644);
    let config = "plugins: {rogue: {deadline: 1s}}\nhealth: {timeout: 1s}\n";
    let command = Monitor::builder().arg(name).plugins(folder.path());
    let command = command.config(config).env("HOME", folder.path());
    (folder, command.env(ISOLATION, IN_PROCESS))
}

#[test]
fn collect_prints_what_it_has_and_says_what_is_missing() {
    let (_folder, collect) = command("collect", "hangs,panics,raves");
    let outcome = collect.run().expect(1);
    assert!(outcome.stdout.contains("rogue_calm_total"), "{outcome:#?}");
    assert!(outcome.stdout.contains("node_load1"), "{outcome:#?}");
    for (name, text) in [
        ("rogue/hangs", "no answer in time"),
        ("rogue/panics", "told to panic"),
        ("rogue/raves", "<script>"),
    ] {
        let line = outcome.stderr.lines().find(|line| line.starts_with(name));
        assert!(line.is_some_and(|line| line.contains(text)), "{outcome:#?}");
    }
    let plain = |text: &str| !text.contains('\u{1b}');
    assert!(plain(&outcome.stdout) && plain(&outcome.stderr));
}

#[test]
fn check_answers_for_a_check_that_does_not() {
    let (_folder, check) = command("check", "check-hangs");
    let outcome = check.arg("rogue/check-hangs").run().expect(3);
    assert!(
        outcome.stdout.contains("did not return within 1s"),
        "{outcome:#?}"
    );
}

#[test]
fn the_table_of_plugins_tells_of_one_that_cannot_be_made() {
    let (_folder, plugins) = command("plugins", "fails-when-made,panics-when-made");
    let outcome = plugins.run();
    for name in ["fails-when-made", "panics-when-made"] {
        let row = outcome.stdout.lines().find(|line| line.contains(name));
        assert!(
            row.is_some_and(|row| row.contains("failed")),
            "{outcome:#?}"
        );
    }
}
