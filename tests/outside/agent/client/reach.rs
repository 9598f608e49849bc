//! Which node, and what stands in the way to it.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use super::rig::{Rig, said};

#[test]
fn a_heartbeat_names_the_node_and_what_it_serves() {
    let rig = Rig::start();
    let ping = said(
        rig.command("ping")
            .args(["--count", "2", "--interval", "1ms"]),
    )
    .expect(0);
    let text = String::from_utf8(ping.output).unwrap();
    assert!(text.contains("agent-exec, file-transfer"), "{text}");
    assert!(text.contains("2 of 2 heartbeats came; min "), "{text}");
    assert!(
        ping.errors.contains("`any`"),
        "what everybody should know: {}",
        ping.errors
    );
    let ping = said(rig.command("ping").args(["--format", "json"])).expect(0);
    let beat: serde_json::Value = serde_json::from_slice(&ping.output).unwrap();
    assert!(beat["round_trip_seconds"].is_f64() && beat["capabilities"]["listeners"].is_object());
}

#[test]
fn what_is_in_the_way_is_named_with_a_remedy() {
    let rig = Rig::start();
    let at = |node: &str, words: &[&str]| {
        let mut command = rig.agent.client();
        said(
            command
                .args(["exec", node])
                .args(words)
                .args(["--no-input", "--", "/bin/true"]),
        )
    };
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    at(&free, &[]).expect_error(125, "gaxx-mon agent");
    at("http://192.0.2.1", &[]).expect_error(125, "--plain-http");
    at("no-such-host.invalid", &[]).expect_error(125, "no address");
    at("a b", &[]).expect_error(2, "HOST:PORT");
    let secured = rig.agent.api().replace("http://", "https://");
    at(&secured, &["--ca", "/no/such/ca"]).expect_error(125, "/no/such/ca");
    let monitoring = rig.agent.base().to_owned();
    at(&monitoring, &[]).expect_error(125, "no agent");
}

#[test]
fn tokens_come_from_files_that_are_private_and_from_the_environment() {
    let rig = Rig::start();
    let file = rig.here("token");
    let write = |text: &str, mode| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    let run = |token: Option<&str>| {
        let mut command = rig.command("exec");
        command.arg("--token-file").arg(&file);
        command.args(["--no-input", "--", "/bin/true"]);
        if let Some(token) = token {
            command.env("GAXX_AGENT_TOKEN", token);
        }
        said(&mut command)
    };
    write(&rig.agent.token(), 0o600);
    run(None).expect(0);
    run(Some("the-file-goes-before-it")).expect(0);
    write(&rig.agent.token(), 0o644);
    run(None).expect_error(125, "chmod 600");
    write("another", 0o600);
    run(None).expect_error(125, "(401)");
    let mut command = rig.command("exec");
    command
        .env("GAXX_AGENT_TOKEN", "another")
        .args(["--no-input", "--", "/bin/true"]);
    said(&mut command).expect_error(125, "(401)");
}
