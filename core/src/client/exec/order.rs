//! What is to run.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// What is to run, as the request has it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Order {
    /// The program: an absolute path.
    pub command: String,
    /// What it is given.
    pub args: Vec<String>,
    /// `KEY=VALUE` each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// How long it may run; the node's own limit where none is said.
    #[serde(
        rename = "timeout_seconds",
        skip_serializing_if = "Option::is_none",
        serialize_with = "seconds"
    )]
    pub timeout: Option<Duration>,
    /// The folder it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_dir: Option<String>,
    /// The user it runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The idempotency key: the node runs the same key once, however often it is asked.
    #[serde(skip)]
    pub key: Option<String>,
}

/// What a command reads.
#[derive(Debug, Default)]
pub enum Input {
    /// Nothing.
    #[default]
    None,
    /// These bytes. They are sent again with the request, where that is sent again.
    Whole(Bytes),
    /// What comes out of a channel, as it comes; its end is the end of the input.
    Streamed(mpsc::Receiver<Bytes>),
}

impl Order {
    /// The request, with the whole input if there is one.
    pub(super) fn request(&self, input: Option<&[u8]>) -> Value {
        let mut request = serde_json::to_value(self).expect("an order is plain data");
        if let Some(input) = input {
            let (name, text) = text_or_base64("input", input);
            request[name] = json!(text);
        }
        request
    }
}

/// Whole seconds as a whole number, which every version takes.
#[allow(clippy::ref_option, reason = "serde asks for it")]
fn seconds<S: serde::Serializer>(
    timeout: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match timeout {
        Some(timeout) if timeout.subsec_nanos() == 0 => serializer.serialize_u64(timeout.as_secs()),
        Some(timeout) => serializer.serialize_f64(timeout.as_secs_f64()),
        None => serializer.serialize_none(),
    }
}

/// A line that brings a piece of input.
pub(super) fn input_line(piece: &[u8]) -> Bytes {
    let (name, text) = text_or_base64("stdin", piece);
    line(&json!({ name: text }))
}

/// The line that ends the input.
pub(super) fn end_of_input() -> Bytes {
    line(&json!({"eof": true}))
}

/// A value as a line.
pub(super) fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}

/// Bytes as text where they are UTF-8, else in base64 under the name that says so.
fn text_or_base64(name: &str, bytes: &[u8]) -> (String, String) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (name.to_owned(), text.to_owned()),
        Err(_) => (format!("{name}_base64"), STANDARD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_what_is_said_and_nothing_else() {
        let mut order = Order {
            command: "/bin/true".to_owned(),
            key: Some("not in the body".to_owned()),
            ..Order::default()
        };
        assert_eq!(
            order.request(None),
            json!({"command": "/bin/true", "args": []})
        );
        order.timeout = Some(Duration::from_secs(2));
        order.user = Some("u".to_owned());
        assert_eq!(
            order.request(Some(b"\xff")),
            json!({"command": "/bin/true", "args": [], "timeout_seconds": 2, "user": "u", "input_base64": "/w=="})
        );
        order.timeout = Some(Duration::from_millis(1500));
        assert_eq!(order.request(Some(b"a"))["timeout_seconds"], json!(1.5));
        assert_eq!(order.request(Some(b"a"))["input"], json!("a"));
    }

    #[test]
    fn input_lines_are_text_where_they_can_be() {
        assert_eq!(input_line(b"a\n"), "{\"stdin\":\"a\\n\"}\n");
        assert_eq!(input_line(b"\xff"), "{\"stdin_base64\":\"/w==\"}\n");
        assert_eq!(end_of_input(), "{\"eof\":true}\n");
    }
}
