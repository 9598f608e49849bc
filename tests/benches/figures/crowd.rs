//! 200 plugins in one process.

use gaxx_tests::{Monitor, PluginFolder};

use crate::{
    Table, copies,
    process::Process,
    spread::Spread,
    start::{Started, start},
};

const PLUGINS: usize = 200;
const RUNS: usize = 5;

pub(crate) fn measure(table: &mut Table) {
    let folder = PluginFolder::new();
    copies::write(&folder, 0..PLUGINS);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        with.push(run(Some(&folder)));
        without.push(run(None));
    }
    let seconds = |runs: &[Run]| Spread::of(runs.iter().map(|run| run.started.ready.as_secs_f64()));
    let megabytes = |runs: &[Run]| Spread::of(runs.iter().map(|run| run.rss));
    table.row(
        &format!("start to ready with {PLUGINS} more plugins"),
        &format!("{} s", seconds(&with)),
        &format!("with none: {} s", seconds(&without)),
        "0.5 s",
    );
    table.row(
        &format!("resident memory with {PLUGINS} more plugins"),
        &format!("{} MB", megabytes(&with)),
        &format!("with none: {} MB", megabytes(&without)),
        "120 MB",
    );
}

struct Run {
    started: Started,
    /// In megabytes.
    rss: f64,
}

fn run(folder: Option<&PluginFolder>) -> Run {
    let builder = Monitor::builder();
    let builder = folder
        .iter()
        .fold(builder, |builder, folder| builder.plugins(folder.path()));
    let (monitor, base, started) = start(builder);
    let plugins = gaxx_tests::Request::new("GET", &format!("{base}/api/plugins"))
        .send()
        .expect(200);
    let running = plugins.text().matches("\"load-").count();
    assert!(
        folder.is_none() || running >= PLUGINS,
        "{running} of {PLUGINS} plugins were loaded"
    );
    Run {
        started,
        rss: Process(monitor.pid()).memory().rss,
    }
}
