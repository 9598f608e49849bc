//! The audit log of an agent, and what a verification of it says.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use gaxx_tests::{
    Agent, AgentBuilder, BOUND, Outcome, Request, Response, binary, require, wait_until,
};
use serde_json::{Value, json};

const ANY: &str = "plugins: {agent-exec: {allow: any}}";
const TOKEN: &str = "a-token-that-is-long-enough-for-anybody";

fn agent() -> AgentBuilder {
    Agent::builder().config(ANY)
}

fn run(agent: &Agent) -> Response {
    send(agent.call("POST", "/v0/exec")).unwrap()
}

fn send(request: Request) -> Result<Response, String> {
    let request = request.header("Content-Type", "application/json");
    request.try_send_body(json!({ "command": "/bin/true" }).to_string().into_bytes())
}

/// The files of the log, oldest first.
fn files(log: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(log)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_log = |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "jsonl");
    let mut files: Vec<_> = entries.filter(is_log).collect();
    files.sort();
    files
}

fn records(log: &Path) -> Vec<Value> {
    let text: String = files(log)
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    // A line that was not written to its end is none.
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn verify(agent: &Agent, arguments: &[&str]) -> Outcome {
    let mut command = agent.client();
    let output = command.args(["audit", "verify"]).args(arguments).output();
    Outcome::new(&output.unwrap())
}

#[test]
fn what_runs_is_recorded_and_the_log_verified_while_it_grows() {
    let agent = agent().start();
    let reply = run(&agent).expect(200).json();
    let log = agent.state().join("audit");
    let end = |record: &Value| record["event"] == "exec.end";
    wait_until("the end is recorded", || records(&log).iter().any(end));
    let records = records(&log);
    let start = records.iter().find(|one| one["event"] == "exec.start");
    let start = start.unwrap();
    assert_eq!(start["id"], reply["id"]);
    assert_eq!(start["component"], "agent-exec/exec");
    assert_eq!(start["argv"], json!(["/bin/true"]));
    let whole = verify(&agent, &[]).expect(0);
    assert!(whole.stdout.contains("whole: "), "{whole:?}");

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&log), 0o700);
    assert!(files(&log).iter().all(|file| mode(file) == 0o600));
    agent.wait_ready();
    let scrape = agent.metrics();
    assert!(scrape.value("gaxx_audit_records_total", &[]) > Some(0.0));
    let failed = scrape.value("gaxx_audit_failures_total", &[("reason", "write")]);
    assert_eq!(failed, Some(0.0));

    let file = files(&log).remove(0);
    let changed = fs::read_to_string(&file)
        .unwrap()
        .replace("/bin/true", "/bin/trve");
    fs::write(&file, changed).unwrap();
    let found = verify(&agent, &["--format", "json"]).expect(1);
    let report: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(report["findings"][0]["kind"], "changed");
    assert_eq!(report["findings"][0]["line"], 3);
    let nothing = verify(&agent, &[agent.folder().to_str().unwrap()]).expect(2);
    assert!(nothing.stderr.contains("holds no audit log"), "{nothing:?}");
}

#[test]
fn two_agents_do_not_write_one_log() {
    let agent = agent().start();
    let mut second = agent.client();
    let second = second.arg("agent").envs(free_ports()).output().unwrap();
    let second = Outcome::new(&second).expect(1);
    assert!(
        second.stderr.contains("another agent keeps its audit log"),
        "{second:?}"
    );
    assert!(
        second.stderr.contains("a state_folder of its own"),
        "{second:?}"
    );
}

fn free_ports() -> [(&'static str, &'static str); 3] {
    let keys = [
        "GAXX_AGENT__MONITORING_PORT",
        "GAXX_AGENT__API_PORT",
        "GAXX_PROFILING__PORT",
    ];
    keys.map(|key| (key, "0"))
}

#[test]
fn a_log_that_others_can_read_stops_the_start() {
    let mut agent = agent().start();
    agent.kill();
    let log = agent.state().join("audit");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o755)).unwrap();
    let mut refused = agent.relaunch();
    assert_eq!(refused.wait_exit(BOUND).code(), Some(1));
    assert!(
        refused.log_contains("is open to other users"),
        "{:?}",
        refused.log()
    );
    assert!(refused.log_contains("chmod go="), "{:?}", refused.log());
}

#[test]
fn without_a_log_there_is_a_warning_and_work_goes_on() {
    let agent = Agent::builder().config(&format!("{ANY}\naudit: {{enabled: false}}"));
    let agent = agent.start();
    assert!(agent.log_contains("audit.enabled is false"));
    let _ = run(&agent).expect(200);
    assert!(!agent.state().join("audit").exists());
}

/// Every command that was answered for has its record, whenever the agent was killed.
#[test]
fn a_kill_in_the_midst_of_commands_loses_no_record() {
    let mut agent = agent().start();
    let log = agent.state().join("audit");
    let mut answered: Vec<Value> = Vec::new();
    for round in 0..3 {
        let (api, token) = (agent.api().to_owned(), agent.token());
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let (api, token) = (api.clone(), token.clone());
                thread::spawn(move || {
                    let url = format!("{api}/v0/exec");
                    let request = || {
                        let bearer = format!("Bearer {token}");
                        Request::new("POST", &url).header("Authorization", &bearer)
                    };
                    let answers = std::iter::from_fn(|| send(request()).ok());
                    let ran = answers.filter(|answer| answer.status == 200);
                    ran.map(|answer| answer.json()["id"].clone())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let some = 20 * (round + 1);
        wait_until("some commands ran", || records(&log).len() > some);
        agent.kill();
        for caller in callers {
            answered.extend(caller.join().unwrap());
        }
        let _ = verify(&agent, &[]).expect(0);
        agent = agent.restart();
        let _ = verify(&agent, &[]).expect(0);
    }
    assert!(!answered.is_empty());
    let records = records(&log);
    let is_recorded = |id: &Value| {
        let mut starts = records.iter().filter(|one| one["event"] == "exec.start");
        starts.any(|start| start["id"] == *id)
    };
    assert!(answered.iter().all(is_recorded));
    let opened = records.iter().filter(|one| one["event"] == "audit.open");
    assert_eq!(opened.count(), 4);
}

/// On a small disk of its own: the state folder is a tmpfs, which only the agent sees.
#[test]
fn a_full_disk_refuses_commands_until_there_is_room() {
    let Some(_) = require("unshare") else { return };
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("on-a-small-disk");
    let script = format!(
        "#!/bin/sh\nexec unshare --map-root-user --mount sh -c 'mkdir -p \"$GAXX_STATE_FOLDER\" && \
         mount -t tmpfs -o size=256k,mode=700 tmpfs \"$GAXX_STATE_FOLDER\" && exec \"$0\" \"$@\"' '{}' \"$@\"\n",
        binary().display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let agent = agent()
        .program(program)
        .env("GAXX_AGENT_TOKEN", TOKEN)
        .start();
    let run = || send(agent.call_as("POST", "/v0/exec", TOKEN)).unwrap();
    let _ = run().expect(200);

    let inside = PathBuf::from(format!("/proc/{}/root", agent.pid()));
    let state = inside.join(agent.state().strip_prefix("/").unwrap());
    let fill = state.join("fill");
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&fill)
        .unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
    // What is left of the last page of the log takes some records yet.
    wait_until("the disk is full", || run().status != 200);
    let refused = run().expect(503).json();
    assert!(
        refused["error"].to_string().contains("No space left"),
        "{refused}"
    );
    assert!(
        refused["remedy"].to_string().contains("make room"),
        "{refused}"
    );
    let log = state.join("audit");
    // Not the agent's program, which would go to a disk of its own.
    let verify = || {
        let mut command = Command::new(binary());
        let output = command.args(["audit", "verify"]).arg(&log).output();
        Outcome::new(&output.unwrap())
    };
    let whole = verify().expect(0);
    assert!(whole.stdout.contains("whole: "), "{whole:?}");

    drop(file);
    fs::remove_file(fill).unwrap();
    let _ = run().expect(200);
    let _ = verify().expect(0);
    assert_eq!(files(&log).len(), 1);
}
