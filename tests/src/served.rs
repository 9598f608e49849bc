//! Receivers that are one program with one address.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::child::Child;
use crate::http_client::Request;
use crate::prometheus::{ATTEMPTS, free_address, query, ready};
use crate::tool::Tool;
use crate::{BOUND, QueryValue, wait_for};

/// A running program, killed when dropped.
#[derive(Debug)]
struct Served {
    child: Child,
    base: String,
    _folder: TempDir,
}

impl Served {
    /// Starts it on a free port with these arguments, in a folder of its own that holds these files.
    #[track_caller]
    fn start(
        tool: &Tool,
        name: &str,
        files: &[(&str, &str)],
        (arguments, probe): (impl Fn(&str) -> Vec<String>, &str),
    ) -> Self {
        let folder = tempfile::Builder::new().prefix("gaxx-served-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        for (file, text) in files {
            fs::write(folder.path().join(file), text).expect("a temporary folder can be written");
        }
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            let address = free_address();
            let mut command = tool.command();
            command.current_dir(folder.path()).args(arguments(&address));
            let mut child = Child::spawn(name, &mut command);
            let base = format!("http://{address}");
            match ready(&mut child, &format!("{base}{probe}")) {
                Ok(()) => {
                    return Self {
                        child,
                        base,
                        _folder: folder,
                    };
                }
                Err(why) => reason = format!("{why}\n{}", child.tail()),
            }
        }
        panic!("{name} does not start: {reason}");
    }
}

/// A running Alertmanager, which tells nobody.
#[derive(Debug)]
pub struct Alertmanager(Served);

impl Alertmanager {
    /// Starts it.
    #[track_caller]
    pub fn start(tool: &Tool) -> Self {
        let config = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
        let arguments = |address: &str| {
            vec![
                "--config.file=config.yml".to_owned(),
                "--storage.path=data".to_owned(),
                format!("--web.listen-address={address}"),
                "--cluster.listen-address=".to_owned(),
            ]
        };
        // One that was unpacked reads its templates here; nobody is told, so none is needed.
        let files = [
            ("config.yml", config),
            ("default.tmpl", ""),
            ("email.tmpl", ""),
        ];
        Self(Served::start(
            tool,
            "alertmanager",
            &files,
            (arguments, "/-/ready"),
        ))
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.0.base
    }

    /// The alerts that are not resolved.
    #[track_caller]
    pub fn alerts(&self) -> Vec<Value> {
        let url = format!("{}/api/v2/alerts?active=true", self.0.base);
        let answer = Request::new("GET", &url).send();
        assert_eq!(
            answer.status,
            200,
            "{}\n{}",
            answer.text(),
            self.0.child.tail()
        );
        answer.json().as_array().cloned().unwrap_or_default()
    }
}

/// A running `VictoriaMetrics`.
#[derive(Debug)]
pub struct VictoriaMetrics(Served);

impl VictoriaMetrics {
    /// Starts it.
    #[track_caller]
    pub fn start(tool: &Tool) -> Self {
        let arguments = |address: &str| {
            vec![
                "-storageDataPath=data".to_owned(),
                format!("-httpListenAddr={address}"),
                // What was written is there at once.
                "-search.latencyOffset=0s".to_owned(),
                "-search.disableCache".to_owned(),
            ]
        };
        let program = (arguments, "/health");
        Self(Served::start(tool, "victoria-metrics", &[], program))
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.0.base
    }

    /// Waits until the instant query's values satisfy `accept`, and gives them.
    #[track_caller]
    pub fn wait_query(
        &self,
        promql: &str,
        accept: impl Fn(&[QueryValue]) -> bool,
    ) -> Vec<QueryValue> {
        let found = wait_for(BOUND, || {
            let values = query(&self.0.base, promql)?;
            if accept(&values) {
                Ok(values)
            } else {
                Err(format!("{promql} gives {} values", values.len()))
            }
        });
        found.unwrap_or_else(|reason| panic!("{reason}\n{}", self.0.child.tail()))
    }
}
