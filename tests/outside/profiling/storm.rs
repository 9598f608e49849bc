//! Profile upon profile at the highest frequency, while threads come and go, commands are run, helpers
//! are started and plugins are swapped: nothing crashes, hangs or grows.

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gaxx_tests::{Agent, PluginFolder, Process, Random, Request, cdylib, meanwhile, wait_until};
use serde_json::json;

use super::HOT;
use crate::swap;

/// Everything at once: threads that work and threads that come and go in a plugin, programs that a
/// collector runs, commands that callers run.
const CONFIG: &str = "plugins:
  isolation: in-process
  process: {cpu: 1h}
  hot: {interval: 100ms, burn: 30ms, deadline: 30s, workers: 4, short_lived: 8}
  versions: {interval: 100ms}
  agent-exec: {allow: any}
  exec:
    interval: 200ms
    instances:
      one: {exec: {command: [/bin/echo, 'storm_one_total 1']}}
      two: {exec: {command: [/bin/echo, 'storm_two_total 1']}}
health: {interval: 1s}
limits: {max_loaded_size: 4GiB}
";

/// How CPU profiles are asked for.
const QUERIES: [&str; 3] = ["&hz=250", "&hz=250", "&hz=99"];

/// What is asked for, in turn with CPU profiles.
const BESIDE: [&str; 7] = [
    "pprof/heap",
    "pprof/heap?gc=1",
    "pprof/goroutine?debug=2",
    "pprof/threadcreate",
    "pprof/flamegraph?type=heap",
    "stats",
    "pprof/",
];

/// Commands, one of which uses the CPU for longer than a sample is apart.
const COMMANDS: [&str; 3] = [
    "true",
    "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done",
    "sleep 0.05 & sleep 0.05; wait",
];

/// What the program has, at rest.
#[derive(Debug)]
struct Holdings {
    /// Megabytes.
    heap: f64,
    /// Megabytes.
    resident: f64,
    descriptors: usize,
    threads: usize,
}

struct Storm {
    agent: Agent,
    folder: PluginFolder,
    swaps: AtomicUsize,
    random: Mutex<Random>,
}

impl Storm {
    #[track_caller]
    fn start(seed: u64) -> Self {
        let folder = PluginFolder::new();
        folder.add(&cdylib(HOT));
        folder.write(swap::FILE, &swap::library("works", 0), 0o755);
        let agent = Agent::builder()
            .plugins(folder.path())
            .config(CONFIG)
            .start();
        agent.wait_ready();
        Self {
            agent,
            folder,
            swaps: AtomicUsize::new(0),
            random: Mutex::new(Random::new(seed)),
        }
    }

    #[track_caller]
    fn debug(&self, path: &str) -> Vec<u8> {
        let url = format!("{}/debug/{path}", self.agent.profiling().unwrap());
        Request::new("GET", &url).send().expect(200).body
    }

    /// Scrapes, commands and swaps until `work` is done.
    #[track_caller]
    fn weather(&self, work: impl FnOnce()) {
        let scrapes = || {
            self.agent.metrics();
            assert_eq!(self.agent.get("/-/healthy").status, 200);
        };
        let commands = COMMANDS.map(|command| move || self.run(command));
        let [one, two, three] = &commands;
        meanwhile(&[&scrapes, one, two, three, &|| self.swap()], work);
    }

    /// No command sees anything of the profiler.
    #[track_caller]
    fn run(&self, script: &str) {
        let body = json!({ "command": "/bin/sh", "args": ["-c", script] });
        let call = self.agent.call("POST", "/v0/exec");
        let call = call.header("Content-Type", "application/json");
        let said = call.try_send_body(body.to_string().into_bytes());
        let said = said.expect("an answer").expect(200).json();
        let expected = (&json!("exited"), &json!(0));
        assert_eq!((&said["outcome"], &said["exit_code"]), expected, "{said}");
    }

    /// The next version of a plugin, and some time with it.
    #[track_caller]
    fn swap(&self) {
        let number = self.swaps.fetch_add(1, Ordering::Relaxed) + 1;
        let library = swap::library("works", number);
        self.folder.write(swap::FILE, &library, 0o755);
        let version = swap::version("works", number);
        wait_until(&format!("{version} has taken over"), || {
            self.agent.plugin("versions").unwrap()["version"] == version.as_str()
        });
        let time = self.random.lock().unwrap().below(600);
        thread::sleep(Duration::from_millis(time as u64));
    }

    /// So many profiles of a second each, one upon another, and something else after each.
    #[track_caller]
    fn profiles(&self, count: usize) {
        for _ in 0..count {
            let (query, beside) = {
                let mut random = self.random.lock().unwrap();
                (*random.pick(&QUERIES), *random.pick(&BESIDE))
            };
            let profile = self.debug(&format!("pprof/profile?seconds=1{query}"));
            assert!(profile.starts_with(b"\x1f\x8b") && profile.len() > 1000);
            self.debug(beside);
        }
    }

    /// Once nothing is left of what went on.
    #[track_caller]
    fn holdings(&self) -> Holdings {
        let own = Process(self.agent.pid());
        let stats = || serde_json::from_slice::<serde_json::Value>(&self.debug("stats")).unwrap();
        wait_until("all commands have ended", || {
            self.agent.call("GET", "/v0/exec").send().json()["running"] == json!([])
        });
        // Threads of the pools that have nothing to do end after a while.
        let mut before = usize::MAX;
        wait_until("threads are as few as they get", || {
            let now = own.threads();
            let settled = now >= before;
            before = now;
            thread::sleep(Duration::from_secs(1));
            settled
        });
        Request::new(
            "POST",
            &format!("{}/debug/gc", self.agent.profiling().unwrap()),
        )
        .send();
        Holdings {
            heap: stats()["memory"]["heap_alloc_mb"].as_f64().unwrap(),
            resident: own.memory().rss,
            descriptors: own.descriptors(),
            threads: own.threads(),
        }
    }
}

/// So many profiles of a second each, one upon another.
#[track_caller]
fn weather(profiles: usize, seed: u64) {
    println!("{profiles} profiles, seed {seed}");
    let storm = Storm::start(seed);
    // Whatever is made once is there after this.
    storm.weather(|| storm.profiles(2));
    let (before, swapped) = (storm.holdings(), storm.swaps.load(Ordering::Relaxed));
    storm.weather(|| storm.profiles(profiles));
    let after = storm.holdings();
    let swapped = storm.swaps.load(Ordering::Relaxed) - swapped;
    println!("{swapped} swaps: {before:?} {after:?}");
    assert!(after.heap < before.heap + 8.0, "{before:?} {after:?}");
    assert!(
        after.descriptors <= before.descriptors + 4,
        "{before:?} {after:?}"
    );
    assert!(after.threads <= before.threads + 4, "{before:?} {after:?}");
    // Each version of a plugin in the program stays mapped.
    let mapped = 4.0 * swapped as f64;
    assert!(
        after.resident < before.resident + 24.0 + mapped,
        "{before:?} {after:?}"
    );
    let log = storm.agent.log();
    let bad = log
        .iter()
        .filter(|line| line.contains("panicked") || line.contains("SIG"));
    assert_eq!(bad.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn profiles_under_load_harm_nothing() {
    weather(4, 1);
}

/// As many as `GAXX_STORM_PROFILES` says, drawn by `GAXX_STORM_SEED`.
#[test]
#[ignore = "it takes a minute; tests/run.sh --soak runs it"]
fn thirty_profiles_under_load_harm_nothing() {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let profiles = number("GAXX_STORM_PROFILES").unwrap_or(30);
    weather(
        usize::try_from(profiles).unwrap(),
        number("GAXX_STORM_SEED").unwrap_or(7),
    );
}
