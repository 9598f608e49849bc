//! A `gaxx-mon` under test.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::child::Child;
use crate::exposition::Exposition;
use crate::http_client::{Request, Response};
use crate::poll::BOUND;
use crate::{binary, wait_until};

/// What the log says before the address of the profiling listener.
const PROFILING: &str = "profiling is at ";

/// How a `gaxx-mon` is to be started.
#[derive(Debug, Clone)]
pub struct MonitorBuilder {
    /// The shipped one if there is none.
    program: Option<PathBuf>,
    /// A new one if there is none.
    folder: Option<Arc<TempDir>>,
    config: Option<String>,
    plugins: Vec<PathBuf>,
    listen: Option<String>,
    arguments: Vec<OsString>,
    /// Those without a value are taken away.
    environment: Vec<(OsString, Option<OsString>)>,
}

impl MonitorBuilder {
    /// Another program than the shipped one, for instance [`crate::bare_binary`].
    #[must_use]
    pub fn program(mut self, program: PathBuf) -> Self {
        self.program = Some(program);
        self
    }

    /// The text of the configuration file. Without it the program gets none.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    /// One more `--plugins` folder.
    #[must_use]
    pub fn plugins(mut self, folder: impl AsRef<Path>) -> Self {
        self.plugins.push(folder.as_ref().to_path_buf());
        self
    }

    /// Another address than a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: &str) -> Self {
        self.listen = Some(address.to_owned());
        self
    }

    /// No `--listen`: the configuration or the environment says where.
    #[must_use]
    pub fn no_listen(mut self) -> Self {
        self.listen = None;
        self
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), Some(value.into())));
        self
    }

    /// One variable of the rig less.
    #[must_use]
    pub fn env_remove(mut self, name: &str) -> Self {
        self.environment.push((name.into(), None));
        self
    }

    /// Starts it and waits until it says where it listens.
    #[track_caller]
    pub fn start(self) -> Monitor {
        let mut monitor = self.launch();
        monitor.child.wait_line(BOUND, listening);
        monitor.note_address();
        monitor
    }

    /// Starts it, expecting it to serve no monitoring pages or to fail: nothing is waited for.
    #[track_caller]
    pub fn launch(self) -> Monitor {
        let folder = self.folder.clone().unwrap_or_else(new_folder);
        let mut command = self.command(folder.path());
        if let Some(address) = &self.listen {
            command.arg("--listen").arg(address);
        }
        Monitor {
            child: Child::spawn("gaxx-mon", &mut command),
            base: String::new(),
            folder,
        }
    }

    /// Runs one of the other commands to its end, for instance `.arg("check-config")`. The
    /// `--config` and `--plugins` given are passed on; `--listen` is not.
    #[track_caller]
    pub fn run(self) -> Outcome {
        let folder = new_folder();
        let output = self.command(folder.path()).stdin(Stdio::null()).output();
        Outcome::new(&output.unwrap_or_else(|error| panic!("gaxx-mon does not start: {error}")))
    }

    /// Uses the working folder of another one, and the configuration that is in it now.
    #[must_use]
    pub(crate) fn in_folder_of(mut self, other: &Monitor) -> Self {
        let config = fs::read_to_string(other.folder().join("config.yaml"));
        self.config = config.ok().or(self.config);
        self.folder = Some(Arc::clone(&other.folder));
        self
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = self.bare_command(folder);
        command.args(&self.arguments);
        for plugins in &self.plugins {
            command.arg("--plugins").arg(plugins);
        }
        if let Some(text) = &self.config {
            fs::write(folder.join("config.yaml"), text).expect("a temporary folder can be written");
            command.arg("--config").arg(folder.join("config.yaml"));
        }
        command
    }

    /// The program in `folder`, with its environment and no argument. A `config.yaml` in the
    /// folder is found.
    pub(crate) fn bare_command(&self, folder: &Path) -> Command {
        let program = self.program.clone().unwrap_or_else(binary);
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let ours = name.to_string_lossy().starts_with("GAXX_");
            if ours || name == "RUST_LOG" || name == "NO_COLOR" {
                command.env_remove(name);
            }
        }
        // A folder of its own, so that no stray config.yaml or plugins folder is found.
        command.current_dir(folder);
        command.env("GAXX_STATE_FOLDER", folder.join("state"));
        // Two that take the usual port would meet.
        command.env("GAXX_PROFILING__PORT", "0");
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// A running `gaxx-mon`, killed when dropped.
#[derive(Debug)]
pub struct Monitor {
    child: Child,
    base: String,
    folder: Arc<TempDir>,
}

impl Monitor {
    /// The shipped program on a free port, with no configuration and no plugins folder.
    #[track_caller]
    pub fn builder() -> MonitorBuilder {
        MonitorBuilder {
            program: None,
            folder: None,
            config: None,
            plugins: Vec::new(),
            listen: Some("127.0.0.1:0".to_owned()),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Takes note of where its log says that it listens, if it does.
    pub(crate) fn note_address(&mut self) {
        let log = self.log();
        if let Some(url) = log.iter().find_map(|line| listening(line)) {
            self.base = url;
        }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        self.base.split("://").nth(1).unwrap_or_default()
    }

    /// The address of the profiling listener, `http://127.0.0.1:PORT`, as far as the log tells it.
    pub fn profiling(&self) -> Option<String> {
        let log = self.log();
        let line = log.iter().find(|line| line.contains(PROFILING))?;
        Some(url_behind(PROFILING, line))
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Its working folder, which holds `config.yaml` if there is one, and `state`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts another configuration in the place of the one it was started with; nobody reads half
    /// of it.
    #[track_caller]
    pub fn rewrite_config(&self, text: &str) {
        let half = self.folder().join("config.yaml.part");
        fs::write(&half, text)
            .and_then(|()| fs::rename(half, self.folder().join("config.yaml")))
            .expect("the folder can be written");
    }

    /// A request to one of its paths.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("{}{path}", self.base))
    }

    /// GET, whatever the status.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        match self.request("GET", path).try_send() {
            Ok(response) => response,
            Err(reason) => panic!("GET {path}: {reason}\n{}", self.child.tail()),
        }
    }

    /// `/metrics`, parsed.
    #[track_caller]
    pub fn metrics(&self) -> Exposition {
        let response = self.get("/metrics").expect(200);
        Exposition::parse(response.text()).unwrap_or_else(|reason| panic!("/metrics: {reason}"))
    }

    /// The rows of `/api/plugins`.
    #[track_caller]
    pub fn plugins(&self) -> Vec<Value> {
        rows(&self.get("/api/plugins").expect(200).json(), "plugins")
    }

    /// The row of one plugin.
    #[track_caller]
    pub fn plugin(&self, name: &str) -> Option<Value> {
        self.plugins().into_iter().find(|row| row["name"] == name)
    }

    /// The checks in `/api/health`.
    #[track_caller]
    pub fn checks(&self) -> Vec<Value> {
        rows(
            &self.get("/api/health").expect(200).json()["checks"],
            "checks",
        )
    }

    /// Waits until `/-/ready` is 200: every collector has delivered or missed its deadline.
    #[track_caller]
    pub fn wait_ready(&self) {
        wait_until("gaxx-mon is ready", || self.get("/-/ready").status == 200);
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.child.lines()
    }

    /// Whether a line of the log holds `text`.
    pub fn log_contains(&self, text: &str) -> bool {
        self.log().iter().any(|line| line.contains(text))
    }

    /// Waits for a line of the log that holds `text`, and gives it.
    #[track_caller]
    pub fn wait_log(&mut self, text: &str) -> String {
        self.child
            .wait_line(BOUND, |line| line.contains(text).then(|| line.to_owned()))
    }

    /// Sends a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.child.signal(signal);
    }

    /// The exit status, if it has ended.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.exited()
    }

    /// Waits for the end; panics with the log if it takes longer than `bound`.
    #[track_caller]
    pub fn wait_exit(&mut self, bound: Duration) -> ExitStatus {
        let status = self.child.wait_exit(bound);
        status.unwrap_or_else(|| panic!("still running after {bound:?}\n{}", self.child.tail()))
    }
}

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its error output.
    pub stderr: String,
}

impl Outcome {
    /// Takes over what a finished process left.
    pub fn new(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Panics with both outputs unless the exit code is `code`.
    #[track_caller]
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert!(self.code == Some(code), "not exit code {code}: {self:#?}");
        self
    }

    /// Both outputs, for messages that may stand in either.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

fn new_folder() -> Arc<TempDir> {
    let folder = tempfile::Builder::new().prefix("gaxx-mon-").tempdir();
    Arc::new(folder.expect("a temporary folder can be made"))
}

/// An array, bare or under `key`.
#[track_caller]
fn rows(value: &Value, key: &str) -> Vec<Value> {
    let array = value.as_array().or_else(|| value[key].as_array());
    array
        .cloned()
        .unwrap_or_else(|| panic!("no array of {key}: {value}"))
}

/// The address in a line of the log, behind the words that announce it.
pub(crate) fn url_behind(words: &str, line: &str) -> String {
    let (_, after) = line.split_once(words).unwrap_or_default();
    after
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The URL in the line that says where it listens, in either log format.
fn listening(line: &str) -> Option<String> {
    const SAYS: &str = "listening on ";
    let record = serde_json::from_str::<Value>(line).ok();
    let message = record.as_ref().map(|record| {
        let nested = record["fields"]["message"].as_str();
        nested.or_else(|| record["message"].as_str())
    });
    let (_, after) = message.unwrap_or(Some(line))?.split_once(SAYS)?;
    let url = after
        .split(|c: char| c.is_whitespace() || c == ',')
        .next()?;
    url.starts_with("http").then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::listening;

    #[test]
    fn the_listening_line_is_found_in_both_formats() {
        let text = "2026-01-01T00:00:00Z  INFO listening on http://127.0.0.1:4711, dashboard x=1";
        assert_eq!(listening(text).as_deref(), Some("http://127.0.0.1:4711"));
        let json = r#"{"fields":{"message":"listening on http://127.0.0.1:4711",
            "address":"127.0.0.1:4711"}}"#;
        assert_eq!(listening(json).as_deref(), Some("http://127.0.0.1:4711"));
        assert_eq!(listening("nothing yet"), None);
    }
}
