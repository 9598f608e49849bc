#![allow(clippy::unwrap_used)]

use std::{
    fs,
    time::{Duration, Instant},
};

use gaxx_sdk::{
    json,
    testing::{CollectorTest, collector},
};

use super::*;
use crate::script::Script;

fn exec(lines: &str) -> (Script, CollectorTest) {
    let script = Script::new(lines);
    let settings = json!({ "exec": { "command": [script.path(), script.file("f")] } });
    let test = collector::<Exec>(settings).unwrap();
    (script, test)
}

#[test]
fn what_a_program_prints_is_shown() {
    let (_script, mut exec) = exec(
        r#"cat <<'EOF'
# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{kind="a"} 3
jobs_total{kind="b",host="x"} 4 1700000000
free NaN
# TYPE size_bytes histogram
size_bytes_bucket{le="1"} 1
size_bytes_bucket{le="+Inf"} 2
size_bytes_sum 9
size_bytes_count 2
EOF"#,
    );
    let samples = exec.collect().unwrap();
    assert_eq!(
        samples.to_string(),
        "exec_series_left_out{source=\"\"} 0\n\
         free NaN\n\
         jobs_total{host=\"\",kind=\"a\"} 3\n\
         jobs_total{host=\"x\",kind=\"b\"} 4\n\
         size_bytes_bucket{le=\"+Inf\"} 2\n\
         size_bytes_bucket{le=\"1\"} 1\n\
         size_bytes_count 2\n\
         size_bytes_sum 9\n"
    );
    assert_eq!(samples.findings(), Vec::<String>::new());
}

#[test]
fn what_is_no_longer_printed_is_gone() {
    let (_script, mut exec) =
        exec(r#"if [ -e "$1" ]; then echo b 2; else echo a 1; echo b 1; fi; : >"$1""#);
    assert_eq!(
        exec.collect().unwrap().names(),
        ["a", "b", "exec_series_left_out"]
    );
    let samples = exec.collect().unwrap();
    assert_eq!(
        (samples.value("a", &[]), samples.value("b", &[])),
        (None, Some(2.0))
    );
}

#[test]
fn a_program_that_prints_nothing_gives_nothing() {
    let (_script, mut exec) = exec("");
    assert_eq!(exec.collect().unwrap().names(), ["exec_series_left_out"]);
}

#[test]
fn what_fails_is_told() {
    for (lines, parts) in [
        ("echo a one", ["line 1: the value is no number", "promtool"]),
        (
            "printf 'a 1'",
            ["line 1: it ends in the middle", "promtool"],
        ),
        (
            r"printf '\377 1\n'",
            ["line 1: it is not UTF-8", "promtool"],
        ),
        (
            "echo a 1; echo why >&2; exit 2",
            ["status 2, saying: why", "by hand"],
        ),
        ("echo a 1; kill -KILL $$", ["signal 9 (SIGKILL)", "by hand"]),
    ] {
        let (script, mut exec) = exec(lines);
        let error = exec.collect().unwrap_err().to_string();
        assert!(error.contains(&script.path()), "{error}");
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{lines}: {error}"
        );
    }
}

#[test]
fn a_metric_that_changes_its_type_is_an_error() {
    let (script, mut exec) = exec(
        r#"echo a 1; echo '# HELP b New.'; if [ -e "$1" ]; then echo '# TYPE b counter'; fi; echo b 1"#,
    );
    exec.collect().unwrap();
    fs::write(script.file("f"), "").unwrap();
    let error = exec.collect().unwrap_err();
    assert_eq!(
        error.message(),
        "the metric b was a gauge and is a counter now"
    );
    assert!(error.remedy_text().contains("another name"), "{error}");
    fs::remove_file(script.file("f")).unwrap();
    assert_eq!(exec.collect().unwrap().value("b", &[]), Some(1.0));
}

#[test]
fn what_does_not_fit_is_left_out_and_counted() {
    let script = Script::new(
        r#"if [ -e "$1" ]; then echo 'a{x="1",y="2"} 1'; else echo 'a{x="1"} 1'; fi
echo b 1; echo c 1; echo d 1; : >"$1""#,
    );
    let command = [
        script.path(),
        script.file("f").to_string_lossy().into_owned(),
    ];
    let settings = json!({ "exec": { "command": command, "max_series": 3 } });
    let mut exec = collector::<Exec>(settings).unwrap();
    let first = exec.collect().unwrap();
    assert_eq!(first.value("exec_series_left_out", &[]), Some(1.0));
    assert_eq!(first.names(), ["a", "b", "c", "exec_series_left_out"]);
    let second = exec.collect().unwrap();
    assert_eq!(second.value("exec_series_left_out", &[]), Some(1.0));
    assert_eq!(second.names(), ["b", "c", "d", "exec_series_left_out"]);
    exec.collect().unwrap();
    let log: Vec<String> = exec.log().into_iter().map(|line| line.message).collect();
    let [first, second] = log.as_slice() else {
        panic!("{log:?}")
    };
    assert!(
        first.starts_with("1 series of ") && first.contains("max_series"),
        "{first}"
    );
    assert!(second.contains("label `y`"), "{second}");
}

#[test]
fn without_its_key_there_is_no_collector() {
    let error = collector::<Exec>(json!({})).err().unwrap();
    assert_eq!(error.message(), "exec is not set");
    let error = collector::<Exec>(json!({ "exec": {} })).err().unwrap();
    assert!(error.message().contains("`command`"), "{error}");
}

/// The program's settings stand among the component's own, and are read as strictly.
#[test]
fn settings_of_the_program_are_read_as_the_others() {
    for (key, value, part) in [
        ("comand", json!([]), "`comand`"),
        ("timeout", json!("soon"), "write a duration"),
        ("max_output", json!("1 meter"), "units are"),
        ("max_silence", json!("soon"), "write a duration"),
    ] {
        let mut settings = json!({ "command": ["/bin/true"] });
        settings[key] = value;
        let error = collector::<Exec>(json!({ "exec": settings }))
            .err()
            .unwrap();
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn the_schema_is_that_of_one_section() {
    let schema = gaxx_sdk::schemars::schema_for!(Settings).to_value();
    let section = &schema["$defs"]["ExecSettings"];
    assert_eq!(section["required"], json!(["command"]));
    assert_eq!(section["additionalProperties"], false);
    let properties = &section["properties"];
    assert_eq!(properties["env"]["writeOnly"], true);
    assert_eq!(properties["max_output"]["default"], "1MiB");
    let keys: Vec<&String> = properties.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "command",
            "env",
            "working_folder",
            "timeout",
            "max_output",
            "max_memory",
            "max_cpu",
            "max_open_files",
            "mode",
            "max_series",
            "max_silence",
        ]
    );
}

fn long_lived(script: &Script, more: &gaxx_sdk::serde_json::Value) -> CollectorTest {
    let command = [
        script.path(),
        script.file("f").to_string_lossy().into_owned(),
    ];
    let mut settings = json!({ "command": command, "mode": "long_lived" });
    let settings_map = settings.as_object_mut().unwrap();
    settings_map.extend(more.as_object().unwrap().clone());
    collector::<Exec>(json!({ "exec": settings })).unwrap()
}

/// Collects until this is found, or the last error once there was no time left.
fn until(exec: &mut CollectorTest, wanted: impl Fn(&gaxx_sdk::Result<Option<f64>>) -> bool) {
    let by = Instant::now() + Duration::from_mins(1);
    loop {
        let found = exec.collect().map(|samples| samples.value("a", &[]));
        if wanted(&found) {
            return;
        }
        assert!(Instant::now() < by, "{found:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_long_lived_program_prints_again_and_again() {
    let script = Script::new(
        r#"echo a 1; echo; while [ ! -e "$1" ]; do sleep 0.05; done; echo a 2; echo '# EOF'; exec sleep 1000"#,
    );
    let mut exec = long_lived(&script, &json!({}));
    until(&mut exec, |found| *found == Ok(Some(1.0)));
    fs::write(script.file("f"), "").unwrap();
    until(&mut exec, |found| *found == Ok(Some(2.0)));
}

#[test]
fn a_long_lived_program_that_ends_is_run_again() {
    let script = Script::new(
        r#"if [ -e "$1" ]; then echo a 2; echo; exec sleep 1000; fi; : >"$1"; echo why >&2; exit 5"#,
    );
    let mut exec = long_lived(&script, &json!({}));
    until(&mut exec, |found| {
        found
            .as_ref()
            .is_err_and(|error| error.message().contains("status 5, saying: why"))
    });
    until(&mut exec, |found| *found == Ok(Some(2.0)));
}

#[test]
fn a_long_lived_program_that_is_silent_or_floods_is_ended() {
    for (lines, part) in [
        ("echo a 1; exec sleep 1000", "no exposition for 0.5 s"),
        ("while :; do echo a 1; done", "more than 1kB"),
        (
            "echo a one; echo; exec sleep 1000",
            "line 1: the value is no number",
        ),
    ] {
        let script = Script::new(lines);
        let mut exec = long_lived(
            &script,
            &json!({ "max_silence": "500ms", "max_output": "1kB" }),
        );
        until(&mut exec, |found| {
            found
                .as_ref()
                .is_err_and(|error| error.message().contains(part))
        });
    }
}
