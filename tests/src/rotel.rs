//! A real receiver of OTLP, and what it says it was sent.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::child::Child;
use crate::poll::{BOUND, wait_for};
use crate::prometheus::free_address;
use crate::tool::Tool;

const ATTEMPTS: usize = 5;

/// A running rotel, killed when dropped.
#[derive(Debug)]
pub struct Rotel {
    _child: Child,
    http: String,
    grpc: String,
    output: PathBuf,
    _folder: TempDir,
}

/// A metric as rotel has read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RotelMetric {
    /// `Sum`, `Gauge` or `Histogram`.
    pub kind: String,
    /// Whether it is said to be monotonic and cumulative; each only of those kinds that can be.
    pub monotonic: bool,
    /// See `monotonic`.
    pub cumulative: bool,
    /// The lines that tell of its points.
    pub points: Vec<String>,
}

impl Rotel {
    /// Starts it on free ports.
    #[track_caller]
    pub fn start(tool: &Tool) -> Self {
        Self::start_at(tool, &free_address())
    }

    /// Starts it with this address for HTTP.
    #[track_caller]
    pub fn start_at(tool: &Tool, http: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("gaxx-rotel-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let output = folder.path().join("said");
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            let grpc = free_address();
            // What it says is too much for the keeper of a child's last lines.
            let mut command = Command::new("sh");
            command
                .args(["-c", "exec \"$@\" >said", "sh"])
                .arg(tool.path())
                .args(["start", "--otlp-http-endpoint", http])
                .args(["--otlp-grpc-endpoint", &grpc, "--exporter", "blackhole"])
                .args([
                    "--debug-log",
                    "metrics",
                    "--debug-log-verbosity",
                    "detailed",
                ])
                .current_dir(folder.path())
                .stdin(Stdio::null());
            let mut child = Child::spawn("rotel", &mut command);
            let waited = wait_for(BOUND, || {
                if child.exited().is_some() {
                    return Ok(false);
                }
                let both = [http, grpc.as_str()].map(TcpStream::connect);
                if both.iter().all(Result::is_ok) {
                    Ok(true)
                } else {
                    Err("nobody listens")
                }
            });
            match waited {
                Ok(true) => {
                    return Self {
                        _child: child,
                        http: http.to_owned(),
                        grpc,
                        output,
                        _folder: folder,
                    };
                }
                other => reason = format!("{other:?}\n{}", child.tail()),
            }
        }
        panic!("rotel does not start: {reason}");
    }

    /// Where it takes HTTP, as `http://127.0.0.1:PORT`.
    pub fn http(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Where it takes gRPC, as `http://127.0.0.1:PORT`.
    pub fn grpc(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// All that it says.
    #[track_caller]
    pub fn said(&self) -> String {
        fs::read_to_string(&self.output).expect("rotel writes there")
    }

    /// The metrics that it was sent until now, by name; of each the latest.
    #[track_caller]
    pub fn metrics(&self) -> BTreeMap<String, RotelMetric> {
        let mut all = BTreeMap::new();
        let mut current: Option<(String, RotelMetric)> = None;
        for line in self.said().lines() {
            if let Some(name) = line.strip_prefix("     -> Name: ") {
                all.extend(current.replace((name.to_owned(), RotelMetric::default())));
                continue;
            }
            let Some((_, metric)) = &mut current else {
                continue;
            };
            if let Some(kind) = line.strip_prefix("     -> DataType: ") {
                kind.clone_into(&mut metric.kind);
            } else if line.ends_with("IsMonotonic: true") {
                metric.monotonic = true;
            } else if line.ends_with("AGGREGATION_TEMPORALITY_CUMULATIVE") {
                metric.cumulative = true;
            } else {
                metric.points.push(line.to_owned());
            }
        }
        all.extend(current);
        all
    }
}
