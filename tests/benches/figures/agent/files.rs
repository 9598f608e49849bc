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
    let target = folder.path().join("target");
    let token = format!("Authorization: Bearer {}", agent.token());
    let url = format!("{}/v0/files/data/big", agent.api());
    let before = Process(agent.pid()).memory().rss;
    let mut names = Vec::new();
    let mut speeds: Vec<Vec<f64>> = Vec::new();
    for round in 0..ROUNDS {
        let mut at = 0;
        let mut measure = |name: &str, call: &mut dyn FnMut()| {
            if round == 0 {
                names.push(name.to_owned());
                speeds.push(Vec::new());
            }
            let start = Instant::now();
            call();
            speeds[at].push(SIZE as f64 / 1e6 / start.elapsed().as_secs_f64());
            at += 1;
        };
        measure("curl from the agent", &mut || {
            curl(&["-H", &token, &url, "-o"], &target);
        });
        measure("gaxx-mon pull --verify", &mut || {
            let _ = fs::remove_file(&target);
            let mut pull = agent.client();
            pull.args(["pull", "--quiet", "--verify", agent.api(), "data/big"]);
            succeed(pull.arg(&target));
        });
        if let Some(nginx) = &nginx {
            let url = format!("http://{}/big", nginx.address());
            measure("curl from nginx", &mut || curl(&[&url, "-o"], &target));
        }
        if let Some((rsync, daemon)) = &rsync {
            let from = daemon.address().replace("127.0.0.1:", "rsync://127.0.0.1:") + "/all/there";
            fs::copy(&source, daemon.folder().join("there")).unwrap();
            measure("rsync from its daemon", &mut || {
                let _ = fs::remove_file(&target);
                succeed(
                    rsync
                        .command()
                        .args(["-W", "--inplace"])
                        .arg(&from)
                        .arg(&target),
                );
            });
        }
        if let Some(ssh) = &ssh {
            measure("scp on a kept connection", &mut || {
                ssh.copy(&source, &target)
            });
        }
        measure("cp", &mut || {
            fs::copy(&source, &target).unwrap();
        });
        measure("gaxx-mon push, durable and verified", &mut || {
            let mut push = agent.client();
            push.args(["push", "--quiet", agent.api()]).arg(&source);
            succeed(push.arg("data/pushed"));
        });
        let _ = fs::remove_file(root.join("pushed"));
    }
    let after = Process(agent.pid()).memory().rss;
    let speeds: Vec<Spread> = speeds.into_iter().map(Spread::of).collect();
    let of = |name: &str| {
        let at = names.iter().position(|other| other == name);
        at.map(|at| &speeds[at])
    };
    let beside: Vec<String> = names
        .iter()
        .zip(&speeds)
        .filter(|(name, _)| !name.contains("agent") && !name.contains("gaxx"))
        .map(|(name, speed)| format!("{name} {speed:#}"))
        .collect();
    for (name, reach) in [
        ("curl from the agent", "0.8 of nginx"),
        ("gaxx-mon pull --verify", "0.8 of nginx"),
        ("gaxx-mon push, durable and verified", ""),
    ] {
        let speed = of(name).unwrap();
        let ratio = of("curl from nginx").map_or_else(String::new, |nginx| {
            format!(": {:.2} of nginx to curl", speed.ratio(nginx))
        });
        table.row(
            &format!("1 GiB over loopback, MB/s: {name}"),
            &format!("{speed}{ratio}"),
            &beside.join(", "),
            reach,
        );
    }
    table.row(
        "resident memory of the agent before and after those",
        &format!("{before:.1} MB, {after:.1} MB"),
        "",
        "flat",
    );
}

pub(super) fn served(root: &Path) -> String {
    format!(
        "{{plugins: {{file-transfer: {{roots: {{data: {{path: {root:?}, write: true, delete: true}}}}}}}}}}"
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
