#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::Arc,
    time::{Duration, Instant},
};

use gaxx_sdk::{ErrorKind, json, prelude::*, serde_json, testing};
use rustix::process::{Pid, test_kill_process};

use super::*;
use crate::script::Script;

/// Far more than anything here takes.
const LONG: Duration = Duration::from_mins(1);

fn runner(program: Program) -> Runner {
    Runner::new(program, testing::host())
}

fn program(command: &[&str]) -> Program {
    program_with(&json!({ "command": command, "max_output": "100kB" })).unwrap()
}

fn program_with(settings: &serde_json::Value) -> Result<Program> {
    let settings: ProgramSettings = serde_json::from_value(settings.clone()).unwrap();
    settings.check("exec")
}

fn run_with(program: Program, patience: Duration) -> Result<Output, Failure> {
    runner(program).run(Deadline::after(patience))
}

fn shell(lines: &str) -> Result<Output, Failure> {
    run_with(program(&["/bin/sh", "-c", lines]), LONG)
}

/// Waits until this process is gone, which may take a moment after it was killed: whoever has
/// adopted it must have reaped it.
fn is_gone(pid: &str) -> bool {
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let until = Instant::now() + LONG;
    while Instant::now() < until {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        let is_zombie = stat.is_ok_and(|stat| stat.contains(") Z "));
        if is_zombie || test_kill_process(pid).is_err() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[test]
fn output_and_end_are_told() {
    let output = shell("echo out; echo err >&2; exit 7").unwrap();
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&b"out\n"[..], &b"err\n"[..])
    );
    assert_eq!(output.end, End::Status(7));
    let output = shell("kill -TERM $$").unwrap();
    assert_eq!(output.end, End::Signal(15));
    assert_eq!(output.end.to_string(), "was ended by signal 15 (SIGTERM)");
    let output = shell("exit 0").unwrap();
    assert!(output.stdout.is_empty() && output.end == End::Status(0));
}

#[test]
fn arguments_reach_the_program_as_they_are() {
    let script = Script::new(r#"for argument; do printf '[%s]' "$argument"; done"#);
    let output = run_with(
        program(&[&script.path(), "a b", "$(id)", "", "*", "; ls"]),
        LONG,
    )
    .unwrap();
    assert_eq!(output.stdout, b"[a b][$(id)][][*][; ls]");
}

#[test]
fn the_environment_is_clean() {
    let mut printenv = program(&["/usr/bin/env"]);
    printenv.env.insert("OWN".into(), "x y".into());
    let output = run_with(printenv, LONG).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["OWN=x y", "PATH=/usr/bin:/bin"]);
}

#[test]
fn it_reads_nothing_and_has_no_file_of_ours() {
    let script = Script::new("cat; pwd; readlink /proc/self/fd/*");
    let open = fs::File::create(script.file("secret")).unwrap();
    let mut here = program(&[&script.path()]);
    here.working_folder = "/usr".into();
    let output = run_with(here, LONG).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("/usr\n/dev/null\npipe:"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    drop(open);
}

#[test]
fn what_runs_too_long_is_ended_with_all_its_children() {
    let script = Script::new(
        "sleep 1000 & echo $! >\"$1\"\n(sleep 1000 & echo $! >\"$2\"; wait) &\nwhile [ ! -s \"$2\" ]; do :; done; wait",
    );
    let files = ["one", "two"].map(|name| script.file(name));
    let [one, two] = files.each_ref().map(|file| file.to_str().unwrap());
    let mut slow = program(&[&script.path(), one, two]);
    slow.timeout = Some(Duration::from_secs(2));
    let began = Instant::now();
    let failure = run_with(slow, LONG).unwrap_err();
    assert!(began.elapsed() < LONG);
    let message = failure.to_string();
    assert!(
        message.contains("longer than 2.0 s") && message.contains(&script.path()),
        "{message}"
    );
    assert_eq!(failure.into_error().kind(), ErrorKind::Deadline);
    for file in files {
        let pid = fs::read_to_string(file).unwrap();
        assert!(is_gone(&pid), "{pid}");
    }
}

/// Who left the group, and whose parent has ended, is still found: the program has adopted it.
#[test]
fn what_runs_too_long_is_ended_with_those_who_left_its_group() {
    let script = Script::new(
        r#"setsid sh -c 'trap "" TERM HUP; (setsid sh -c "trap \"\" TERM; echo \$\$ >\"$1\"; exec sleep 1000") & exit' sh "$1"
trap '' TERM; while :; do sleep 1000; done"#,
    );
    let file = script.file("pid");
    let mut slow = program(&[&script.path(), file.to_str().unwrap()]);
    slow.timeout = Some(Duration::from_secs(2));
    let failure = run_with(slow, LONG).unwrap_err();
    assert!(matches!(failure, Failure::TooSlow { .. }), "{failure}");
    let pid = fs::read_to_string(file).unwrap();
    assert!(is_gone(&pid), "{pid}");
}

#[test]
fn a_program_ends_with_the_thread_that_began_it() {
    let endless = program(&["/bin/sleep", "1000"]);
    let begun = std::thread::spawn(move || endless.start(&Arc::new(())).unwrap());
    let mut running = begun.join().unwrap();
    let mut buffer = [0; 100];
    let event = running.next(LONG, &mut buffer).unwrap();
    assert!(matches!(event, Event::Ended), "{event:?}");
    assert_eq!(running.end(), Some(End::Signal(9)));
}

#[test]
fn limits_hold_for_each_process() {
    let limited = |settings: &serde_json::Value, lines: &str| {
        let mut settings = settings.clone();
        settings["command"] = json!(["/bin/sh", "-c", lines]);
        run_with(program_with(&settings).unwrap(), LONG).unwrap()
    };
    let all = json!({ "max_memory": "64MiB", "max_cpu": "1500ms", "max_open_files": 20 });
    let output = limited(&all, "ulimit -d; ulimit -t; ulimit -n; ulimit -H -t");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "65536\n1\n20\n2\n");
    let output = limited(&json!({}), "ulimit -t; ulimit -H -t");
    let text = String::from_utf8_lossy(&output.stdout);
    let (soft, hard) = text.trim().split_once('\n').unwrap();
    assert_eq!(soft, hard);
    let output = limited(&json!({ "max_cpu": "1s" }), "while :; do :; done");
    assert_eq!(output.end.to_string(), "was ended by signal 24 (SIGXCPU)");
    let output = limited(&json!({ "max_open_files": 1_u64 << 40 }), "ulimit -n");
    assert_eq!(output.end, End::Status(0));
}

#[test]
fn a_run_ends_before_the_call_must() {
    let slow = program(&["/bin/sleep", "1000"]);
    let deadline = Deadline::after(Duration::from_secs(2));
    let failure = runner(slow).run(deadline).unwrap_err();
    assert!(matches!(failure, Failure::TooSlow { .. }), "{failure}");
    assert!(!deadline.has_passed());
}

#[test]
fn a_child_that_holds_the_output_open_does_not_hold_the_call() {
    let began = Instant::now();
    let output = shell("echo done; sleep 1000 & echo $!").unwrap();
    assert!(began.elapsed() < LONG);
    let text = String::from_utf8(output.stdout).unwrap();
    let pid = text.strip_prefix("done\n").unwrap();
    assert!(is_gone(pid));
}

/// What gets away, as is documented, must not hold the call.
#[test]
fn who_leaves_the_group_does_not_hold_the_call() {
    let script = Script::new(
        "setsid sh -c 'echo $$ >\"$0\"; exec sleep 1000' \"$1\" & while [ ! -s \"$1\" ]; do :; done; echo done",
    );
    let file = script.file("pid");
    let output = run_with(program(&[&script.path(), file.to_str().unwrap()]), LONG).unwrap();
    assert_eq!(output.stdout, b"done\n");
    // This test ends it.
    let pid = fs::read_to_string(file).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[test]
fn what_prints_too_much_is_ended() {
    for flood in [
        "while :; do echo flood; done",
        "while :; do echo flood; done >&2",
    ] {
        let failure = shell(flood).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "/bin/sh was ended because it printed more than 100kB"
        );
        assert_eq!(failure.into_error().kind(), ErrorKind::Limit);
    }
    let output = shell("head -c 99999 /dev/zero").unwrap();
    assert_eq!(output.stdout.len(), 99_999);
}

#[test]
fn the_end_of_what_it_complains_of_is_kept() {
    let output = shell("head -c 90000 /dev/zero >&2; echo >&2; echo last >&2").unwrap();
    assert_eq!(output.stderr.len(), 4096);
    assert_eq!(last_line(b"one\n two \n\n"), "two");
    assert!(last_line(&output.stderr).ends_with("last"));
}

#[test]
fn who_ends_badly_is_quoted() {
    let ended = runner(program(&["/bin/sh", "-c", "echo why >&2; exit 3"]));
    let failure = ended.run_well(Deadline::after(LONG)).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "/bin/sh ended with status 3, saying: why"
    );
}

#[test]
fn what_cannot_be_begun_is_told_with_a_remedy() {
    let script = Script::new("");
    fs::set_permissions(script.path(), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(script.file("odd"), "#!/no/such/shell\n").unwrap();
    fs::write(script.file("text"), "neither").unwrap();
    for name in ["odd", "text"] {
        fs::set_permissions(script.file(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    let path = |name| script.file(name).to_str().unwrap().to_owned();
    for (command, remedy) in [
        (path("missing"), "install it"),
        (script.path(), "chmod a+rx"),
        (path("odd"), "interpreter"),
        (path("text"), "begin a script with"),
        ("/etc".to_owned(), "chmod a+rx"),
        (path("program/x"), "correct the path"),
    ] {
        let error = run_with(program(&[&command]), LONG)
            .unwrap_err()
            .into_error();
        assert!(
            error
                .message()
                .starts_with(&format!("cannot run {command}: ")),
            "{error}"
        );
        assert!(error.remedy_text().contains(remedy), "{error}");
    }
    let mut nowhere = program(&["/bin/true"]);
    nowhere.working_folder = "/no/such/folder".into();
    let error = run_with(nowhere, LONG).unwrap_err().into_error();
    assert!(
        error.remedy_text().contains("make the working folder"),
        "{error}"
    );
}

#[test]
fn nothing_is_left_behind() {
    let runner = runner(program(&["/bin/sh", "-c", "exit 1"]));
    let children = || {
        let me = std::process::id().to_string();
        let stats = fs::read_dir("/proc").unwrap().flatten();
        let stats = stats.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        let rest = |stat: &String| stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
        let mut states = stats
            .filter(|stat| stat.contains("(sh)"))
            .filter_map(|stat| rest(&stat));
        states.any(|rest| rest.starts_with("Z ") && rest.split(' ').nth(1) == Some(&me))
    };
    for _ in 0..20 {
        runner.run(Deadline::after(LONG)).unwrap();
    }
    // Another test's program may be between its end and its reaping.
    let until = Instant::now() + LONG;
    while children() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!children());
}

#[test]
fn settings_that_cannot_be_are_named() {
    for (settings, part) in [
        (json!({ "command": [] }), "command is empty"),
        (json!({ "command": ["ls"] }), "command begins with \"ls\""),
        (json!({ "command": [""] }), "command begins with \"\""),
        (
            json!({ "command": ["/a", "\0"] }),
            "command has a zero byte",
        ),
        (
            json!({ "command": ["/a"], "env": { "A=": "secret" } }),
            "env has",
        ),
        (
            json!({ "command": ["/a"], "env": { "": "secret" } }),
            "env has",
        ),
        (
            json!({ "command": ["/a"], "env": { "A": "secret\0" } }),
            "env has",
        ),
        (
            json!({ "command": ["/a"], "working_folder": "tmp" }),
            "working_folder is",
        ),
        (
            json!({ "command": ["/a"], "timeout": "0s" }),
            "timeout is zero",
        ),
        (
            json!({ "command": ["/a"], "max_cpu": "0s" }),
            "max_cpu is zero",
        ),
        (
            json!({ "command": ["/a"], "max_output": "2GiB" }),
            "max_output is 2GiB",
        ),
    ] {
        let error = program_with(&settings).unwrap_err();
        assert!(
            error.message().starts_with(&format!("exec.{part}")),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::Settings);
        assert!(!error.to_string().contains("secret"));
    }
}
