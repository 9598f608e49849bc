//! The plugin that serves profiles is linked in, or a library in the program, or in a process of its
//! own: the answers are those of the program, alike.

use std::collections::{BTreeMap, BTreeSet};

use gaxx_tests::{GoPprof, Monitor, MonitorBuilder, PluginFolder, Request, bare_binary, cdylib};
use serde_json::Value;

use super::{BUSY, Hot, IN_PROCESS, PROCESS};

/// The plugin under test.
const PPROF: &str = "gaxx-pprof";

/// What is asked of each form; the CPU profile is asked for by `go tool pprof`.
const PATHS: [&str; 20] = [
    "/debug/pprof/",
    "/debug/pprof",
    "/debug/pprof/heap",
    "/debug/pprof/heap?seconds=1",
    "/debug/pprof/heap?gc=1&debug=1",
    "/debug/pprof/allocs",
    "/debug/pprof/goroutine",
    "/debug/pprof/goroutine?debug=1",
    "/debug/pprof/goroutine?debug=2",
    "/debug/pprof/threadcreate?debug=1",
    "/debug/pprof/cmdline",
    "/debug/pprof/symbol",
    "/debug/pprof/trace",
    "/debug/pprof/no-such",
    "/debug/pprof/profile?seconds=0",
    "/debug/pprof/heap?plugin=hot",
    "/debug/pprof/flamegraph?seconds=1",
    "/debug/stats",
    "/debug/build",
    "/debug/gc",
];

/// How the plugin gets into the program, each with one that is started so.
fn each(test: impl Fn(&str, &Hot)) {
    let libraries = PluginFolder::new();
    libraries.add(&cdylib(PPROF));
    let bare = || {
        Monitor::builder()
            .program(bare_binary())
            .plugins(libraries.path())
    };
    let forms: [(&str, MonitorBuilder, &str); 4] = [
        ("linked in", Monitor::builder(), IN_PROCESS),
        ("linked in, in a process", Monitor::builder(), PROCESS),
        ("a library", bare(), IN_PROCESS),
        ("a library in a process", bare(), PROCESS),
    ];
    for (form, builder, isolation) in forms {
        let config = format!("{BUSY}  pprof: {{isolation: {isolation}}}\n");
        let hot = Hot::of(builder, IN_PROCESS, &config);
        let row = hot.plugin("pprof").unwrap();
        assert_eq!(row["process"].is_object(), isolation == PROCESS, "{row}");
        test(form, &hot);
    }
}

/// What an answer is like, without its numbers.
type Shape = (u16, String, BTreeSet<String>);

#[track_caller]
fn shape(hot: &Hot, path: &str) -> Shape {
    let answer = hot.ask(path);
    let kind = answer.header("content-type").to_owned();
    let mut keys = BTreeSet::new();
    if kind == "application/json" {
        paths(&answer.json(), "", &mut keys);
    }
    (answer.status, kind, keys)
}

/// The paths of all keys below a value; elements of an array are one.
fn paths(value: &Value, at: &str, keys: &mut BTreeSet<String>) {
    match value {
        // These keys are what happens to be there.
        Value::Object(_) if at == "/tasks/by_name" => {
            keys.insert(at.to_owned());
        }
        Value::Object(members) => {
            for (key, value) in members {
                paths(value, &format!("{at}/{key}"), keys);
            }
        }
        // An empty one is one too.
        Value::Array(elements) => {
            keys.insert(at.to_owned());
            let objects = elements.iter().filter(|value| value.is_object());
            objects.for_each(|value| paths(value, &format!("{at}/*"), keys));
        }
        _ => {
            keys.insert(at.to_owned());
        }
    }
}

#[test]
fn all_forms_answer_alike() {
    let all = std::cell::RefCell::new(BTreeMap::new());
    each(|form, hot| {
        let shapes: Vec<_> = PATHS.map(|path| (path, shape(hot, path))).into();
        all.borrow_mut().insert(form.to_owned(), shapes);
    });
    let all = all.into_inner();
    let (_, first) = all.iter().next().unwrap();
    for (form, shapes) in &all {
        for ((path, shape), (_, expected)) in shapes.iter().zip(first) {
            assert_eq!(shape, expected, "{path} of the plugin {form}");
        }
    }
}

/// The profile is the program's, wherever the plugin runs that makes it readable.
#[test]
fn all_forms_profile_the_program() {
    let Some(go) = GoPprof::require() else { return };
    each(|form, hot| {
        hot.have("leak/64");
        let cpu = go.top(&["-symbolize=none", &hot.at("/debug/pprof/profile?seconds=2")]);
        assert_eq!(
            cpu[0].name, "gaxx_hot::burn::burn_cycles",
            "{form}: {cpu:#?}"
        );
        let heap = go.top(&["-symbolize=none", &hot.at("/debug/pprof/heap")]);
        assert_eq!(
            heap[0].name, "gaxx_hot::leak::leak_pages",
            "{form}: {heap:#?}"
        );
        let line = hot.ask("/debug/pprof/cmdline").expect(200);
        assert!(!line.text().contains("plugin-host"), "{form}: {line:?}");
        let stats = hot.ask("/debug/stats").expect(200).json();
        assert_eq!(
            stats["process"]["process_id"],
            hot.pid(),
            "{form}: {stats:#}"
        );
        let purged = Request::new("POST", &hot.at("/debug/gc")).send();
        assert_eq!(purged.status, 200, "{form}");
        // Of itself too, where it has a process.
        let own = hot
            .ask("/debug/pprof/profile?seconds=1&plugin=pprof")
            .status;
        let has_one = hot.plugin("pprof").unwrap()["process"].is_object();
        assert_eq!(own == 200, has_one, "{form}: {own}");
        assert!(!hot.log_contains("panicked"), "{form}: {:?}", hot.log());
    });
}
