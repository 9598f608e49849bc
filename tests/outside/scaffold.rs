//! `plugins new`, `build` and `install`: from nothing to a plugin at work, for each kind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use gaxx_tests::{
    BOUND, Monitor, Outcome, PluginFolder, Request, repository, target_folder, wait_for, wait_until,
};
use serde_json::Value;
use tempfile::TempDir;

/// A new crate.
struct Crate {
    /// Goes with the crate.
    place: TempDir,
    name: &'static str,
}

impl Crate {
    /// What `plugins new` makes, with the repository's own versions of what it depends on, so that
    /// nothing is fetched.
    fn new(kind: &str, name: &'static str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut command = gaxx_mon(&["plugins", "new", kind, name, "--sdk"]);
        command.arg(repository().join("sdk"));
        let output = command.arg("--in").arg(place.path()).output().unwrap();
        let said = Outcome::new(&output).expect(0).stdout;
        assert!(said.contains("gaxx-mon plugins build"), "{said}");
        let made = Self { place, name };
        fs::copy(
            repository().join("Cargo.lock"),
            made.folder().join("Cargo.lock"),
        )
        .unwrap();
        made
    }

    fn folder(&self) -> PathBuf {
        self.place.path().join(self.name)
    }

    fn cargo(&self, arguments: &[&str]) {
        let mut cargo = Command::new(env!("CARGO"));
        let output = environment(cargo.args(arguments).current_dir(self.folder()));
        let _ = Outcome::new(&output.output().unwrap()).expect(0);
    }

    /// Tests it, and installs what `plugins build` makes of it into a new folder.
    fn built(&self) -> PluginFolder {
        // They share a target folder, in which dependencies are built once.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        self.cargo(&["fmt", "--check"]);
        self.cargo(&["clippy", "--all-targets", "--", "-D", "warnings"]);
        self.cargo(&["test"]);
        let folder = PluginFolder::new();
        let mut build = gaxx_mon(&["plugins", "build"]);
        let built = environment(build.arg(self.folder())).output().unwrap();
        let built = Outcome::new(&built).expect(0);
        assert!(
            built.stdout.contains(&format!("{} 0.1.0", self.name)),
            "{built:?}"
        );
        let next = built.stdout.lines().last().unwrap_or_default();
        let words: Vec<&str> = next.split(' ').collect();
        let ["Next:", "gaxx-mon", "plugins", "install", library, ..] = words[..] else {
            panic!("{next:?} does not say how to install it");
        };
        let mut install = gaxx_mon(&["plugins", "install", library, "--to"]);
        let installed = install.arg(folder.path()).output().unwrap();
        let _ = Outcome::new(&installed).expect(0);
        folder
    }
}

fn gaxx_mon(arguments: &[&str]) -> Command {
    let mut command = Command::new(gaxx_tests::binary());
    command.args(arguments);
    command
}

/// That of a build: one target folder for all, and no network.
fn environment(command: &mut Command) -> &mut Command {
    command
        .env(
            "CARGO_TARGET_DIR",
            target_folder().join("standalone/scaffold"),
        )
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO", env!("CARGO"))
}

/// Starts a monitor with the library, and waits until it is in order.
fn started(folder: &PluginFolder, name: &str, config: &str) -> Monitor {
    let monitor = Monitor::builder()
        .plugins(folder.path())
        .config(config)
        .start();
    monitor.wait_ready();
    let row = monitor.plugin(name);
    let row = row.unwrap_or_else(|| panic!("no row of {name}: {:?}", monitor.log()));
    assert_eq!(row["state"], "running", "{row}");
    assert!(row["file"].is_string(), "{row}");
    monitor
}

#[test]
fn a_collector_measures() {
    let folder = Crate::new("collector", "folder-files").built();
    let monitor = started(
        &folder,
        "folder-files",
        &format!(
            "plugins: {{ folder-files: {{ folder: {}, ending: .so }} }}\n",
            folder.path().display()
        ),
    );
    let metrics = monitor.metrics();
    assert_eq!(metrics.value("folder_files_files", &[]), Some(1.0));
}

#[test]
fn a_check_judges() {
    let folder = Crate::new("check", "file-watch").built();
    let file = folder.path().join("backup.tar");
    let config = format!(
        "plugins: {{ file-watch: {{ path: {} }} }}\nhealth: {{ interval: 100ms, rise: 1 }}\n",
        file.display()
    );
    let monitor = started(&folder, "file-watch", &config);
    let status = || -> Value {
        let checks = monitor.checks();
        let check = checks
            .into_iter()
            .find(|check| check["name"] == "file-watch");
        check
            .map(|check| check["status"].clone())
            .unwrap_or_default()
    };
    wait_until("the missing file is unhealthy", || status() == "unhealthy");
    fs::write(file, "saved").unwrap();
    wait_until("the file is healthy", || status() == "healthy");
}

#[test]
fn an_exporter_writes() {
    let folder = Crate::new("exporter", "samples-file").built();
    let file = folder.path().join("samples.txt");
    let config = format!(
        "exporters: {{ samples-file: {{ path: {}, interval: 100ms }} }}\n",
        file.display()
    );
    let _monitor = started(&folder, "samples-file", &config);
    let line = wait_for(BOUND, || written(&file).ok_or("no line yet")).unwrap();
    assert!(line.contains("gaxx_uptime_seconds{"), "{line}");
}

/// The line of a metric that is always there.
fn written(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    lines.find(|line| line.contains(" gaxx_uptime_seconds{"))
}

#[test]
fn an_endpoint_answers() {
    let folder = Crate::new("endpoint", "greeter").built();
    let config = "plugins: { greeter: { greeting: Good day } }\n";
    let monitor = started(&folder, "greeter", config);
    let url = format!("{}/greeter/Ada", monitor.base());
    let answer = Request::new("GET", &url).send().expect(200);
    assert_eq!(
        answer.json(),
        serde_json::json!({ "greeting": "Good day, Ada!" })
    );
}

/// The longest name there may be breaks no line of the formatter's.
#[test]
fn a_long_name_leaves_it_formatted() {
    const LONG: &str = "a-name-that-is-as-long-as-names-may-be-which-is-not-short-at-all";
    assert_eq!(LONG.len(), 64);
    for kind in ["collector", "check", "exporter", "endpoint"] {
        let made = Crate::new(kind, LONG);
        made.cargo(&["fmt", "--check"]);
    }
}

#[test]
fn what_cannot_be_made_or_built_is_said() {
    let place = tempfile::tempdir().unwrap();
    let new = |arguments: &[&str]| {
        let mut command = gaxx_mon(&["plugins", "new"]);
        let output = command.args(arguments).current_dir(place.path()).output();
        Outcome::new(&output.unwrap()).expect(1).stderr
    };
    let said = new(&["check", "mine"]);
    assert!(said.contains("not published yet"), "{said}");
    let said = new(&["check", "Mine", "--sdk", "."]);
    assert!(said.contains("lower-case words"), "{said}");
    let said = new(&["check", "mine", "--sdk", "."]);
    assert!(said.contains("the package gaxx-sdk"), "{said}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);

    let build = |manifest: &str, cargo: &str| {
        let folder = place.path().join("crate");
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::write(folder.join("src/lib.rs"), "").unwrap();
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        let mut command = gaxx_mon(&["plugins", "build"]);
        let command = environment(command.arg(&folder)).env("CARGO", cargo);
        Outcome::new(&command.output().unwrap()).expect(1).stderr
    };
    let package = "[package]\nname = \"bare\"\nedition = \"2024\"\n[workspace]\n";
    let said = build(package, "/does/not/exist/cargo");
    assert!(
        said.contains("does not start") && said.contains("rustup"),
        "{said}"
    );
    let said = build(package, env!("CARGO"));
    assert!(said.contains("crate-type"), "{said}");
    let library = format!("{package}[lib]\ncrate-type = [\"cdylib\"]\n");
    let said = build(&library, env!("CARGO"));
    assert!(said.contains("gaxx_sdk::plugin!"), "{said}");
    let said = build("nonsense", env!("CARGO"));
    assert!(said.contains("cargo build failed"), "{said}");
    let empty = gaxx_mon(&["plugins", "build"]).arg(place.path()).output();
    let said = Outcome::new(&empty.unwrap()).expect(1).stderr;
    assert!(said.contains("Cargo.toml cannot be read"), "{said}");
}
