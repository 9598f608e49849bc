//! Every command that the original's documentation tells people to type, typed: with main and agent
//! on one host, at their usual ports.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use gaxx_tests::{Agent, GoPprof, Monitor, Outcome, PrivateNetwork, QUIET, meanwhile, require};

/// One a line.
const COMMANDS: &str = include_str!("commands.txt");
/// Those that take half a minute, one after the other, since there is one such profile at a time.
const LONG: &str = "/debug/pprof/profile";

/// Main and agent, and what they are asked with.
struct Host {
    main: Monitor,
    agent: Agent,
    go: GoPprof,
    folder: tempfile::TempDir,
    /// Whether the ports are the usual ones.
    usual: bool,
    _network: Option<PrivateNetwork>,
}

impl Host {
    #[track_caller]
    fn start(go: GoPprof) -> Self {
        let network = PrivateNetwork::enter();
        let (main, agent) = if network.is_some() {
            let main = Monitor::builder()
                .config(QUIET)
                .no_listen()
                .env_remove("GAXX_PROFILING__PORT")
                .start();
            let agent = Agent::builder()
                .config(QUIET)
                .own_ports()
                .env_remove("GAXX_PROFILING__PORT")
                .start();
            (main, agent)
        } else {
            (
                Monitor::builder().config(QUIET).start(),
                Agent::builder().config(QUIET).start(),
            )
        };
        let folder = tempfile::tempdir().unwrap();
        // What is not there, or is refused, is no answer, though it has a text.
        fs::write(folder.path().join(".curlrc"), "fail\n").unwrap();
        program(&folder.path().join("open"), "exec curl -s \"$@\"");
        Self {
            main,
            agent,
            go,
            folder,
            usual: network.is_some(),
            _network: network,
        }
    }

    /// The command as it is typed here.
    fn typed(&self, command: &str) -> String {
        if self.usual {
            return command.to_owned();
        }
        let profiling = self.main.profiling().unwrap_or_default();
        let places = [
            ("localhost:9090", self.main.address()),
            ("localhost:9091", self.agent.address()),
            ("localhost:6060", profiling.trim_start_matches("http://")),
        ];
        let replaced = |text: String, (usual, here): (&str, &str)| text.replace(usual, here);
        places.into_iter().fold(command.to_owned(), replaced)
    }

    /// Types it into a shell. At the prompt of `go tool pprof` one asks for the top.
    #[track_caller]
    fn run(&self, command: &str) -> Outcome {
        let mut shell = self.go.environment("bash");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = vec![self.folder.path().to_owned()];
        folders.extend(std::env::split_paths(&path));
        let mut child = shell
            .args(["-o", "pipefail", "-c", &self.typed(command)])
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("CURL_HOME", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Others read nothing.
        let _ = child.stdin.take().unwrap().write_all(b"top\nquit\n");
        Outcome::new(&child.wait_with_output().unwrap())
    }

    /// Fails unless something is answered.
    #[track_caller]
    fn expect_answer(&self, command: &str) {
        let said = self.run(command);
        let text = said.stdout.trim();
        let empty = ["", "null", "[]", "{}"].contains(&text);
        assert!(said.code == Some(0) && !empty, "{command}: {said:#?}");
        if command.starts_with("go ") {
            let table = text.split_once("flat%").map(|(_, table)| table);
            let rows = table.map_or(0, |table| table.lines().skip(1).count());
            assert!(rows > 0, "{command}: {said:#?}");
            // Functions, or tasks, have names.
            assert!(
                text.contains("::") || text.contains("listener"),
                "{command}: {said:#?}"
            );
        }
    }
}

fn program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn every_command_is_answered() {
    let (Some(_), Some(go)) = (require("jq"), GoPprof::require()) else {
        return;
    };
    let host = Host::start(go);
    host.main.wait_ready();
    host.agent.wait_ready();
    let (long, short): (Vec<&str>, Vec<&str>) =
        COMMANDS.lines().partition(|line| line.contains(LONG));
    assert_eq!((long.len(), short.len()), (2, 13));
    let each = |lines: &[&str]| {
        for line in lines {
            host.expect_answer(line);
        }
    };
    // What rests has no CPU profile.
    meanwhile(&[&|| drop(host.main.metrics())], || {
        thread::scope(|scope| {
            scope.spawn(|| each(&long));
            each(&short);
        });
    });
}
