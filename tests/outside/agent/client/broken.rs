//! Connections and agents that end in the midst of something.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, Stdio},
};

use gaxx_tests::wait_until;
use rustix::process::{Pid, Signal, kill_process};

use super::rig::{Rig, bytes};

#[test]
fn a_command_whose_agent_dies_is_never_a_success() {
    let mut rig = Rig::start();
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
    rig.agent.kill();
    let ended = child.wait_with_output().unwrap();
    let errors = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(125), "{errors}");
    assert!(errors.contains("how it ended is not known"), "{errors}");
}

/// Kills a command once it has moved something, and fails if it had ended before.
#[track_caller]
fn interrupt(mut child: Child, moved: impl Fn() -> bool) {
    wait_until("something was moved", moved);
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    assert!(!child.wait().unwrap().success(), "it had ended already");
}

/// How large the files of a folder are together that begin so.
fn size(folder: &std::path::Path, begin: &str) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(begin));
    named
        .map(|entry| entry.metadata().map_or(0, |it| it.len()))
        .sum()
}

#[test]
fn transfers_go_on_with_the_next_command() {
    let rig = Rig::start();
    let (file, back) = (rig.here("file"), rig.here("back"));
    fs::write(&file, bytes(1 << 20).repeat(200)).unwrap();

    let mut push = rig.command("push");
    push.arg(&file)
        .arg("data/file")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let partial = rig.there(".gaxx-partial");
    interrupt(push.spawn().unwrap(), || size(&partial, "resume-") > 0);
    let said = rig.push(&file, "data/file", &[]).expect(0);
    let text = String::from_utf8(said.output).unwrap();
    assert!(text.contains("were there already"), "{text}");

    let mut pull = rig.command("pull");
    pull.arg("data/file")
        .arg(&back)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    interrupt(pull.spawn().unwrap(), || {
        size(back.parent().unwrap(), ".back.gaxx-part-") > 0
    });
    let said = rig.pull("data/file", &back, &["--verify"]).expect(0);
    let text = String::from_utf8(said.output).unwrap();
    assert!(text.contains("were there already"), "{text}");
    assert!(fs::read(&file).unwrap() == fs::read(&back).unwrap());
}

#[test]
fn an_upload_outlives_the_agent() {
    let mut rig = Rig::start();
    let file = rig.here("file");
    fs::write(&file, bytes(1 << 20).repeat(200)).unwrap();
    let mut push = rig.command("push");
    push.arg(&file)
        .arg("data/file")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = push.spawn().unwrap();
    let partial = rig.there(".gaxx-partial");
    wait_until("something has come", || size(&partial, "resume-") > 0);
    rig.agent.kill();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("trying again") {
        line.clear();
        assert!(errors.read_line(&mut line).unwrap() > 0, "it tries again");
    }
    let rig = rig.restart();
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert!(fs::read(&file).unwrap() == fs::read(rig.there("file")).unwrap());
}
