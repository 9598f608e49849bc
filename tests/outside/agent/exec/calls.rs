//! How the tests of commands ask for them.

use gaxx_tests::{Agent, Response, wait_until};
use serde_json::{Value, json};

/// A configuration in which everything may run. Lines of `plugins.agent-exec` may follow.
pub(super) const ANY: &str = "plugins:\n  agent-exec:\n    allow: any\n";

/// Requests to run something.
pub(super) trait Calls {
    /// Whatever is answered.
    fn try_exec(&self, request: &Value, headers: &[(&str, &str)]) -> Response;

    /// The report of a command that may run.
    fn exec(&self, request: &Value) -> Value {
        self.try_exec(request, &[]).expect(200).json()
    }

    /// Waits until a metric has this value: a scrape may show what was there a second ago.
    fn wait_metric(&self, name: &str, labels: &[(&str, &str)], value: f64);

    /// The same with a key.
    fn exec_once(&self, key: &str, request: &Value) -> Value {
        self.try_exec(request, &[("Idempotency-Key", key)])
            .expect(200)
            .json()
    }
}

impl Calls for Agent {
    fn try_exec(&self, request: &Value, headers: &[(&str, &str)]) -> Response {
        let mut call = self
            .call("POST", "/v0/exec")
            .header("Content-Type", "application/json");
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.try_send_body(request.to_string().into_bytes())
            .expect("an answer")
    }

    fn wait_metric(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        wait_until(&format!("{name}{labels:?} is {value}"), || {
            self.metrics().value(name, labels) == Some(value)
        });
    }
}

/// A request to run a script.
pub(super) fn shell(script: &str) -> Value {
    json!({ "command": "/bin/sh", "args": ["-c", script] })
}
