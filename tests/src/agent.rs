//! A `gaxx-mon agent` under test.

use std::ffi::OsString;
use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::http_client::Request;
use crate::monitor::{Monitor, MonitorBuilder, url_behind};
use crate::poll::BOUND;

/// What the log says before the address of the API.
const API: &str = "the API is at ";

/// How an agent is to be started.
#[derive(Debug, Clone)]
pub struct AgentBuilder {
    monitor: MonitorBuilder,
    /// Ports of the monitoring pages, the API and profiling; none: what the configuration says.
    ports: Option<[u16; 3]>,
}

impl AgentBuilder {
    /// Another program than the shipped one, for instance [`crate::bare_binary`].
    #[must_use]
    pub fn program(mut self, program: PathBuf) -> Self {
        self.monitor = self.monitor.program(program);
        self
    }

    /// The text of the configuration file. Without it the agent gets none, and nothing may run or
    /// be moved.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.monitor = self.monitor.config(text);
        self
    }

    /// One more `--plugins` folder.
    #[must_use]
    pub fn plugins(mut self, folder: impl AsRef<Path>) -> Self {
        self.monitor = self.monitor.plugins(folder);
        self
    }

    /// One more argument behind `agent`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.monitor = self.monitor.arg(argument);
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.monitor = self.monitor.env(name, value);
        self
    }

    /// One variable of the rig less.
    #[must_use]
    pub fn env_remove(mut self, name: &str) -> Self {
        self.monitor = self.monitor.env_remove(name);
        self
    }

    /// No free ports: the configuration or the arguments say which.
    #[must_use]
    pub fn own_ports(mut self) -> Self {
        self.ports = None;
        self
    }

    /// Starts it and waits until it says where its API is.
    #[track_caller]
    pub fn start(self) -> Agent {
        let mut monitor = self.command().launch();
        let api = monitor.wait_log(API);
        // The monitoring listener is told before the API, where there is one.
        monitor.note_address();
        Agent {
            api: url_behind(API, &api),
            monitor,
            builder: self,
        }
    }

    /// Starts it, expecting it to fail: nothing is waited for.
    #[track_caller]
    pub fn launch(self) -> Monitor {
        self.command().launch()
    }

    fn command(&self) -> MonitorBuilder {
        let mut monitor = self.monitor.clone();
        let keys = [
            "AGENT__MONITORING_PORT",
            "AGENT__API_PORT",
            "PROFILING__PORT",
        ];
        for (key, port) in keys.iter().zip(self.ports.into_iter().flatten()) {
            monitor = monitor.env(&format!("GAXX_{key}"), port.to_string());
        }
        monitor
    }
}

/// A running agent, killed when dropped. As a [`Monitor`] it is its monitoring listener.
#[derive(Debug)]
pub struct Agent {
    monitor: Monitor,
    api: String,
    builder: AgentBuilder,
}

impl Agent {
    /// The shipped program as an agent on free ports, in a folder of its own, with no
    /// configuration.
    #[track_caller]
    pub fn builder() -> AgentBuilder {
        AgentBuilder {
            monitor: Monitor::builder().no_listen().arg("agent"),
            ports: Some([0; 3]),
        }
    }

    /// The address of the API: `http://127.0.0.1:PORT`, or with `https`.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// `127.0.0.1:PORT` of the API.
    pub fn api_address(&self) -> &str {
        self.api.split("://").nth(1).unwrap_or_default()
    }

    /// The folder of its state.
    pub fn state(&self) -> PathBuf {
        self.monitor.folder().join("state")
    }

    /// The token of this machine's own users, which the agent made at its first start.
    #[track_caller]
    pub fn token(&self) -> String {
        let file = self.state().join("agent.token");
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        text.trim().to_owned()
    }

    /// A request to the API, with the token of this machine's own users.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str) -> Request {
        self.call_as(method, path, &self.token())
    }

    /// A request to the API, with another token.
    pub fn call_as(&self, method: &str, path: &str, token: &str) -> Request {
        self.call_as_nobody(method, path)
            .header("Authorization", &format!("Bearer {token}"))
    }

    /// A request to the API that does not say whose it is.
    pub fn call_as_nobody(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("{}{path}", self.api))
    }

    /// `gaxx-mon` with this agent's folder and configuration, to be given a client's command:
    /// `agent.client().args(["ping", agent.api()])`.
    pub fn client(&self) -> Command {
        self.builder.monitor.bare_command(self.monitor.folder())
    }

    /// Kills it as the system kills a process, and waits until it is gone.
    #[track_caller]
    pub fn kill(&mut self) {
        self.monitor.signal(Signal::KILL);
        self.monitor.wait_exit(BOUND);
    }

    /// Starts one that was killed, or has ended, again: same folder, same ports.
    #[track_caller]
    #[must_use]
    pub fn restart(self) -> Self {
        self.again().start()
    }

    /// The same, expecting it to fail: nothing is waited for.
    #[track_caller]
    pub fn relaunch(self) -> Monitor {
        self.again().launch()
    }

    fn again(self) -> AgentBuilder {
        let port = |url: &str| url.rsplit(':').next().and_then(|port| port.parse().ok());
        let profiling = self.profiling();
        let mut builder = self.builder;
        if builder.ports.is_some() {
            builder.ports = Some([
                port(self.monitor.base()).unwrap_or_default(),
                port(&self.api).unwrap_or_default(),
                profiling.as_deref().and_then(port).unwrap_or_default(),
            ]);
        }
        builder.monitor = builder.monitor.in_folder_of(&self.monitor);
        builder
    }
}

impl Deref for Agent {
    type Target = Monitor;

    fn deref(&self) -> &Monitor {
        &self.monitor
    }
}

impl DerefMut for Agent {
    fn deref_mut(&mut self) -> &mut Monitor {
        &mut self.monitor
    }
}
