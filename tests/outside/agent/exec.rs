//! Commands: what runs, what comes of it, and what does not run.

mod calls;
mod hostile;
mod keys;
mod streams;
mod trees;
mod ways;

use gaxx_tests::{Agent, Process, wait_until};
use serde_json::{Value, json};

use calls::{ANY, Calls, shell};

#[test]
fn every_end_has_its_outcome() {
    let agent = Agent::builder().config(ANY).start();
    let exited =
        agent.exec(&json!({ "command": "sh", "args": ["-c", "cat; exit 3"], "input": "in" }));
    assert_eq!(
        (&exited["outcome"], &exited["exit_code"]),
        (&json!("exited"), &json!(3)),
        "{exited}"
    );
    assert_eq!(exited["stdout"], "in");
    let killed = agent.exec(&shell("kill -SEGV $$"));
    assert_eq!(
        (&killed["outcome"], &killed["signal"]),
        (&json!("signalled"), &json!(11)),
        "{killed}"
    );
    assert_eq!(killed["exit_code"], Value::Null);
    let mut endless = shell("sleep 1000");
    endless["timeout_seconds"] = json!(0.2);
    assert_eq!(agent.exec(&endless)["outcome"], "timed_out");
    let script = agent.folder().join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let failed = agent.exec(&json!({ "command": script }));
    assert_eq!(failed["outcome"], "spawn_failed", "{failed}");
    let refused = agent
        .try_exec(&json!({ "command": "/no/such/program" }), &[])
        .expect(403);
    assert_eq!(refused.json()["outcome"], "refused");
    let cpu = agent.exec(&shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"));
    assert!(
        cpu["user_seconds"].as_f64() > Some(0.0)
            && cpu["peak_memory_bytes"].as_u64() > Some(100_000),
        "{cpu}"
    );
}

#[test]
fn a_running_command_is_listed_and_can_be_cancelled() {
    let agent = Agent::builder().config(ANY).start();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| agent.exec(&shell("echo begun; sleep 1000")));
        let mut id = String::new();
        wait_until("the command is listed", || {
            let list = agent.call("GET", "/v0/exec").send().json();
            id = list["running"][0]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            list["running"][0]["output_bytes"] == 6
        });
        let path = format!("/v0/exec/{id}");
        let one = agent.call("GET", &path).send().expect(200).json();
        assert_eq!(
            (&one["state"], &one["who"]),
            (&json!("running"), &json!("local")),
            "{one}"
        );
        let beat = agent
            .call_as_nobody("GET", "/v0/heartbeat")
            .send()
            .expect(200)
            .json();
        assert_eq!(beat["running"], 1, "{beat}");
        assert_eq!(agent.call("DELETE", &path).send().status, 202);
        let report = running.join().unwrap();
        assert_eq!(
            (&report["outcome"], &report["stdout"]),
            (&json!("cancelled"), &json!("begun\n")),
            "{report}"
        );
        assert!(
            report["reason"].as_str().unwrap().contains("local"),
            "{report}"
        );
        assert_eq!(agent.call("DELETE", &path).send().status, 409);
        assert_eq!(
            agent.call("GET", &path).send().expect(200).json()["outcome"],
            "cancelled"
        );
    });
    assert_eq!(agent.call("DELETE", "/v0/exec/nothing").send().status, 404);
}

#[test]
fn a_command_has_nothing_of_the_agent_but_what_it_is_given() {
    let agent = Agent::builder()
        .config(ANY)
        .env("GAXX_AGENT_TOKEN", "a-token-that-is-long-enough")
        .env("SECRET", "hidden")
        .start();
    let mut request = shell(
        "env; ls /proc/self/fd | wc -l; ps -o pid=,sid= -p $$; grep NoNewPrivs /proc/self/status; umask",
    );
    request["env"] = json!(["MINE=1"]);
    let body = request.to_string().into_bytes();
    let call = agent
        .call_as("POST", "/v0/exec", "a-token-that-is-long-enough")
        .header("Content-Type", "application/json");
    let report = call.try_send_body(body).unwrap().expect(200).json();
    let said = report["stdout"].as_str().unwrap();
    let names: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        .collect();
    let mut expected = vec!["HOME", "LANG", "LOGNAME", "MINE", "PATH", "USER"];
    // The shell's own.
    expected.extend(["PWD", "OLDPWD", "SHLVL", "_"]);
    assert!(names.iter().all(|name| expected.contains(name)), "{said}");
    assert!(
        names.contains(&"MINE") && !said.contains("hidden"),
        "{said}"
    );
    let rest: Vec<&str> = said.lines().skip_while(|line| line.contains('=')).collect();
    assert_eq!(
        rest[0].trim(),
        "4",
        "three streams and the folder that is read: {said}"
    );
    let ids: Vec<&str> = rest[1].split_whitespace().collect();
    assert_eq!(ids[0], ids[1], "a session of its own: {said}");
    assert_eq!(rest[2], "NoNewPrivs:\t1");
    assert_eq!(rest[3], "0022");
}

#[test]
fn more_than_may_run_is_answered_with_429() {
    let config = format!("{ANY}    max_concurrent: 1\n    max_queue: 0\n");
    let agent = Agent::builder().config(&config).start();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| agent.exec(&shell("sleep 1000")));
        let mut id = String::new();
        wait_until("it runs", || {
            let run = agent.call("GET", "/v0/exec").send().json()["running"][0].clone();
            id = run["id"].as_str().unwrap_or_default().to_owned();
            run["pid"].is_number()
        });
        let full = agent
            .try_exec(&json!({ "command": "true" }), &[])
            .expect(429);
        assert_eq!(full.header("retry-after"), "1");
        let deleted = agent.call("DELETE", &format!("/v0/exec/{id}")).send();
        assert_eq!(deleted.status, 202);
        running.join().unwrap();
    });
    let refused = [("reason", "queue_full")];
    agent.wait_metric("gaxx_agent_exec_refused_total", &refused, 1.0);
    let cancelled = [("outcome", "cancelled")];
    agent.wait_metric("gaxx_agent_exec_outcomes_total", &cancelled, 1.0);
}

#[test]
fn nothing_runs_before_somebody_says_what() {
    let agent = Agent::builder().start();
    let refused = agent
        .try_exec(&json!({ "command": "/usr/bin/uptime" }), &[])
        .expect(403);
    let said = refused.json();
    assert_eq!(said["reason"], "nothing_allowed");
    assert!(
        said["remedy"].as_str().unwrap().contains("allow: rules"),
        "{said}"
    );
    for name in ["gaxx_agent_exec_requests", "gaxx_agent_exec_errors"] {
        agent.wait_metric(name, &[], 1.0);
    }
    let metrics = agent.metrics();
    for name in [
        "gaxx_agent_exec_successful",
        "gaxx_agent_exec_failed",
        "gaxx_agent_heartbeats",
        "gaxx_tasks_started",
    ] {
        assert_eq!(metrics.value(name, &[]), Some(0.0), "{name}");
    }
    assert_eq!(agent.call_as_nobody("POST", "/v0/exec").send().status, 401);
}

#[test]
fn a_stopped_agent_leaves_no_command() {
    let mut agent = Agent::builder().config(ANY).start();
    let mark = trees::mark();
    std::thread::scope(|scope| {
        let script = format!("setsid sleep {mark} & sleep {mark}");
        let report = scope.spawn({
            let agent = &agent;
            move || agent.try_exec(&shell(&script), &[])
        });
        wait_until("both sleep", || trees::marked(&mark).len() == 2);
        let pid = Process(agent.pid());
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(pid.0.cast_signed()).unwrap(),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        let said = report.join().unwrap();
        assert_eq!(said.json()["outcome"], "cancelled");
    });
    assert!(agent.wait_exit(gaxx_tests::BOUND).success());
    wait_until("nothing sleeps", || trees::marked(&mark).is_empty());
}
