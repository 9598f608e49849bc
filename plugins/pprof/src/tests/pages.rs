//! Pages that tell of the process.

use gaxx_sdk::{json, serde_json::Value};

use super::{assert_refused, counted, get, header, json_of, make, send, told};
use crate::profile::decode;

#[test]
fn statistics_have_the_names_of_the_original() {
    let endpoint = make(told());
    let stats = json_of(&get(&endpoint, "/debug/stats"), 200);
    assert_eq!(
        stats["memory"],
        json!({
            "alloc_mb": 3.0, "sys_mb": 8.0, "heap_alloc_mb": 3.0, "heap_sys_mb": 7.0,
            "heap_idle_mb": 3.0, "heap_inuse_mb": 4.0, "heap_released_mb": 2.0,
        })
    );
    assert_eq!(
        stats["gc"],
        json!({
            "num_gc": 7, "num_forced_gc": 1, "pause_total_ns": 1_000_000, "pause_ns": [1_000_000],
        })
    );
    assert_eq!(stats["goroutines"], 3);
    assert_eq!(
        (&stats["go_os"], &stats["go_arch"]),
        (&json!("linux"), &json!("amd64"))
    );
    assert_eq!(stats.get("go_version"), None);
    assert_eq!(
        stats["tasks"]["by_name"],
        json!({ "connection": 2, "listener": 1 })
    );
    assert_eq!(
        stats["file_descriptors"],
        json!({ "open": 20, "most": 1024 })
    );
    assert_eq!(stats["allocator"]["name"], "jemalloc 5.3.1");
    assert_eq!(stats["plugins"][0]["plugin"], "hot");
    assert!(stats["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(counted(&endpoint, "stats", "served"), Some(1.0));
}

#[test]
fn the_build_is_told_without_arguments() {
    let build = json_of(&get(&make(told()), "/debug/build"), 200);
    assert_eq!(
        (&build["version"], &build["go_arch"]),
        (&json!("0.1.0"), &json!("amd64"))
    );
    assert_eq!(
        (&build["num_cpu"], &build["max_procs"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(build.get("arguments"), None);
}

#[test]
fn a_purge_says_what_it_gave_back() {
    let endpoint = make(told());
    let purged = json_of(&send(&endpoint, "POST", "/debug/gc", b""), 200);
    assert_eq!(
        (&purged["duration_ms"], &purged["released_bytes"]),
        (&json!(2.0), &json!(4096))
    );
    assert!(purged["message"].is_string() && purged["timestamp"].is_string());
}

#[test]
fn the_command_line_is_as_it_was_typed() {
    let answer = get(&make(told()), "/debug/pprof/cmdline");
    assert_eq!(answer.text(), "gaxx-mon\0--plugins\0a b");
    assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"));
}

#[test]
fn tasks_are_a_profile_and_lines() {
    let endpoint = make(told());
    let answer = get(&endpoint, "/debug/pprof/goroutine");
    assert_eq!(
        header(&answer, "content-type"),
        Some("application/octet-stream")
    );
    let disposition = "attachment; filename=\"goroutine\"";
    assert_eq!(header(&answer, "content-disposition"), Some(disposition));
    let profile = decode(&answer.body).unwrap();
    assert_eq!((profile.samples.len(), profile.total(0)), (3, 3));
    let stack = &profile.samples[1].locations;
    let names = stack.iter().map(|at| {
        let line = profile.locations[*at].lines[0];
        (&*profile.functions[line.function].name, line.line)
    });
    assert_eq!(
        names.collect::<Vec<_>>(),
        [("connection", 12), ("listener", 11)]
    );

    let text = get(&endpoint, "/debug/pprof/goroutine?debug=1").text();
    assert!(text.starts_with("goroutine profile: total 3\n# "), "{text}");
    assert!(
        text.contains("\tconnection\tcore/src/a.rs:12\n#\t"),
        "{text}"
    );

    let text = get(&endpoint, "/debug/pprof/goroutine?debug=2").text();
    let expected = "
goroutine 2 [waiting, 3 minutes]:
connection(...)
	core/src/a.rs:12
created by listener in goroutine 1
	core/src/a.rs:11
# lives 200.0 s, was run 33 times, for 0.004 s
";
    assert!(text.contains(expected), "{text}");
    assert!(
        text.contains("\ngoroutine 3 [running, 1 minute]:\nconnection(...)\n"),
        "{text}"
    );
    assert!(text.contains("\ngoroutine 1 [waiting]:\n"), "{text}");
}

#[test]
fn threads_are_a_profile_and_lines() {
    let endpoint = make(told());
    let profile = decode(&get(&endpoint, "/debug/pprof/threadcreate").body).unwrap();
    assert_eq!((profile.total(0), profile.total(1)), (3, 750_000_000));
    assert_eq!(profile.locations.len(), 2, "two of them have one name");
    let text = get(&endpoint, "/debug/pprof/threadcreate?debug=1").text();
    assert!(
        text.starts_with("threadcreate profile: total 3\n"),
        "{text}"
    );
    assert!(
        text.contains("1 @ 0x2\n#\tstate: R\n#\tcpu: 0.25 s\n#\t0x2\tworker\n"),
        "{text}"
    );
}

#[test]
fn the_index_is_there_with_and_without_a_slash() {
    let endpoint = make(told());
    for path in ["/debug/pprof", "/debug/pprof/"] {
        let answer = get(&endpoint, path);
        assert_eq!(answer.status, 200);
        assert_eq!(
            header(&answer, "content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(header(&answer, "content-security-policy").is_some());
        for name in ["allocs", "heap", "goroutine", "profile", "threadcreate"] {
            assert!(answer.text().contains(name), "{name}");
        }
    }
}

#[test]
fn what_a_page_loads_is_there() {
    let endpoint = make(told());
    let mut loaded = Vec::new();
    for page in ["/debug/pprof/", "/debug/pprof/flamegraph"] {
        let text = get(&endpoint, page).text();
        let parts = text
            .split('"')
            .filter(|it| it.starts_with(crate::flamegraph::FOLDER));
        loaded.extend(parts.map(ToOwned::to_owned));
    }
    assert!(loaded.len() >= 4, "{loaded:?}");
    for path in loaded {
        assert_eq!(get(&endpoint, &path).status, 200, "{path}");
    }
}

#[test]
fn what_is_not_there_is_told() {
    let endpoint = make(told());
    for name in ["block", "mutex", "trace"] {
        let answer = get(&endpoint, &format!("/debug/pprof/{name}?debug=1"));
        assert_refused(&answer, 404, "there is no ");
    }
    for path in [
        "/debug/pprof/heaps",
        "/debug/pprof/heap/",
        "/debug/pprof/flamegraph/no.js",
    ] {
        let answer = get(&endpoint, path);
        assert_refused(&answer, 404, path);
        assert!(answer.text().contains("threadcreate"), "{}", answer.text());
    }
    assert_refused(&get(&endpoint, "/debug/stats?verbose=1"), 400, "verbose");
    assert_eq!(counted(&endpoint, "none", "refused"), Some(3.0));
    assert_eq!(counted(&endpoint, "trace", "refused"), Some(1.0));
}

#[test]
fn a_host_that_tells_nothing_is_named() {
    let endpoint = make(gaxx_sdk::testing::Conditions::default());
    for path in [
        "/debug/stats",
        "/debug/build",
        "/debug/pprof/goroutine",
        "/debug/pprof/symbol?0x1",
    ] {
        assert_refused(&get(&endpoint, path), 503, "no process to ask");
    }
    assert_eq!(get(&endpoint, "/debug/pprof/").status, 200);
    assert_eq!(counted(&endpoint, "build", "failed"), Some(1.0));
    let nonsense = gaxx_sdk::testing::Conditions::default()
        .process(gaxx_sdk::Process::Tasks, "nonsense")
        .endpoint::<crate::debug::Debug>(json!({}))
        .unwrap();
    assert_refused(
        &get(&nonsense, "/debug/pprof/goroutine"),
        503,
        "cannot be read",
    );
}

#[test]
fn addresses_have_names() {
    let endpoint = make(told());
    let here = addresses_have_names as fn() as usize;
    let answer = get(&endpoint, "/debug/pprof/symbol");
    assert_eq!(answer.text(), "num_symbols: 1\n");
    let expected =
        format!("num_symbols: 1\n{here:#x} gaxx_pprof::tests::pages::addresses_have_names\n");
    let answer = get(&endpoint, &format!("/debug/pprof/symbol?{here:#x}"));
    assert_eq!(answer.text(), expected);
    let answer = send(
        &endpoint,
        "POST",
        "/debug/pprof/symbol",
        format!("{here:#x}").as_bytes(),
    );
    assert_eq!(answer.text(), expected);
    assert_refused(
        &get(&endpoint, "/debug/pprof/symbol?main"),
        400,
        "no address",
    );
}

#[test]
fn all_pages_have_counters_from_the_start() {
    let endpoint = make(told());
    for page in crate::pages::labels() {
        for outcome in ["served", "refused", "failed", "gone"] {
            assert_eq!(
                counted(&endpoint, page, outcome),
                Some(0.0),
                "{page} {outcome}"
            );
        }
    }
    let findings: Vec<Value> = endpoint
        .samples()
        .findings()
        .into_iter()
        .map(Value::from)
        .collect();
    assert_eq!(findings, Vec::<Value>::new());
}
