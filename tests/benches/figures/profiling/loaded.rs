//! An agent that can be given the same work again and again.

use std::{
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use gaxx_tests::{Agent, PluginFolder, Process, Request, Response, cdylib, wait_until};

use crate::spread::milliseconds;

const CONFIG: &str = "plugins:
  isolation: in-process
  agent-exec: {allow: any}
  hot: {interval: 1h, deadline: 60s}
scrape: {max_age: 1ms}
audit: {enabled: false}
";
/// Rounds of the plugin's function, in millions: about a second.
const ROUNDS: u32 = 600;
const SCRAPES: usize = 150;
const COMMANDS: usize = 150;

/// An agent with a plugin that computes, a collection for each scrape, and commands.
pub(super) struct Loaded {
    agent: Agent,
    _folder: PluginFolder,
}

/// A CPU profile that is being taken; dropping it ends that.
pub(super) struct Profiling(#[allow(dead_code, reason = "it is held open")] TcpStream);

impl Loaded {
    /// One whose environment has these variables more.
    pub(super) fn start(environment: &[(&str, &str)]) -> Self {
        let folder = PluginFolder::new();
        folder.add(&cdylib("gaxx-hot"));
        let mut agent = Agent::builder().plugins(folder.path()).config(CONFIG);
        for (name, value) in environment {
            agent = agent.env(name, *value);
        }
        let agent = agent.start();
        agent.wait_ready();
        Self {
            agent,
            _folder: folder,
        }
    }

    /// Computing, scrapes and commands, as much each time: processor time of the program for it, in
    /// milliseconds. That of the commands is not in it.
    pub(super) fn work(&self) -> f64 {
        let own = self.process();
        let before = own.cpu();
        let compute = format!("/hot/rounds/{ROUNDS}");
        thread::scope(|scope| {
            scope.spawn(|| self.agent.request("POST", &compute).send().expect(200));
            for _ in 0..SCRAPES {
                assert_eq!(self.agent.get("/metrics").status, 200);
            }
            for _ in 0..COMMANDS {
                let call = self.agent.call("POST", "/v0/exec");
                let call = call.header("Content-Type", "application/json");
                let answer = call.try_send_body(br#"{"command": "/bin/true"}"#.to_vec());
                assert_eq!(answer.unwrap().status, 200);
            }
        });
        milliseconds(own.cpu().saturating_sub(before))
    }

    /// Has the plugin do something.
    pub(super) fn have(&self, path: &str) {
        let done = self.agent.request("POST", path).send();
        assert_eq!(done.status, 200, "{path}");
    }

    /// Begins a CPU profile of this many samples a second, and waits until it is being taken.
    pub(super) fn profile(&self, hertz: u32) -> Profiling {
        let path = format!("/debug/pprof/profile?seconds=300&hz={hertz}");
        let begin = || {
            let mut stream = TcpStream::connect(self.agent.address()).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            stream
        };
        let mut stream = begin();
        // Who looks takes a short one himself, which may come first.
        wait_until("it is being taken", || {
            let begun = self.is_profiled();
            if !begun {
                stream = begin();
            }
            begun
        });
        Profiling(stream)
    }

    /// Ends a profile, and waits until that is so.
    pub(super) fn end(&self, profiling: Profiling) {
        drop(profiling);
        wait_until("it is over", || !self.is_profiled());
    }

    fn is_profiled(&self) -> bool {
        self.ask("profile?seconds=1&plugin=").status == 409
    }

    /// A profile, and how long it took.
    pub(super) fn take(&self, path: &str) -> (Response, Duration) {
        let start = Instant::now();
        let answer = self.ask(path);
        (answer.expect(200), start.elapsed())
    }

    fn ask(&self, path: &str) -> Response {
        let path = format!("/debug/pprof/{path}");
        Request::new("GET", &format!("{}{path}", self.agent.base())).send()
    }

    pub(super) fn agent(&self) -> &Agent {
        &self.agent
    }

    pub(super) fn process(&self) -> Process {
        Process(self.agent.pid())
    }
}
