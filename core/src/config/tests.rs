//! The configuration as a whole: golden errors, the sample file, the reference, any text.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::known::{Claim, ExporterSchema, KnownPlugins, PluginSchema};
use super::walk::Node;
use super::*;

/// Two plugins, one exporter, and a plugin that could not be loaded.
fn known() -> KnownPlugins {
    let probe = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Settings",
        "type": "object",
        "properties": {
            "address": {"type": "string", "description": "Host and port to connect to."},
            "mode": {"oneOf": [{"const": "fast", "description": "x"}, {"const": "thorough"}], "default": "fast"},
            "token": {"type": "string", "writeOnly": true, "minLength": 8},
            "timeout": {"type": ["string", "null"], "format": "gaxx-duration", "pattern": "^[0-9]+[a-z]+$"},
        },
        "required": ["address"],
    });
    let file = json!({"type": "object", "properties": {
        "endpoint": {"type": "string", "pattern": "^https?://"},
        "path": {"type": "string", "minLength": 1},
    }});
    KnownPlugins {
        plugins: vec![
            PluginSchema {
                name: "tcp-port".into(),
                schema: probe,
                components: vec!["tcp-port".into()],
            },
            PluginSchema {
                name: "system".into(),
                schema: json!({"type": "null"}),
                components: vec!["cpu".into(), "memory".into()],
            },
        ],
        exporters: vec![ExporterSchema {
            name: "otlp".into(),
            plugin: "otlp".into(),
            schema: file,
        }],
        claims: vec![Claim {
            key: "telemetry.otlp_endpoint".into(),
            exporter: "otlp".into(),
            setting: "endpoint".into(),
        }],
        checks: vec!["tcp-port/web".into(), "system/memory".into()],
        failed: vec![],
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/testdata")
}

/// A file of the repository, from its root.
fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// What a user reads about a file.
fn report(path: &Path) -> String {
    let problems = match Draft::read(Some(path), [], &[]) {
        Ok(draft) => draft.check(&known()),
        Err(problems) => problems,
    };
    if problems.is_empty() {
        "no problems\n".to_owned()
    } else {
        format!("{problems}\n")
    }
}

/// Each `testdata/*.yaml` gives the report in the `.txt` beside it. `UPDATE_GOLDEN=1` writes them.
#[test]
fn golden_errors() {
    let mut names: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    names.sort();
    assert!(names.len() > 10);
    let mut differing = String::new();
    for path in names {
        let golden = path.with_extension("txt");
        let shown = report(&path).replace(&format!("{}/", folder().display()), "");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &shown).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != shown {
            differing.extend([&golden.display().to_string(), ":\n", &shown]);
        }
    }
    assert!(
        differing.is_empty(),
        "these are new; look at them, then UPDATE_GOLDEN=1:\n{differing}"
    );
}

#[test]
fn every_golden_position_is_in_its_file() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "yaml") {
            assert_positions(&path, &fs::read(&path).unwrap());
        }
    }
}

/// Reads `bytes` as a file, and holds every position against them.
fn assert_positions(path: &Path, bytes: &[u8]) {
    let problems = match Draft::read(Some(path), [], &[]) {
        Ok(draft) => draft.check(&known()),
        Err(problems) => problems,
    };
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.split('\n').collect();
    for problem in &problems {
        let Origin::File { at: Some(at), .. } = problem.origin else {
            panic!("no position: {problem}")
        };
        assert!(
            at.line >= 1 && at.line <= lines.len(),
            "{problem} in {text:?}"
        );
        let width = lines[at.line - 1].chars().count();
        assert!(
            at.column >= 1 && at.column <= width + 1,
            "{problem} in {text:?}"
        );
        assert!(
            !problem.to_string().chars().any(char::is_control),
            "{problem:?}"
        );
    }
}

fn assert_readable(text: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    assert_positions(file.path(), text);
}

/// Lines as people write them, right and wrong.
fn line() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "telemetry",
        "enabled",
        "server",
        "listen",
        "plugins",
        "system",
        "tcp-port",
        "instances",
        "folders",
        "exporters",
        "otlp",
        "use",
        "health",
        "checks",
        "interval",
        "?",
        "<<",
        "\"q\"",
        "é€",
        "- a",
        "[",
        "{",
    ]);
    let value = prop::sample::select(vec![
        "",
        "true",
        "1",
        "-1",
        "1e999",
        ".nan",
        "30s",
        "'x",
        "\"\\u",
        "[1, 2]",
        "{a: b}",
        "&a x",
        "*a",
        "!t x",
        "|",
        ">-",
        "0.0.0.0",
        "~",
        "99999999999999999999",
        "\u{2028}",
        "# c",
        "\t",
        "{{",
        "]",
        "- - -",
    ]);
    (0usize..6, key, value)
        .prop_map(|(indent, key, value)| format!("{}{key}: {value}\n", " ".repeat(indent)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*|[\\x00-\\x7f]*") {
        assert_readable(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_readable(&bytes);
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in prop::collection::vec(line(), 0..12)) {
        assert_readable(lines.concat().as_bytes());
    }

    #[test]
    fn any_variable_is_applied_or_refused(name in "[A-Z_]{0,20}", value in "\\PC{0,20}") {
        let draft = Draft::read(None, [(format!("GAXX_{name}"), value)], &[]).unwrap();
        let _ = draft.check(&known());
    }
}

#[test]
fn no_file_is_the_default_and_a_default_that_is_written_reads_back() {
    let none = Document::read(None, [], &[]).unwrap();
    assert_eq!(*none.config(), Config::default());
    let written = serde_yaml::to_string(&Config::default()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), written).unwrap();
    assert_eq!(
        *Document::read(Some(file.path()), [], &[]).unwrap().config(),
        Config::default()
    );
}

fn document(
    text: &str,
    environment: &[(&str, &str)],
    arguments: &[Argument],
) -> Result<Document, Problems> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, text).unwrap();
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Document::read(Some(&path), environment, arguments)
}

#[test]
fn environment_goes_before_file_and_arguments_before_both() {
    let listen = Argument {
        flag: "--listen".into(),
        key: "server.listen".into(),
        value: "::1".into(),
    };
    let document = document(
        "{telemetry: {monitoring_port: 1}, server: {listen: 127.0.0.2}, plugins: {folders: [p]}}",
        &[
            ("GAXX_TELEMETRY__MONITORING_PORT", "2"),
            ("GAXX_SERVER__LISTEN", "127.0.0.3"),
        ],
        &[listen],
    )
    .unwrap();
    assert_eq!(document.config().telemetry.monitoring_port, 2);
    assert_eq!(document.config().server.listen.to_string(), "::1");
    assert!(
        document.config().plugins.folders[0].is_absolute(),
        "relative to the file's folder"
    );
}

#[test]
fn a_problem_names_the_variable_or_flag_it_comes_from() {
    let variables = [
        ("GAXX_TELEMETRY__MONITORING_PORT", "high"),
        ("GAXX_LOG__LEVL", "info"),
    ];
    let listen = Argument {
        flag: "--listen".into(),
        key: "server.listen".into(),
        value: "0.0.0.0".into(),
    };
    let problems = document("", &variables, &[listen]).unwrap_err().to_string();
    for part in [
        "environment variable GAXX_TELEMETRY__MONITORING_PORT: telemetry.monitoring_port: expected a whole number",
        "environment variable GAXX_LOG__LEVL: ",
        "did you mean `GAXX_LOG__LEVEL`?",
        "command line --listen: server.listen: other machines",
    ] {
        assert!(problems.contains(part), "{part} is not in:\n{problems}");
    }
}

#[test]
fn settling_applies_claims_and_variables_of_plugins() {
    let variables = [
        ("GAXX_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("GAXX_PLUGINS__TCP_PORT__ADDRESS", "localhost:80"),
        ("GAXX_PLUGINS__TCP_PORT__TIMEOUT", "3s"),
    ];
    let document = document("exporters: {copy: {use: otlp, path: x}}", &variables, &[]).unwrap();
    let (config, warnings) = document.settle(&known()).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(
        config.exporters["otlp"].settings.reveal()["endpoint"],
        "http://127.0.0.1:4318"
    );
    assert_eq!(config.exporters["copy"].exporter.as_deref(), Some("otlp"));
    let settings = config.plugins.section("tcp-port").settings;
    assert_eq!(
        Value::Object(settings.reveal().clone()),
        json!({"address": "localhost:80", "timeout": "3s"})
    );
}

#[test]
fn a_claimed_value_that_is_wrong_is_shown_where_it_was_written() {
    let wrong = document("telemetry:\n  otlp_endpoint: ftp://x\n", &[], &[]).unwrap();
    let problem = wrong.check(&known()).into_iter().next().unwrap();
    assert!(
        problem
            .to_string()
            .contains("config.yaml:2:18: exporters.otlp.endpoint: "),
        "{problem}"
    );
}

#[test]
fn without_the_plugin_a_claimed_key_is_an_error_unless_the_plugin_failed() {
    let set = document("telemetry: {otlp_endpoint: 'http://x'}", &[], &[]).unwrap();
    assert!(set.settle(&KnownPlugins::default()).is_err());
    let failed = KnownPlugins {
        failed: vec!["otlp".into()],
        ..KnownPlugins::default()
    };
    let (_, warnings) = set.settle(&failed).unwrap();
    assert!(
        warnings
            .to_string()
            .contains("warning: telemetry.otlp_endpoint: no loaded plugin"),
        "{warnings}"
    );
}

#[test]
fn a_secret_is_in_no_problem() {
    let text = "plugins: {tcp-port: {address: x, token: hunter2}}\n";
    let problems = document(text, &[], &[]).unwrap().check(&known());
    assert_eq!(problems.len(), 1);
    let text = "plugins: {tcp-port: {address: x, token: [hunter2]}}\n";
    let more = document(text, &[], &[]).unwrap().check(&known());
    assert!(
        !format!("{problems}{more}").contains("hunter2"),
        "{problems}{more}"
    );
}

/// The sample: lines that begin with `#` and no space, or more than one, are settings.
fn uncommented(sample: &str) -> String {
    let setting = |line: &str| line.starts_with("#  ") || !line.starts_with("# ");
    sample
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if setting(line) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn the_sample_has_every_key_with_its_default() {
    let sample = fs::read_to_string(in_repository("config.yaml")).unwrap();
    let as_it_is = document(&sample, &[], &[]).unwrap();
    assert_eq!(*as_it_is.config(), Config::default());
    let all = uncommented(&sample);
    let mut config = document(&all, &[], &[])
        .unwrap_or_else(|problems| panic!("{problems}"))
        .config()
        .clone();
    let section = config.plugins.sections.remove("system").unwrap();
    assert_eq!(
        section,
        PluginSection {
            components: section.components.clone(),
            ..PluginSection::default()
        }
    );
    config.exporters.clear();
    config.health.checks.clear();
    config.state_folder = None;
    assert_eq!(config, Config::default());
    let written: Value = serde_yaml::from_str(&all).unwrap();
    let base = super::schema::base();
    let mut absent = Vec::new();
    missing_keys(Node::root(&base), &written, "", &mut absent);
    assert!(absent.is_empty(), "config.yaml lacks {absent:?}");
}

fn missing_keys(node: Node<'_>, written: &Value, path: &str, absent: &mut Vec<String>) {
    for (key, child) in node.properties() {
        match written.get(key) {
            Some(value) => missing_keys(child, value, &format!("{path}.{key}"), absent),
            None => absent.push(format!("{path}.{key}")),
        }
    }
    if let (Some(child), Some(map)) = (node.additional(), written.as_object()) {
        let listed: Vec<&str> = node.properties().into_iter().map(|(key, _)| key).collect();
        // One example of each free section has all its keys.
        if let Some((key, value)) = map.iter().find(|(key, _)| !listed.contains(&key.as_str())) {
            missing_keys(child, value, &format!("{path}.{key}"), absent);
        }
    }
}

/// `UPDATE_DOCS=1 cargo test -p gaxx-mon --lib config` writes the tables.
#[test]
fn the_documentation_has_the_reference() {
    const BEGIN: &str = "<!-- generated: begin -->\n";
    const END: &str = "<!-- generated: end -->";
    let path = in_repository("docs/configuration.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (generated, after) = rest.split_once(END).unwrap();
    let expected = format!("\n{}", reference());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert!(
            generated == expected,
            "docs/configuration.md is not up to date: UPDATE_DOCS=1 cargo test -p gaxx-mon --lib config"
        );
    }
}

#[test]
fn the_examples_of_the_documentation_are_right() {
    let text = fs::read_to_string(in_repository("docs/configuration.md")).unwrap();
    let examples: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(examples.len() >= 3);
    for example in examples {
        document(example, &[], &[]).unwrap_or_else(|problems| panic!("{problems}\n{example}"));
    }
}
