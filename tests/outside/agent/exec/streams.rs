//! Output as it comes, and input as it is sent.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_tests::{Agent, Process};
use serde_json::{Value, json};

use super::calls::{ANY, Calls, shell};

#[test]
fn a_gibibyte_passes_byte_for_byte_with_flat_memory() {
    let agent = Agent::builder().config(ANY).start();
    let script = "head -c 1073741824 /dev/zero | tr '\\0' 'x'";
    let body =
        json!({ "command": "/bin/sh", "args": ["-c", script], "stream": "ndjson" }).to_string();
    let mut curl = Command::new("curl");
    curl.args(["-sSN", "-H", "Content-Type: application/json", "-d", &body]);
    curl.args([
        "-H",
        &format!("Authorization: Bearer {}", agent.token()),
        &format!("{}/v0/exec", agent.api()),
    ]);
    let mut curl = curl.stdout(Stdio::piped()).spawn().expect("curl");
    let mut reader = BufReader::with_capacity(1 << 20, curl.stdout.take().expect("a pipe"));
    let (mut bytes, mut most, mut last) = (0_u64, 0.0_f64, String::new());
    let mut line = Vec::new();
    let (before, after) = (b"{\"stdout\":\"", b"\"}\n");
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).expect("output") == 0 {
            break;
        }
        match line
            .strip_prefix(before)
            .and_then(|line| line.strip_suffix(after))
        {
            Some(text) => {
                assert!(
                    text == &vec![b'x'; text.len()][..],
                    "something else came through"
                );
                bytes += text.len() as u64;
            }
            None => last = String::from_utf8_lossy(&line).into_owned(),
        }
        if bytes % (64 << 20) < 70_000 {
            most = most.max(Process(agent.pid()).memory().rss);
        }
    }
    assert!(curl.wait().expect("curl ends").success());
    let ended: Value = serde_json::from_str(&last).expect("a last frame");
    assert_eq!(bytes, 1 << 30);
    assert_eq!(
        (
            &ended["ended"]["stdout_bytes"],
            &ended["ended"]["exit_code"]
        ),
        (&json!(1_u64 << 30), &json!(0))
    );
    assert_eq!(ended["ended"]["stdout_truncated"], false);
    assert!(most < 100.0, "{most} MB");
}

#[test]
fn bytes_that_are_no_text_pass_both_ways() {
    let agent = Agent::builder().config(ANY).start();
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let request =
        json!({ "command": "tee", "args": ["/dev/stderr"], "input_base64": STANDARD.encode(&all) });
    let report = agent.exec(&request);
    for stream in ["stdout", "stderr"] {
        assert_eq!(report[stream], Value::Null);
        let told = STANDARD
            .decode(report[format!("{stream}_base64")].as_str().unwrap())
            .unwrap();
        assert!(told == all, "{stream}");
    }
}

#[test]
fn input_arrives_while_the_command_runs() {
    let agent = Agent::builder().config(ANY).start();
    let mut client = TcpStream::connect(agent.api_address()).unwrap();
    write!(
        client,
        "POST /v0/exec HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/x-ndjson\r\n\
         Accept: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        agent.api_address(), agent.token(),
    )
    .unwrap();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut send = |line: &str| write!(client, "{:x}\r\n{line}\n\r\n", line.len() + 1).unwrap();
    let mut until = |wanted: &str| {
        let mut line = String::new();
        while !line.contains(wanted) {
            line.clear();
            assert!(
                reader.read_line(&mut line).unwrap() > 0,
                "{wanted} never came"
            );
        }
        line
    };
    send(&json!({ "command": "cat" }).to_string());
    until("event: started");
    send(r#"{"stdin":"one\n"}"#);
    until(r#"{"stdout":"one\n"}"#);
    send(r#"{"stdin_base64":"dHdvCg=="}"#);
    until(r#"{"stdout":"two\n"}"#);
    send(r#"{"eof":true}"#);
    let ended = until("\"ended\"");
    assert!(ended.contains("\"exit_code\":0"), "{ended}");
}

#[test]
fn what_is_too_much_is_cut_and_counted() {
    let config = format!("{ANY}    max_output: 1000\n    max_streamed: 2000\n");
    let agent = Agent::builder().config(&config).start();
    let mut request = shell("seq 10000; echo e >&2");
    let report = agent.exec(&request);
    assert_eq!(
        (
            report["stdout"].as_str().unwrap().len(),
            &report["stdout_bytes"]
        ),
        (1000, &json!(48_894))
    );
    assert_eq!(
        (&report["stdout_truncated"], &report["stderr_truncated"]),
        (&json!(true), &json!(false))
    );
    request["stream"] = json!("ndjson");
    let text = agent.try_exec(&request, &[]).expect(200).text().to_owned();
    let frames: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let printed: usize = frames
        .iter()
        .filter_map(|frame| frame["stdout"].as_str())
        .map(str::len)
        .sum();
    assert_eq!(
        (
            printed,
            &frames.last().unwrap()["ended"]["stdout_truncated"]
        ),
        (2000, &json!(true))
    );
}
