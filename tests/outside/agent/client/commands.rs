//! `exec`: its streams, its status, its ways to end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::Stdio,
};

use gaxx_tests::wait_until;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::rig::{Rig, bytes, said, said_with};

#[test]
fn the_status_is_the_commands_and_the_streams_stay_apart() {
    let rig = Rig::start();
    let said = rig.shell("echo out; echo err >&2; exit 7").expect(7);
    assert_eq!(
        (said.output.as_slice(), said.errors.as_str()),
        (&b"out\n"[..], "err\n")
    );
    rig.shell("exit 0").expect(0);
    rig.shell("kill -9 $$").expect_error(137, "signal 9");
    rig.shell("kill -TERM $$").expect(143);
}

#[test]
fn what_does_not_come_to_an_end_of_its_own_has_its_status() {
    let rig = Rig::start();
    let command = |words: &[&str]| said(rig.command("exec").arg("--no-input").args(words));
    command(&["--timeout", "200ms", "--", "/bin/sleep", "1000"]).expect_error(124, "time");
    command(&["--", "/no/such/program"]).expect_error(127, "No such file");
    command(&["--", "/etc/passwd"]).expect(126);
    command(&["--work-dir", "/no/such/folder", "--", "/bin/true"])
        .expect_error(125, "/no/such/folder");
    command(&["--env", "nothing", "--", "/bin/true"]).expect_error(2, "KEY=VALUE");
}

#[test]
fn input_and_output_pass_byte_for_byte() {
    let rig = Rig::start();
    let input = bytes(5_000_000);
    let said = said_with(rig.command("exec").args(["--", "/bin/cat"]), &input).expect(0);
    assert!(said.output == input, "{} bytes came", said.output.len());
    // A command that does not read it ends all the same.
    let said = said_with(rig.command("exec").args(["--", "/bin/echo", "x"]), &input).expect(0);
    assert_eq!(said.output, b"x\n");
}

#[test]
fn output_comes_while_input_is_still_open() {
    let rig = Rig::start();
    let mut child = rig
        .command("exec")
        .args(["--", "/bin/cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for line in ["one\n", "two\n"] {
        input.write_all(line.as_bytes()).unwrap();
        let mut came = String::new();
        output.read_line(&mut came).unwrap();
        assert_eq!(came, line);
    }
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_report_holds_output_and_end() {
    let rig = Rig::start();
    let mut command = rig.command("exec");
    command.args([
        "--json",
        "--no-input",
        "--env",
        "A=b c",
        "--work-dir",
        "/tmp",
        "--",
    ]);
    command.args(["/bin/sh", "-c", "echo $A $PWD; printf '\\377' >&2; exit 3"]);
    let report: Value = serde_json::from_slice(&said(&mut command).expect(3).output).unwrap();
    assert_eq!(report["outcome"], "exited", "{report}");
    assert_eq!(
        (&report["stdout"], &report["stderr_base64"]),
        (&"b c /tmp\n".into(), &"/w==".into())
    );
    let mut refused = rig.command("exec");
    refused.args(["--json", "--no-input", "--", "/no/such"]);
    let report: Value = serde_json::from_slice(&said(&mut refused).expect(127).output).unwrap();
    assert_eq!(report["outcome"], "refused", "{report}");
}

#[test]
fn a_key_runs_once() {
    let rig = Rig::start();
    let line = format!("echo ran >> {}; cat", rig.here("runs").display());
    let mut command = rig.command("exec");
    command.args(["--idempotency-key", "k1", "--", "/bin/sh", "-c", &line]);
    for _ in 0..2 {
        let said = said_with(&mut command, b"in").expect(0);
        assert_eq!(said.output, b"in");
    }
    assert_eq!(std::fs::read_to_string(rig.here("runs")).unwrap(), "ran\n");
}

#[test]
fn an_interruption_cancels_the_command_at_the_node() {
    let rig = Rig::start();
    let mut command = rig.command("exec");
    command.args([
        "--no-input",
        "--",
        "/bin/sh",
        "-c",
        "echo begun; sleep 1000",
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "begun\n");
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let errors = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{errors}");
    assert!(
        errors.contains("asking the node to end the command"),
        "{errors}"
    );
    let list = rig.agent.call("GET", "/v0/exec").send().json();
    assert_eq!(list["running"], Value::Array(Vec::new()), "{list}");
}

#[test]
fn who_reads_no_more_ends_the_command() {
    let rig = Rig::start();
    let mut command = rig.command("exec");
    command.args(["--no-input", "--", "/usr/bin/yes"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    drop(output);
    assert_eq!(child.wait().unwrap().code(), Some(141));
    wait_until("the command has ended at the node", || {
        let list = rig.agent.call("GET", "/v0/exec").send().json();
        list["running"] == Value::Array(Vec::new())
    });
}
