//! 200 plugins in one process.

use gaxx_tests::{Monitor, PluginFolder, Process};

use crate::{
    Table, copies,
    spread::Spread,
    start::{Started, start},
};

const PLUGINS: usize = 200;
const RUNS: usize = 5;

pub(crate) fn measure(table: &mut Table) {
    let folder = PluginFolder::new();
    copies::write(&folder, 0..PLUGINS);
    let (mut with, mut without, mut apart) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        with.push(run(Some(&folder), "in-process"));
        apart.push(run(Some(&folder), "process"));
        without.push(run(None, "in-process"));
    }
    let seconds = |runs: &[Run]| Spread::of(runs.iter().map(|run| run.started.ready.as_secs_f64()));
    let megabytes = |runs: &[Run]| Spread::of(runs.iter().map(|run| run.rss));
    table.row(
        &format!("start to ready with {PLUGINS} more plugins, in the program"),
        &format!("{} s", seconds(&with)),
        &format!("with none: {} s", seconds(&without)),
        "0.5 s",
    );
    table.row(
        &format!("resident memory with {PLUGINS} more plugins, in the program"),
        &format!("{} MB", megabytes(&with)),
        &format!("with none: {} MB", megabytes(&without)),
        "120 MB",
    );
    table.row(
        &format!("the same {PLUGINS} in processes of their own: start to ready"),
        &format!("{} s", seconds(&apart)),
        "",
        "reported",
    );
    table.row(
        &format!("the same {PLUGINS} in processes of their own: resident memory of the program"),
        &format!("{} MB", megabytes(&apart)),
        "",
        "reported",
    );
}

struct Run {
    started: Started,
    /// In megabytes.
    rss: f64,
}

fn run(folder: Option<&PluginFolder>, isolation: &str) -> Run {
    let builder = Monitor::builder().config(&format!("plugins: {{isolation: {isolation}}}"));
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
