//! Processes that end in all ways there are.

use std::{
    env, fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, mpsc},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitOptions, getpgid, getpid, kill_process, waitpid},
};
use tempfile::TempDir;

use super::until;
use crate::{
    config::{self, Duration as Span},
    isolation::{
        Code, Want,
        process::{
            Cause, Process, State, Status, attendant,
            child::{Child, Shared},
        },
    },
};

/// A child that is a shell script.
struct Scripted {
    child: Child,
    shared: Arc<Shared>,
    process: Arc<Process>,
    folder: TempDir,
}

fn patient() -> config::Process {
    config::Process {
        restart_delay: Span::from_secs(3600),
        ..config::Process::default()
    }
}

impl Scripted {
    fn start(script: &str, process: config::Process) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = program(&folder, script);
        let shared = Shared::new(&Want {
            plugin: "demo".to_owned(),
            code: Code::Linked("demo".to_owned()),
            process,
        })
        .unwrap();
        let child = Child::of(Arc::clone(&shared));
        let (sender, started) = mpsc::channel();
        attendant::begin(&shared, &program, sender).unwrap();
        let process = started.recv().unwrap().unwrap();
        Self {
            child,
            shared,
            process,
            folder,
        }
    }

    fn status(&self) -> &Status {
        &self.shared.status
    }

    fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// Why it ended, once it has; nothing of it is left then.
    fn ending(&self) -> (Cause, String) {
        let mut found = String::new();
        until(|| match self.status().state() {
            State::Down { why, .. } if !why.ends_with("being started") => {
                found = why;
                true
            }
            _ => false,
        });
        assert!(is_reaped(self.pid()));
        (self.process.ending().unwrap().cause, found)
    }

    /// What the script wrote into a file, once it has.
    fn wrote(&self, name: &str) -> String {
        let file = self.folder.path().join(name);
        let text = || fs::read_to_string(&file).unwrap_or_default();
        until(|| text().ends_with('\n'));
        text().trim().to_owned()
    }

    /// Lets go of it, and waits until it has gone.
    fn stop(self) -> Pid {
        let pid = self.pid();
        drop(self.child);
        until(|| self.shared.status.state() == State::Stopped);
        assert!(is_reaped(pid));
        pid
    }
}

/// Whether no zombie is left.
fn is_reaped(pid: Pid) -> bool {
    waitpid(Some(pid), WaitOptions::NOHANG).is_err_and(|errno| errno == Errno::CHILD)
}

/// Whether nothing of it runs. Where nobody waits for orphans a zombie stays that is not ours.
fn is_gone(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

/// A script as a program. Another process writes it: this one could be forking meanwhile, and a
/// file that somebody may still write cannot be run.
fn program(folder: &TempDir, script: &str) -> PathBuf {
    let file = folder.path().join("program");
    let mut shell = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod +x \"$0\""])
        .arg(&file)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let text = format!("#!/bin/sh\ncd {}\n{script}\n", folder.path().display());
    shell
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(shell.wait().unwrap().success());
    file
}

#[test]
fn every_end_is_named() {
    for (script, cause, words) in [
        (
            "kill -SEGV $$",
            Cause::Signal,
            "signal 11 (SIGSEGV: invalid memory",
        ),
        (
            "kill -KILL $$",
            Cause::Signal,
            "signal 9 (SIGKILL: by somebody, or by the kernel",
        ),
        ("kill -BUS $$", Cause::Signal, "signal 7 (SIGBUS"),
        ("kill -XCPU $$", Cause::Cpu, "plugins.demo.process.cpu"),
        (
            "exit 0",
            Cause::Exit,
            "exited with status 0 though nobody asked it to",
        ),
        (
            "echo before; echo because >&2; exit 3",
            Cause::Exit,
            "exited with status 3 though nobody asked it to, after it printed \"because\"",
        ),
        (
            "printf 'too\\nlittle'; kill -ABRT $$",
            Cause::Signal,
            "signal 6 (SIGABRT: it aborted), after it printed \"little\"",
        ),
    ] {
        let (found, why) = Scripted::start(script, patient()).ending();
        assert!(why.contains(words), "{script}: {why}");
        assert_eq!(found, cause, "{script}");
    }
}

#[test]
fn what_it_started_ends_with_it() {
    let scripted = Scripted::start("sleep 1000 & echo $! > pid; exit 1", patient());
    scripted.ending();
    let grandchild = scripted.wrote("pid");
    until(|| is_gone(&grandchild));
}

#[test]
fn who_left_its_group_and_holds_the_pipes_hides_no_end() {
    let script =
        "setsid sh -c 'echo $$ > pid; exec sleep 1000' & until [ -s pid ]; do :; done; exit 1";
    let scripted = Scripted::start(script, patient());
    let (cause, _) = scripted.ending();
    assert_eq!(cause, Cause::Exit);
    let escaped = scripted.wrote("pid");
    assert!(!is_gone(&escaped));
    let escaped = Pid::from_raw(escaped.parse().unwrap()).unwrap();
    kill_process(escaped, Signal::KILL).unwrap();
}

#[test]
fn it_is_told_who_it_belongs_to_and_nothing_else() {
    let script = "echo \"$@\" > arguments; env > variables; exec cat";
    let scripted = Scripted::start(script, patient());
    let core = getpid().as_raw_nonzero();
    assert_eq!(
        scripted.wrote("arguments"),
        format!("plugin-host {core} demo")
    );
    let known = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"];
    // The shell adds its own.
    let shells = ["PWD", "OLDPWD", "SHLVL", "_"];
    for line in scripted.wrote("variables").lines() {
        let name = line.split('=').next().unwrap();
        assert!(known.contains(&name) || shells.contains(&name), "{line}");
    }
    scripted.stop();
}

#[test]
fn it_has_its_limits_and_a_group_of_its_own() {
    let settings = config::Process {
        open_files: 99,
        cpu: Span::from_secs(7),
        ..patient()
    };
    let scripted = Scripted::start("exec cat", settings);
    let pid = scripted.pid();
    let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", pid.as_raw_nonzero()));
    let limits = read("limits").unwrap();
    for (name, soft) in [
        ("Max open files", "99"),
        ("Max data size", "536870912"),
        ("Max cpu time", "7"),
        ("Max core file size", "1"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let found = line[name.len()..].split_whitespace().next();
        assert_eq!(found, Some(soft), "{line}");
    }
    assert_eq!(read("oom_score_adj").unwrap().trim(), "500");
    assert_eq!(getpgid(Some(pid)).unwrap(), pid);
    scripted.stop();
}

#[test]
fn who_spins_uses_up_its_time() {
    let settings = config::Process {
        cpu: Span::from_secs(1),
        ..patient()
    };
    let (cause, why) = Scripted::start("while :; do :; done", settings).ending();
    assert!(why.contains("more CPU time"), "{why}");
    assert_eq!(cause, Cause::Cpu);
}

#[test]
fn it_ends_when_nobody_uses_it() {
    Scripted::start("exec cat", patient()).stop();
}

#[test]
fn who_does_not_end_by_itself_is_ended() {
    Scripted::start(
        "trap '' HUP TERM INT; while :; do sleep 1000; done",
        patient(),
    )
    .stop();
}

#[test]
fn it_fails_after_some_ends_and_is_tried_again() {
    let settings = config::Process {
        restart_delay: Span::from_millis(1),
        restarts: 2,
        retry: Span::from_secs(3600),
        ..patient()
    };
    let scripted = Scripted::start("exit 1", settings);
    until(|| matches!(scripted.status().state(), State::Failed { .. }));
    assert_eq!(scripted.status().restarts(), 2);
    let exits = scripted
        .status()
        .restarts_by_cause()
        .find(|(cause, _)| *cause == Cause::Exit);
    assert_eq!(exits, Some((Cause::Exit, 2)));
    assert_eq!(scripted.status().pid(), None);
    scripted.stop();
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let shared = Shared::new(&Want {
        plugin: "demo".to_owned(),
        code: Code::Linked("demo".to_owned()),
        process: patient(),
    })
    .unwrap();
    let (sender, started) = mpsc::channel();
    attendant::begin(&shared, "/nonexistent/program".as_ref(), sender).unwrap();
    assert!(started.recv().unwrap().is_err());
}

/// In a process of its own, since other tests open files too.
#[test]
fn hundreds_of_deaths_leave_nothing() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--test-threads=1"])
        .arg("isolation::process::tests::deaths::part_hundreds_of_deaths")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[test]
#[ignore = "a part of hundreds_of_deaths_leave_nothing"]
fn part_hundreds_of_deaths() {
    let count = |folder: &str| fs::read_dir(folder).unwrap().count();
    let before = (count("/proc/self/fd"), count("/proc/self/task"));
    let settings = config::Process {
        restarts: 0,
        retry: Span::from_millis(1),
        ..patient()
    };
    // Some that end at once, while their plugin is loaded, and some that do not speak at all.
    let scripted = Scripted::start("[ $(($$ % 3)) = 0 ] || kill -SEGV $$; echo no", settings);
    until(|| scripted.status().restarts() >= 200);
    scripted.stop();
    let after = || (count("/proc/self/fd"), count("/proc/self/task"));
    until(|| after() == before);
    assert!(waitpid(None, WaitOptions::NOHANG).is_err_and(|errno| errno == Errno::CHILD));
}
