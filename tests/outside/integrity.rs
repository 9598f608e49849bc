//! Which libraries are loaded where the configuration says whom to trust, and the commands that
//! verify and install them.

use std::fs;
use std::path::{Path, PathBuf};

use gaxx_tests::{Monitor, MonitorBuilder, Outcome, PluginFolder, cdylib, require};
use minisign::KeyPair;
use serde_json::Value;

const SWITCH: &str = "gaxx-switch";
const FILE: &str = "libgaxx_switch.so";

/// Somebody who signs libraries, with a key made for one test.
struct Signer(KeyPair);

impl Signer {
    fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    fn key(&self) -> String {
        self.0.pk.to_base64()
    }

    /// Puts a signature beside a library.
    fn sign(&self, library: &Path) {
        let bytes = fs::read(library).unwrap();
        let signature = minisign::sign(None, &self.0.sk, &bytes[..], None, None).unwrap();
        fs::write(beside(library), signature.to_bytes()).unwrap();
    }

    /// A configuration that loads only what this one signed.
    fn required(&self) -> String {
        format!(
            "plugins:\n  trust: {{keys: [{}], require_signature: true}}\n",
            self.key()
        )
    }
}

fn beside(library: &Path) -> PathBuf {
    library.with_extension("so.minisig")
}

fn plugins(command: &str) -> MonitorBuilder {
    Monitor::builder().arg("plugins").arg(command)
}

/// Runs `plugins verify` on a library; the checks by name.
fn verify(library: &Path, config: &str, code: i32) -> Vec<(String, Value)> {
    let run = plugins("verify").arg(library).arg("--format=json");
    let rows: Value = serde_json::from_str(&run.config(config).run().expect(code).stdout).unwrap();
    assert_eq!(rows[0]["accepted"], code == 0, "{rows}");
    let checks = rows[0]["checks"].as_array().unwrap().iter();
    checks
        .map(|check| (check["check"].as_str().unwrap().to_owned(), check.clone()))
        .collect()
}

#[track_caller]
fn check_of<'a>(checks: &'a [(String, Value)], name: &str) -> &'a Value {
    let found = checks.iter().find(|(check, _)| check == name);
    &found.unwrap_or_else(|| panic!("no {name}: {checks:#?}")).1
}

#[test]
fn where_a_signature_is_required_only_a_signed_library_runs() {
    let (folder, signer) = (PluginFolder::new(), Signer::new());
    let signed = folder.add(&cdylib(SWITCH));
    signer.sign(&signed);
    let unsigned = folder.add(&cdylib("gaxx-rogue"));
    let monitor = Monitor::builder()
        .plugins(folder.path())
        .config(&signer.required())
        .start();
    monitor.wait_ready();
    assert_eq!(monitor.plugin("switch").unwrap()["state"], "running");
    let rows = monitor.plugins();
    let row = rows
        .iter()
        .find(|row| row["file"].as_str() == unsigned.to_str());
    let row = row.unwrap_or_else(|| panic!("{rows:#?}"));
    assert_eq!(row["state"], "failed", "{row}");
    assert!(
        row["remedy"].as_str().unwrap().contains("minisign"),
        "{row}"
    );
    let refused = monitor
        .metrics()
        .value("gaxx_plugin_load_refused_total", &[("reason", "unsigned")]);
    assert_eq!(refused, Some(1.0));
}

/// One byte behind everything that is loaded: the code would be the same.
#[test]
fn a_library_that_was_changed_after_it_was_signed_does_not_run() {
    let (folder, signer) = (PluginFolder::new(), Signer::new());
    let library = folder.add(&cdylib(SWITCH));
    signer.sign(&library);
    let mut bytes = fs::read(&library).unwrap();
    bytes.push(0);
    folder.write(FILE, &bytes, 0o755);
    // Where no signature is required, one that is there must fit all the same.
    let config = format!("plugins: {{trust: {{keys: [{}]}}}}\n", signer.key());
    let listed = plugins("list").plugins(folder.path()).config(&config);
    let said = listed.run().expect(1).said();
    assert!(said.contains("signature does not fit"), "{said}");
}

#[test]
fn an_older_version_than_the_pinned_one_does_not_run() {
    let (folder, signer) = (PluginFolder::new(), Signer::new());
    let library = folder.add(&cdylib(SWITCH));
    signer.sign(&library);
    let config = format!("{}  switch: {{min_version: 99.0.0}}\n", signer.required());
    let listed = plugins("list").plugins(folder.path()).config(&config);
    let said = listed.run().expect(1).said();
    assert!(said.contains("99.0.0"), "{said}");
    let checks = verify(&library, &config, 1);
    assert_eq!(check_of(&checks, "signature")["result"], "ok");
    assert_eq!(check_of(&checks, "version")["reason"], "too_old");
}

#[test]
fn an_allow_list_admits_what_inspect_shows() {
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib(SWITCH));
    let run = plugins("inspect").arg(&library).arg("--format=json");
    let rows: Value = serde_json::from_str(&run.run().expect(0).stdout).unwrap();
    assert_eq!(rows[0]["name"], "switch", "{rows}");
    assert_eq!(rows[0]["size"], fs::metadata(&library).unwrap().len());
    let digest = rows[0]["digest"].as_str().unwrap();
    let list = |digest: &str| format!("plugins: {{trust: {{digests: [{digest}]}}}}\n");
    verify(&library, &list(digest), 0);
    let checks = verify(&library, &list(&"0".repeat(64)), 1);
    assert_eq!(check_of(&checks, "allow-list")["reason"], "not_allowed");
}

#[test]
fn verify_explains_each_check_on_a_line_of_its_own() {
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib(SWITCH));
    let said = plugins("verify").arg(&library).run().expect(0).stdout;
    assert!(
        said.lines().next().unwrap().contains("would be loaded"),
        "{said}"
    );
    for check in [
        "folder",
        "file",
        "size",
        "structure",
        "abi",
        "note",
        "panics",
        "digest",
        "allow-list",
        "signature",
        "version",
    ] {
        let lines = said
            .lines()
            .filter(|line| line.trim_start().starts_with(check));
        assert_eq!(lines.count(), 1, "{check}: {said}");
    }
    folder.write(FILE, &fs::read(&library).unwrap(), 0o757);
    let said = plugins("verify").arg(&library).run().expect(1).stdout;
    assert!(
        said.contains("would be refused") && said.contains("chmod go-w"),
        "{said}"
    );
    let text = folder.write("text.so", b"text", 0o755);
    let said = plugins("verify").arg(&text).run().expect(1).stdout;
    assert!(said.contains("not reached"), "{said}");
    let said = plugins("inspect").arg(&text).run().expect(1).stderr;
    assert!(
        said.contains("text.so") && said.contains("not an ELF"),
        "{said}"
    );
}

/// `check-config` loads libraries to learn their settings: only those that a start would.
#[test]
fn no_command_loads_what_a_start_would_refuse() {
    let (folder, signer) = (PluginFolder::new(), Signer::new());
    folder.add(&cdylib(SWITCH));
    let config = signer.required();
    let run = |command: &str| {
        let run = Monitor::builder().arg(command).plugins(folder.path());
        run.config(&config).run()
    };
    assert!(
        run("check-config")
            .expect(0)
            .said()
            .contains("bears no signature")
    );
    assert!(
        !run("config-schema")
            .expect(0)
            .stdout
            .contains("plugin.switch")
    );
}

/// A trust that cannot be read must not count as one that asks for nothing.
#[test]
fn what_is_wrong_with_the_trust_is_said_and_nothing_is_loaded() {
    let (folder, key) = (PluginFolder::new(), Signer::new().key());
    folder.add(&cdylib(SWITCH));
    for (trust, place) in [
        (
            format!("{{keys: [{key}, RWQrong]}}"),
            "plugins.trust.keys.1",
        ),
        (
            "{require_signature: true}".to_owned(),
            "plugins.trust.require_signature",
        ),
        (
            "{require_signatures: true}".to_owned(),
            "require_signature`?",
        ),
        ("{digests: [12]}".to_owned(), "plugins.trust.digests.0"),
    ] {
        let config = format!("plugins:\n  trust: {trust}\n  switch: {{no_such_key: 1}}\n");
        let run = |command: &str| {
            let run = Monitor::builder().arg(command).plugins(folder.path());
            run.config(&config).run().expect(1).stderr
        };
        for command in ["check-config", "config-schema"] {
            let said = run(command);
            assert!(
                said.contains("config.yaml:2:") && said.contains(place),
                "{said}"
            );
            assert!(!said.contains("no_such_key"), "it was loaded: {said}");
        }
    }
    let variable = |name: &str, value: &str| -> Outcome {
        let run = Monitor::builder()
            .arg("check-config")
            .plugins(folder.path());
        run.env(name, value).run()
    };
    let required = variable("GAXX_PLUGINS__TRUST__REQUIRE_SIGNATURE", "true");
    assert!(required.expect(1).stderr.contains("plugins.trust.keys"));
    let pinned = variable("GAXX_PLUGINS__SWITCH__MIN_VERSION", "1.0.0");
    assert!(pinned.expect(1).stderr.contains("in the file"));
}

#[test]
fn install_puts_a_verified_library_and_its_signature_in_place() {
    let (from, to, signer) = (PluginFolder::new(), PluginFolder::new(), Signer::new());
    let library = from.add(&cdylib(SWITCH));
    let install = || {
        let run = plugins("install").arg(&library).plugins(to.path());
        run.config(&signer.required()).run()
    };
    assert!(install().expect(1).stderr.contains("bears no signature"));
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    signer.sign(&library);
    let said = install().expect(0).stdout;
    assert!(
        said.starts_with("switch ") && !said.contains("in place of"),
        "{said}"
    );
    let said = install().expect(0).stdout;
    assert!(said.contains("in place of the same version"), "{said}");

    let installed = to.path().join(FILE);
    assert!(beside(&installed).is_file());
    let monitor = Monitor::builder()
        .plugins(to.path())
        .config(&signer.required())
        .start();
    monitor.wait_ready();
    let row = monitor.plugin("switch").unwrap();
    assert_eq!(row["file"].as_str(), installed.to_str(), "{row}");
    assert_eq!(row["state"], "running", "{row}");
}

#[test]
fn install_says_where_it_cannot() {
    let from = PluginFolder::new();
    let library = from.add(&cdylib(SWITCH));
    let said = plugins("install").arg(&library).run().expect(1).stderr;
    assert!(
        said.contains("--to") && said.contains("plugins.folders"),
        "{said}"
    );
    let missing = from.path().join("none");
    let run = plugins("install").arg(&library).arg("--to").arg(&missing);
    let said = run.run().expect(1).stderr;
    assert!(said.contains("does not exist"), "{said}");
}

/// The real program signs, and its own files are what the configuration takes.
#[test]
fn a_signature_of_minisign_is_understood() {
    let Some(minisign) = require("minisign") else {
        return;
    };
    let folder = PluginFolder::new();
    let library = folder.add(&cdylib(SWITCH));
    let run = |arguments: &[&str]| {
        let mut command = minisign.command();
        let output = command.args(arguments).current_dir(folder.path()).output();
        let output = Outcome::new(&output.unwrap());
        let _ = output.expect(0);
    };
    run(&["-G", "-W", "-p", "minisign.pub", "-s", "minisign.key"]);
    run(&["-S", "-W", "-s", "minisign.key", "-m", FILE]);
    let public = fs::read_to_string(folder.path().join("minisign.pub")).unwrap();
    // Both lines of the file, pasted.
    let pasted = public.replace('\n', "\n        ");
    let config = format!(
        "plugins:\n  trust:\n    require_signature: true\n    keys:\n      - |\n        {pasted}\n"
    );
    let checks = verify(&library, &config, 0);
    let found = check_of(&checks, "signature")["text"].as_str().unwrap();
    assert!(found.contains(public.lines().nth(1).unwrap()), "{found}");
    assert!(found.contains(FILE), "{found}");
}
