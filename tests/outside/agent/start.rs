//! How an agent starts: its ports, its refusals, its token, its names.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use gaxx_tests::{
    Agent, BOUND, Browser, Monitor, PluginFolder, QUIET, Request, cdylib, require, wait_until,
};
use rustix::process::Signal;

/// Names of the agent's role that core and the built-in plugins have, with their types.
const NAMES: [(&str, &str); 20] = [
    ("gaxx_agent_starts", "counter"),
    ("gaxx_agent_errors", "counter"),
    ("gaxx_agent_shutdowns", "counter"),
    ("gaxx_agent_heartbeats", "counter"),
    ("gaxx_agent_exec_requests", "counter"),
    ("gaxx_agent_exec_successful", "counter"),
    ("gaxx_agent_exec_failed", "counter"),
    ("gaxx_agent_exec_duration", "histogram"),
    ("gaxx_agent_exec_output_size", "histogram"),
    ("gaxx_agent_request_duration", "histogram"),
    ("gaxx_tasks_started", "counter"),
    ("gaxx_task_duration", "histogram"),
    ("gaxx_task_success_rate_percent", "gauge"),
    ("gaxx_file_transfer_duration", "histogram"),
    ("gaxx_file_transfer_throughput_mbps", "histogram"),
    ("gaxx_memory_heap_bytes", "gauge"),
    ("gaxx_goroutines_total", "gauge"),
    ("gaxx_gc_total", "counter"),
    ("gaxx_uptime_seconds", "gauge"),
    ("process_resident_memory_bytes", "gauge"),
];

#[test]
fn it_serves_its_pages_its_api_and_profiling() {
    let agent = Agent::builder().config(QUIET).start();
    for path in [
        "/health",
        "/metrics",
        "/dashboard",
        "/api/metrics",
        "/api/health",
    ] {
        assert_eq!(agent.get(path).status, 200, "{path}");
    }
    let profiling = agent.profiling().expect("a free port was asked for");
    let page = Request::new("GET", &profiling).send().expect(200);
    assert!(page.text().contains("profiling"), "{}", page.text());
    let index = agent.call("GET", "/").send().expect(200);
    assert!(index.text().contains("POST /v0/exec"), "{}", index.text());
    assert_eq!(agent.call_as_nobody("GET", "/-/healthy").send().status, 200);
    // The API has none of the pages.
    assert_eq!(agent.call("GET", "/metrics").send().status, 404);
}

#[test]
fn the_first_scrape_has_every_name() {
    let agent = Agent::builder().start();
    agent.wait_ready();
    let scrape = agent.metrics();
    for (name, kind) in NAMES {
        let family = scrape.families.get(name);
        let family = family.unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(family.kind, kind, "{name}");
    }
    let value = |name: &str| scrape.value(name, &[]);
    assert_eq!(value("gaxx_agent_starts"), Some(1.0));
    for zero in [
        "errors",
        "shutdowns",
        "heartbeats",
        "exec_requests",
        "request_duration_count",
    ] {
        assert_eq!(value(&format!("gaxx_agent_{zero}")), Some(0.0), "{zero}");
    }
    assert_eq!(value("gaxx_task_success_rate_percent"), Some(100.0));
    assert!(value("gaxx_goroutines_total").unwrap() < 20.0, "at rest");
    let own = |name: &&String| name.starts_with("gaxx_app_") || name.starts_with("gaxx_node_");
    assert_eq!(scrape.families.keys().find(own), None);
    assert_eq!(
        scrape.value("gaxx_build_info", &[("role", "agent")]),
        Some(1.0)
    );
}

#[test]
fn every_request_to_the_api_is_timed_but_those_of_its_own_check() {
    let agent = Agent::builder().start();
    let count = || {
        agent
            .metrics()
            .value("gaxx_agent_request_duration_count", &[])
    };
    let check = |name: &str| {
        agent
            .checks()
            .into_iter()
            .find(|check| check["name"] == name)
    };
    wait_until("the API's check has asked it", || {
        check("agent_api").is_some_and(|check| check["status"] == "healthy")
    });
    let told = check("agent_api").unwrap();
    let message = told["message"].as_str().unwrap();
    assert!(message.contains(agent.api_address()), "{told}");
    assert_eq!(count(), Some(0.0));
    assert_eq!(agent.call("GET", "/").send().status, 200);
    agent.call_as_nobody("GET", "/nowhere").send();
    assert_eq!(count(), Some(2.0));
}

#[test]
fn the_token_of_this_machine_is_made_once_for_its_owner_only() {
    let mut agent = Agent::builder().start();
    let (token, file) = (agent.token(), agent.state().join("agent.token"));
    assert!(token.len() >= 43, "256 bits");
    let mode = |file: &std::path::Path| file.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(agent.call("GET", "/").send().status, 200);
    assert_eq!(agent.call_as("GET", "/", "wrong").send().status, 401);
    assert_eq!(agent.call_as_nobody("GET", "/").send().status, 401);
    assert!(!agent.log_contains(&token));

    agent.kill();
    let mut agent = agent.restart();
    assert_eq!(agent.token(), token);
    assert_eq!(agent.call("GET", "/").send().status, 200);

    agent.kill();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let mut refused = agent.relaunch();
    assert_ne!(refused.wait_exit(BOUND).code(), Some(0));
    assert!(refused.log_contains("0640") && refused.log_contains("chmod 600"));
}

#[test]
fn without_a_local_token_there_is_none() {
    let agent = Agent::builder()
        .config("agent: {local_token: false}\n")
        .env("GAXX_AGENT_TOKEN", "from-the-environment")
        .start();
    assert!(!agent.state().join("agent.token").exists());
    let with = |token| agent.call_as("GET", "/", token).send().status;
    assert_eq!(with("from-the-environment"), 200);
    assert_eq!(with("another"), 401);
}

#[test]
fn without_telemetry_only_the_api_is_served() {
    let agent = Agent::builder()
        .config("telemetry: {enabled: false}\n")
        .start();
    assert_eq!(agent.call("GET", "/").send().status, 200);
    assert_eq!(agent.profiling(), None);
    assert!(!agent.log_contains("listening on"), "{:?}", agent.log());
    assert_eq!(
        agent.call_as_nobody("GET", "/v0/heartbeat").send().status,
        200
    );
}

#[test]
fn what_plugins_serve_for_profiling_is_on_the_monitoring_port_too() {
    let folder = PluginFolder::new();
    folder.add(&cdylib("gaxx-rogue"));
    let agent = Agent::builder().plugins(folder.path()).start();
    agent.wait_ready();
    let path = "/debug/rogue";
    let profiling = agent.profiling().expect("a free port was asked for");
    let there = Request::new("GET", &format!("{profiling}{path}")).send();
    assert_eq!(there.expect(200).text(), "calm\n");
    assert_eq!(agent.get(path).expect(200).text(), "calm\n");
    assert_eq!(agent.call("GET", path).send().status, 404);
    // The other way round it is not so.
    let pages = Request::new("GET", &format!("{profiling}/rogue/calm")).send();
    assert_eq!(pages.status, 404);
    let index = Request::new("GET", &profiling).send().expect(200);
    assert!(index.text().contains(path), "{}", index.text());
}

#[test]
fn both_roles_run_on_one_host() {
    let holder = TcpListener::bind("127.0.0.1:6060");
    let (main, agent) = (Monitor::builder().start(), Agent::builder().start());
    assert_eq!(main.get("/-/healthy").status, 200);
    assert_eq!(agent.get("/-/healthy").status, 200);
    // The usual port of profiling is taken, by this test or by somebody else on this machine.
    let without = Agent::builder()
        .own_ports()
        .env_remove("GAXX_PROFILING__PORT")
        .config("agent: {api_port: 0, monitoring_port: 0}\n")
        .start();
    assert_eq!(without.profiling(), None);
    assert!(
        without.log_contains("127.0.0.1:6060 is in use"),
        "{:?}",
        without.log()
    );
    drop(holder);
}

#[test]
fn a_taken_port_is_an_error_that_names_its_key() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    for (section, key) in [
        ("agent", "monitoring_port"),
        ("agent", "api_port"),
        ("profiling", "port"),
    ] {
        let variable = format!("GAXX_{section}__{key}").to_uppercase();
        let mut refused = Agent::builder()
            .own_ports()
            .config("agent: {api_port: 0, monitoring_port: 0}\n")
            .env(&variable, port.to_string())
            .launch();
        assert_ne!(refused.wait_exit(BOUND).code(), Some(0), "{key}");
        let said = refused.log().join("\n");
        assert!(said.contains(&format!("{section}.{key}")), "{said}");
    }
}

#[test]
fn what_would_be_open_to_others_is_refused() {
    let tls = "{certificate: c, key: k}";
    for (config, parts) in [
        ("agent: {listen: 0.0.0.0}", ["agent.listen", "agent init"]),
        (
            &format!("agent: {{listen: 0.0.0.0, tls: {tls}}}"),
            ["auth.tokens", "agent.tls.client_ca"],
        ),
        (
            "profiling: {listen: 0.0.0.0}",
            ["profiling.listen", "profiling.tls.certificate"],
        ),
        (
            "server: {listen: 0.0.0.0}",
            ["server.listen", "allow_plain_remote"],
        ),
        (
            "agent: {tls: {require_client_certificate: true}}",
            ["require_client_certificate", "client_ca"],
        ),
        (
            "agent: {tls: {certificate: c}}",
            ["agent.tls.certificate", "agent.tls.key"],
        ),
        (
            "agent: {tls: {certificate: c, key: k}}",
            ["agent.tls", "cannot be read"],
        ),
    ] {
        let mut refused = Agent::builder().config(&format!("{config}\n")).launch();
        assert_ne!(refused.wait_exit(BOUND).code(), Some(0), "{config}");
        let said = refused.log().join("\n");
        for part in parts {
            assert!(said.contains(part), "{config}: {said}");
        }
    }
    let mut by_name = Agent::builder()
        .env("GAXX_AGENT_REQUIRE_MTLS", "true")
        .launch();
    assert_ne!(by_name.wait_exit(BOUND).code(), Some(0));
    assert!(
        by_name.log_contains("GAXX_AGENT_REQUIRE_MTLS"),
        "{:?}",
        by_name.log()
    );
}

#[test]
fn a_signal_ends_it_and_another_has_it_read_its_configuration() {
    let mut agent = Agent::builder().config("health: {}\n").start();
    agent.wait_ready();
    // sha256 of "new".
    let hash = "sha256:11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437";
    agent.rewrite_config(&format!(
        "auth: {{tokens: [{{name: new, hash: '{hash}', scopes: [read]}}]}}\n"
    ));
    assert_eq!(agent.call_as("GET", "/", "new").send().status, 401);
    agent.signal(Signal::HUP);
    wait_until("the new token is taken", || {
        agent.call_as("GET", "/", "new").send().status == 200
    });
    let exec = agent
        .call_as("POST", "/v0/exec", "new")
        .header("Content-Type", "application/json");
    let answer = exec
        .try_send_body(b"{\"command\":\"true\"}".to_vec())
        .unwrap();
    assert_eq!(answer.status, 403, "{answer:?}");
    agent.signal(Signal::TERM);
    assert_eq!(agent.wait_exit(BOUND).code(), Some(0));
}

#[test]
fn init_makes_an_agent_and_its_client() {
    let agent = Agent::builder();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("node");
    let init = || {
        Monitor::builder()
            .no_listen()
            .args(["agent", "init", "--name", "node-7"])
            .arg(&folder)
            .run()
    };
    let made = init().expect(0);
    assert!(made.stdout.contains("gaxx-mon agent --config"), "{made:?}");
    assert!(init().expect(1).stderr.contains("is there already"));

    let agent = agent
        .arg("--config")
        .arg(folder.join("config.yaml"))
        .start();
    assert!(agent.api().starts_with("https://"), "{}", agent.api());
    let check = || {
        agent
            .checks()
            .into_iter()
            .find(|check| check["name"] == "agent_api")
    };
    wait_until("the API's check has been turned away as it must", || {
        check().is_some_and(|check| check["status"] == "healthy")
    });
    let Some(curl) = require("curl") else { return };
    let url = format!("{}/v0/heartbeat", agent.api());
    let ca = folder.join("ca.pem");
    let mut known = curl.command();
    known
        .args(["-sS", "--cacert"])
        .arg(&ca)
        .arg("--cert")
        .arg(folder.join("client.pem"));
    let answer = known
        .arg("--key")
        .arg(folder.join("client.key"))
        .arg(&url)
        .output()
        .unwrap();
    assert!(answer.status.success(), "{answer:?}");
    let unknown = curl
        .command()
        .args(["-sS", "--cacert"])
        .arg(&ca)
        .arg(&url)
        .output()
        .unwrap();
    assert!(!unknown.status.success(), "{unknown:?}");

    let client = |command: &str| {
        let mut client: Command = agent.client();
        client
            .arg("--config")
            .arg(folder.join("client.yaml"))
            .args([command, agent.api()]);
        client
    };
    let ping = client("ping").output().unwrap();
    assert!(ping.status.success(), "{ping:?}");
    let exec = client("exec").args(["--", "true"]).output().unwrap();
    let said = String::from_utf8_lossy(&exec.stderr);
    assert!(
        !exec.status.success() && said.contains("agent-exec"),
        "nothing may run yet: {exec:?}"
    );
}

#[test]
fn a_token_is_made_with_what_the_configuration_needs() {
    let made = Monitor::builder()
        .no_listen()
        .args([
            "agent",
            "token",
            "ci",
            "--scopes",
            "read,exec",
            "--expires",
            "30d",
        ])
        .run()
        .expect(0);
    let token = made.stdout.trim();
    assert!(
        token.len() >= 43 && !made.stderr.contains(token),
        "{made:?}"
    );
    let (_, config) = made.stderr.split_once("SIGHUP:\n\n").unwrap();
    let (config, _) = config.split_once("\n\n").unwrap();
    let agent = Agent::builder().config(config).start();
    assert_eq!(agent.call_as("GET", "/", token).send().status, 200);
}

/// Every line of the first document that names the agent's pages.
#[test]
fn the_first_documents_lines_work_as_they_are_typed() {
    let (Some(curl), Some(jq)) = (require("curl"), require("jq")) else {
        return;
    };
    let agent = Agent::builder().config(QUIET).start();
    agent.wait_ready();
    for line in [
        "curl http://localhost:9091/health",
        "curl http://localhost:9091/metrics",
        "curl http://localhost:9091/dashboard",
        "curl -s http://localhost:9091/api/metrics | jq",
        "curl -s http://localhost:9091/api/metrics | jq '.[] | select(.name | contains(\"exec\"))'",
        "curl -s http://localhost:9091/api/metrics | jq '.[] | select(.name == \"gaxx_task_success_rate_percent\")'",
        "curl http://localhost:9091/api/metrics | jq '.[] | select(.name == \"gaxx_goroutines_total\")'",
        "curl -s http://localhost:9091/api/metrics | jq '.[] | select(.name | contains(\"request_duration\"))'",
        "curl -s http://localhost:9091/api/metrics | jq '.[] | select(.name | contains(\"task\"))'",
    ] {
        let typed = line.replace("localhost:9091", agent.address());
        // -f: an answer that is an error fails.
        let typed = typed.replace("curl ", "curl -f ");
        let mut shell = Command::new("bash");
        shell.args(["-o", "pipefail", "-c", &typed]);
        for tool in [&curl, &jq] {
            let path = shell.get_envs().find(|(name, _)| *name == "PATH");
            let path = path.and_then(|(_, path)| path).map(OsString::from);
            let path = path
                .or_else(|| std::env::var_os("PATH"))
                .unwrap_or_default();
            let own = tool.path().parent().unwrap().to_owned();
            let folders = std::iter::once(own).chain(std::env::split_paths(&path));
            shell.env("PATH", std::env::join_paths(folders).unwrap());
        }
        let output = shell.output().unwrap();
        assert!(
            output.status.success() && !output.stdout.is_empty(),
            "{line}: {output:?}"
        );
    }
}

#[test]
fn the_dashboard_names_role_and_ports() {
    let Some(browser) = Browser::require() else {
        return;
    };
    let agent = Agent::builder().start();
    agent.wait_ready();
    browser.open(&format!("{}/dashboard", agent.base()));
    browser.wait_attribute("#connection", "data-state", |state| state == "live");
    assert_eq!(browser.text("#role").as_deref(), Some("agent"));
    let listeners = browser.text("#listeners").unwrap_or_default();
    for url in [agent.base(), agent.api()] {
        let port = url.rsplit(':').next().unwrap();
        assert!(listeners.contains(port), "{port} in {listeners}");
    }
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "{errors:#?}");
}
