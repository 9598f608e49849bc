//! A real `node_exporter`, to compare with.

use crate::child::Child;
use crate::exposition::Exposition;
use crate::http_client::Request;
use crate::poll::{BOUND, wait_for};
use crate::prometheus::free_address;
use crate::tool::Tool;

const ATTEMPTS: usize = 5;

/// A running `node_exporter`, killed when dropped.
#[derive(Debug)]
pub struct NodeExporter {
    child: Child,
    address: String,
}

impl NodeExporter {
    /// Starts it on a free port with its default collectors.
    #[track_caller]
    pub fn start(tool: &Tool) -> Self {
        Self::start_with(tool, &[])
    }

    /// Starts it on a free port with these arguments.
    #[track_caller]
    pub fn start_with(tool: &Tool, arguments: &[String]) -> Self {
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            let address = free_address();
            let mut command = tool.command();
            command.arg(format!("--web.listen-address={address}"));
            command.args(arguments);
            let mut child = Child::spawn("node_exporter", &mut command);
            let waited = wait_for(BOUND, || {
                let ended = child.exited().is_some();
                let answer = Request::new("GET", &format!("http://{address}/")).try_send();
                if ended {
                    Ok(false)
                } else {
                    answer.map(|_| true)
                }
            });
            match waited {
                Ok(true) => {
                    return Self { child, address };
                }
                other => reason = format!("{other:?}\n{}", child.tail()),
            }
        }
        panic!("node_exporter does not start: {reason}");
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its metrics as text.
    #[track_caller]
    pub fn text(&self) -> String {
        let url = format!("http://{}/metrics", self.address);
        Request::new("GET", &url)
            .send()
            .expect(200)
            .text()
            .to_owned()
    }

    /// Its metrics.
    #[track_caller]
    pub fn metrics(&self) -> Exposition {
        Exposition::parse(&self.text()).unwrap_or_else(|reason| panic!("node_exporter: {reason}"))
    }
}
