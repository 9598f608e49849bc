//! Ten thousand small files, as one stream and each by itself.

use std::{
    fs,
    time::{Duration, Instant},
};

use gaxx_tests::Agent;

use super::{
    connection::Connection,
    files::{served, succeed},
    peers,
};
use crate::Table;

const FILES: usize = 10_000;
const SIZE: usize = 1_024;

pub(crate) fn measure(table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let (root, source) = (folder.path().join("root"), folder.path().join("source"));
    fs::create_dir(&root).unwrap();
    fs::create_dir(&source).unwrap();
    for number in 0..FILES {
        fs::write(source.join(format!("{number}")), [b'x'; SIZE]).unwrap();
    }
    let agent = Agent::builder().config(&served(&root)).start();
    let tar = timed(|| {
        let mut push = agent.client();
        push.args(["push", "--quiet", "-r", agent.api()])
            .arg(&source);
        succeed(push.arg("data/tree"));
    });
    let fetched = timed(|| {
        let mut pull = agent.client();
        pull.args(["pull", "--quiet", "-r", agent.api(), "data/tree"]);
        succeed(pull.arg(folder.path().join("fetched")));
    });
    let single = timed(|| {
        let mut connection = Connection::open(agent.api_address(), &agent.token());
        for number in 0..FILES {
            let path = format!("/v0/files/data/single-{number}");
            let answer = connection.ask("PUT", &path, "", &[b'y'; SIZE]);
            assert!(
                answer.status < 300,
                "{}",
                String::from_utf8_lossy(&answer.body)
            );
        }
    });
    let rsync = peers::rsync(table).map(|(rsync, daemon)| {
        let to = daemon.address().replace("127.0.0.1:", "rsync://127.0.0.1:") + "/all/tree";
        timed(|| succeed(rsync.command().arg("-a").arg(&source).arg(&to)))
    });
    let copied = timed(|| {
        let mut copy = std::process::Command::new("cp");
        succeed(
            copy.arg("-r")
                .arg(&source)
                .arg(folder.path().join("copied")),
        );
    });
    let rsync = rsync.map_or_else(String::new, |time| {
        format!("rsync to its daemon {}, ", seconds(time))
    });
    table.row(
        "10,000 files of 1 KiB as one stream: pushed with one sync, pulled",
        &format!("{}, {}", seconds(tar), seconds(fetched)),
        &format!("neither syncs: {rsync}cp -r {}", seconds(copied)),
        "",
    );
    table.row(
        "the same, each by itself, each durable, on one connection",
        &format!(
            "{}, {:.0} a second",
            seconds(single),
            FILES as f64 / single.as_secs_f64()
        ),
        "",
        "",
    );
}

fn timed(call: impl FnOnce()) -> Duration {
    let start = Instant::now();
    call();
    start.elapsed()
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
