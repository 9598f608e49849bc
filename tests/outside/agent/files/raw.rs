//! Requests as no decent client sends them.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use gaxx_tests::{Agent, BOUND};

/// Sends a head with the agent's own token, and gives the connection.
pub(super) fn open(agent: &Agent, method: &str, target: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(agent.api_address()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let (host, token) = (agent.api_address(), agent.token());
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

/// Sends a whole request, and gives status and body of the answer.
pub(super) fn ask(agent: &Agent, method: &str, target: &str) -> (u16, String) {
    let length = u8::from(method == "PUT");
    let headers = format!("Connection: close\r\nContent-Length: {length}\r\n");
    let mut stream = open(agent, method, target, &headers);
    if length > 0 {
        // It may be refused before.
        let _ = stream.write_all(b"x");
    }
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    (status.unwrap_or_default(), body.unwrap_or_default())
}
