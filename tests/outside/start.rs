//! How it starts: with nothing, with odd folders, with a taken port, with telemetry off.

use std::fs;
use std::net::{TcpListener, TcpStream};

use gaxx_tests::{BOUND, Monitor, PluginFolder, bare_binary, wait_until};
use rustix::process::Signal;

#[test]
fn nothing_is_needed_and_the_pages_answer_at_once() {
    let monitor = Monitor::builder().start();
    // No waiting: it says where it listens only once it does.
    for path in [
        "/-/healthy",
        "/api/health",
        "/metrics",
        "/api/metrics",
        "/api/plugins",
        "/dashboard",
    ] {
        assert_eq!(monitor.get(path).status, 200, "{path}");
    }
    monitor.wait_ready();
}

#[test]
fn the_json_log_names_the_address_too() {
    let monitor = Monitor::builder().arg("--log-format").arg("json").start();
    assert_eq!(monitor.get("/-/healthy").status, 200);
    for line in monitor.log() {
        serde_json::from_str::<serde_json::Value>(&line)
            .unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[test]
fn only_loopback_is_listened_on() {
    let monitor = Monitor::builder().start();
    let inodes = socket_inodes(monitor.pid());
    let tables = ["tcp", "tcp6"]
        .map(|table| fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default());
    let listening: Vec<_> = tables
        .iter()
        .flat_map(|table| table.lines().skip(1))
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields[3] == "0A" && inodes.contains(&fields[9].to_owned()))
        .map(|fields| fields[1].to_owned())
        .collect();
    assert!(!listening.is_empty());
    for address in listening {
        assert!(
            address.starts_with("0100007F:"),
            "{address} is not 127.0.0.1"
        );
    }
}

#[test]
fn a_taken_port_is_an_error_that_says_what_to_change() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();

    let mut by_flag = Monitor::builder().listen(&address.to_string()).launch();
    assert_ne!(by_flag.wait_exit(BOUND).code(), Some(0));
    let said = by_flag.log().join("\n");
    assert!(
        said.contains(&address.port().to_string()) && said.contains("--listen"),
        "{said}"
    );

    let config = format!("telemetry:\n  monitoring_port: {}\n", address.port());
    let mut by_key = Monitor::builder().config(&config).no_listen().launch();
    assert_ne!(by_key.wait_exit(BOUND).code(), Some(0));
    let said = by_key.log().join("\n");
    assert!(said.contains(&address.port().to_string()), "{said}");
    assert!(said.contains("telemetry.monitoring_port"), "{said}");
}

#[test]
fn an_empty_or_missing_plugin_folder_is_fine_and_said() {
    let folder = PluginFolder::new();
    let empty = Monitor::builder().plugins(folder.path()).start();
    let name = folder
        .path()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    assert!(empty.log_contains(&name), "{:?}", empty.log());
    assert_eq!(empty.get("/metrics").status, 200);

    let missing = folder.path().join("missing");
    let monitor = Monitor::builder().plugins(&missing).start();
    assert!(
        monitor.log_contains(&missing.display().to_string()),
        "{:?}",
        monitor.log()
    );
    assert_eq!(monitor.get("/metrics").status, 200);
}

#[test]
fn source_folders_are_passed_over_silently() {
    let folder = PluginFolder::new();
    fs::create_dir_all(folder.path().join("mysource/src")).unwrap();
    folder.write("README.md", b"Plugins.", 0o644);
    fs::write(folder.path().join("mysource/Cargo.toml"), "[package]\n").unwrap();
    let monitor = Monitor::builder().plugins(folder.path()).start();
    monitor.wait_ready();
    for word in ["mysource", "README.md"] {
        assert!(!monitor.log_contains(word), "{:?}", monitor.log());
    }
}

#[test]
fn without_telemetry_nothing_is_served() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut monitor = Monitor::builder()
        .config("telemetry:\n  enabled: false\n")
        .listen(&free.to_string())
        .launch();
    monitor.wait_log("telemetry");
    assert!(
        TcpStream::connect(free).is_err(),
        "something listens on {free}"
    );
    monitor.signal(Signal::TERM);
    assert_eq!(monitor.wait_exit(BOUND).code(), Some(0));
    assert!(!monitor.log_contains("listening on"), "{:?}", monitor.log());
}

#[test]
fn the_bare_core_serves_without_any_plugin() {
    let monitor = Monitor::builder().program(bare_binary()).start();
    monitor.wait_ready();
    assert!(monitor.plugin("system").is_none());
    let scrape = monitor.metrics();
    assert_eq!(scrape.value("gaxx_app_starts", &[]), Some(1.0));
    assert!(!scrape.families.keys().any(|name| name.starts_with("node_")));
}

#[test]
fn the_version_has_commit_and_target() {
    let version = Monitor::builder().arg("--version").run().expect(0).stdout;
    assert!(
        version.starts_with("gaxx-mon ") && version.contains("linux"),
        "{version}"
    );
}

#[test]
fn the_environment_overrides_the_file() {
    let first = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let config = "telemetry:\n  monitoring_port: 1\n";
    let monitor = Monitor::builder()
        .config(config)
        .no_listen()
        .env("GAXX_TELEMETRY__MONITORING_PORT", first.port().to_string())
        .start();
    assert_eq!(monitor.address(), first.to_string());
}

#[test]
fn the_state_stays_in_its_folder() {
    let monitor = Monitor::builder().start();
    monitor.wait_ready();
    wait_until("only the state folder is written", || {
        let entries = fs::read_dir(monitor.folder()).unwrap();
        entries.flatten().all(|entry| entry.file_name() == "state")
    });
}

/// The inodes of the sockets that a process has open.
fn socket_inodes(pid: u32) -> Vec<String> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links = descriptors
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok());
    links
        .filter_map(|link| {
            let link = link.to_string_lossy().into_owned();
            Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect()
}
