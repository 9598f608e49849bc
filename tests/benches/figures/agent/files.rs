//! One big file over loopback, both ways, beside nginx, rsync, scp and cp.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use gaxx_tests::{Agent, Process};

use super::peers;
use crate::{Table, spread::Spread};

const SIZE: usize = 1 << 30;
const ROUNDS: usize = 5;
const NGINX: &str = "curl from nginx";
const OURS: [&str; 3] = [
    "curl from the agent",
    "gaxx-mon pull --verify",
    "gaxx-mon push, durable and verified",
];

/// Speeds by name, in megabytes a second, in the order in which they came first.
#[derive(Default)]
struct Speeds(Vec<(String, Vec<f64>)>);

impl Speeds {
    fn measure(&mut self, name: &str, call: impl FnOnce()) {
        let start = Instant::now();
        call();
        let speed = SIZE as f64 / 1e6 / start.elapsed().as_secs_f64();
        match self.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, speeds)) => speeds.push(speed),
            None => self.0.push((name.to_owned(), vec![speed])),
        }
    }

    fn of(&self, name: &str) -> Option<Spread> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, speeds)| Spread::of(speeds.iter().copied()))
    }

    /// Those of others than us.
    fn peers(&self) -> String {
        let peers = self
            .0
            .iter()
            .filter(|(name, _)| !OURS.contains(&name.as_str()));
        let shown = peers.map(|(name, speeds)| {
            let speed = Spread::of(speeds.iter().copied());
            format!("{name} {speed:#}")
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

pub(crate) fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    let source = peers::file(folder.path(), "source", SIZE);
    fs::copy(&source, root.join("big")).unwrap();
    let agent = Agent::builder().config(&served(&root)).start();
    let (nginx, rsync, ssh) = (peers::nginx(table), peers::rsync(table), peers::ssh(table));
    if let Some(nginx) = &nginx {
        fs::copy(&source, nginx.folder().join("big")).unwrap();
    }
    if let Some((_, daemon)) = &rsync {
        fs::copy(&source, daemon.folder().join("there")).unwrap();
    }
    let target = folder.path().join("target");
    let before = Process(agent.pid()).memory().rss;
    let mut speeds = Speeds::default();
    for _ in 0..ROUNDS {
        ours(&mut speeds, &agent, &source, &target);
        fs::remove_file(root.join("pushed")).unwrap();
        if let Some(nginx) = &nginx {
            let url = format!("http://{}/big", nginx.address());
            speeds.measure(NGINX, || curl(&[&url, "-o"], &target));
        }
        if let Some((rsync, daemon)) = &rsync {
            let from = format!("rsync://{}/all/there", daemon.address());
            fs::remove_file(&target).unwrap();
            speeds.measure("rsync from its daemon", || {
                let mut fetch = rsync.command();
                succeed(fetch.args(["-W", "--inplace"]).arg(&from).arg(&target));
            });
        }
        if let Some(ssh) = &ssh {
            speeds.measure("scp on a kept connection", || ssh.copy(&source, &target));
        }
        speeds.measure("cp", || {
            fs::copy(&source, &target).unwrap();
        });
    }
    let after = Process(agent.pid()).memory().rss;
    for (name, reach) in OURS.into_iter().zip(["0.8 of nginx", "0.8 of nginx", ""]) {
        let Some(speed) = speeds.of(name) else {
            continue;
        };
        let ratio = speeds.of(NGINX).map_or_else(String::new, |nginx| {
            format!(": {:.2} of nginx to curl", speed.ratio(&nginx))
        });
        let figure = format!("1 GiB over loopback, MB/s: {name}");
        table.row(&figure, &format!("{speed}{ratio}"), &speeds.peers(), reach);
    }
    table.row(
        "resident memory of the agent before and after those",
        &format!("{before:.1} MB, {after:.1} MB"),
        "",
        "flat",
    );
}

/// There and back, by curl and by our own commands.
fn ours(speeds: &mut Speeds, agent: &Agent, source: &Path, target: &Path) {
    let [fetched, pulled, pushed] = OURS;
    let token = format!("Authorization: Bearer {}", agent.token());
    let url = format!("{}/v0/files/data/big", agent.api());
    speeds.measure(fetched, || curl(&["-H", &token, &url, "-o"], target));
    fs::remove_file(target).unwrap();
    speeds.measure(pulled, || {
        let mut pull = agent.client();
        pull.args(["pull", "--quiet", "--verify", agent.api(), "data/big"]);
        succeed(pull.arg(target));
    });
    speeds.measure(pushed, || {
        let mut push = agent.client();
        push.args(["push", "--quiet", agent.api()]).arg(source);
        succeed(push.arg("data/pushed"));
    });
}

pub(super) fn served(root: &Path) -> String {
    format!(
        "{{plugins: {{file-transfer: {{roots: {{data: {{path: {}, write: true, delete: true}}}}}}}}}}",
        root.display()
    )
}

fn curl(arguments: &[&str], target: &Path) {
    let mut curl = Command::new("curl");
    succeed(curl.args(["-sSf"]).args(arguments).arg(target));
}

pub(super) fn succeed(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {text}");
}
