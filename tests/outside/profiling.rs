//! Profiles and runtime statistics: what `go tool pprof`, curl and a browser get of the program and
//! of its plugins.

mod client;
mod forms;
mod go_tool;
mod hot;
mod leak;
mod limits;
mod pages;
mod stats;
mod storm;
mod tasks;

use std::ops::{Deref, DerefMut};

use gaxx_tests::{Monitor, MonitorBuilder, PluginFolder, Request, Response, cdylib, wait_until};

/// The plugin whose profiles are known.
const HOT: &str = "gaxx-hot";
const IN_PROCESS: &str = "in-process";
const PROCESS: &str = "process";

/// The plugin's section, in which it uses most of a processor. Its process may.
const BUSY: &str = "plugins:
  process: {cpu: 1h}
  hot: {interval: 100ms, burn: 80ms, deadline: 30s}
";
/// One in which it rests.
const CALM: &str = "plugins:
  process: {cpu: 1h}
  hot: {interval: 1h, deadline: 30s}
";

/// A program with the plugin whose profiles are known.
struct Hot {
    _folder: PluginFolder,
    monitor: Monitor,
}

impl Deref for Hot {
    type Target = Monitor;

    fn deref(&self) -> &Monitor {
        &self.monitor
    }
}

impl DerefMut for Hot {
    fn deref_mut(&mut self) -> &mut Monitor {
        &mut self.monitor
    }
}

impl Hot {
    /// The shipped program; the plugin's code runs where `isolation` says.
    #[track_caller]
    fn start(isolation: &str, config: &str) -> Self {
        Self::of(Monitor::builder(), isolation, config)
    }

    #[track_caller]
    fn of(builder: MonitorBuilder, isolation: &str, config: &str) -> Self {
        let folder = PluginFolder::new();
        folder.add(&cdylib(HOT));
        let monitor = builder
            .plugins(folder.path())
            .env("GAXX_PLUGINS__ISOLATION", isolation)
            .config(config)
            .start();
        let hot = Self {
            _folder: folder,
            monitor,
        };
        hot.wait_ready();
        hot
    }

    /// The address of a path on the profiling listener.
    #[track_caller]
    fn at(&self, path: &str) -> String {
        wait_until("profiling is served", || self.profiling().is_some());
        let base = self.profiling().expect("a free port was asked for");
        format!("{base}{path}")
    }

    /// GET of a path on the profiling listener.
    #[track_caller]
    fn ask(&self, path: &str) -> Response {
        Request::new("GET", &self.at(path)).send()
    }

    /// Has the plugin do something.
    #[track_caller]
    fn have(&self, path: &str) {
        let done = self.request("POST", &format!("/hot/{path}")).send();
        assert_eq!(done.expect(200).text(), "done\n");
    }
}
