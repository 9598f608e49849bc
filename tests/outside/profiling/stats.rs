//! Figures of the program, purges, and what it is built from.

use std::io::Write;
use std::process::Stdio;

use gaxx_tests::{Request, require};
use serde_json::Value;

use super::{CALM, Hot, IN_PROCESS, PROCESS};

/// Keys that the first program had and this one has too, as numbers.
const NUMBERS: [&str; 14] = [
    "/memory/alloc_mb",
    "/memory/total_alloc_mb",
    "/memory/sys_mb",
    "/memory/heap_alloc_mb",
    "/memory/heap_sys_mb",
    "/memory/heap_idle_mb",
    "/memory/heap_inuse_mb",
    "/memory/heap_released_mb",
    "/gc/num_gc",
    "/gc/num_forced_gc",
    "/gc/pause_total_ns",
    "/goroutines",
    "/cpu_cores",
    "/threads",
];

#[test]
fn the_statistics_have_the_keys_of_old() {
    let Some(jq) = require("jq") else { return };
    let hot = Hot::start(IN_PROCESS, CALM);
    let answer = hot.ask("/debug/stats").expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let stats = answer.json();
    for key in NUMBERS {
        let value = stats.pointer(key).and_then(Value::as_f64);
        assert!(value.is_some_and(|value| value >= 0.0), "{key}: {stats:#}");
    }
    let value = |key: &str| stats.pointer(key).and_then(Value::as_f64).unwrap();
    assert!(value("/memory/alloc_mb") > 0.0, "{stats:#}");
    assert!(value("/memory/heap_alloc_mb") <= value("/memory/heap_inuse_mb"));
    assert!(value("/memory/heap_inuse_mb") <= value("/memory/heap_sys_mb"));
    assert!(
        stats["timestamp"]
            .as_str()
            .is_some_and(|text| text.contains('T'))
    );
    // As the seed's line filters it.
    let mut child = jq
        .command()
        .arg(".memory.heap_alloc_mb")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&answer.body).unwrap();
    drop(input);
    let said = child.wait_with_output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.trim().parse::<f64>().is_ok_and(|size| size > 0.0),
        "{said}"
    );
}

/// What a plugin takes shows where it is taken: in the program, or beside its name.
#[test]
fn a_leak_shows_in_the_statistics() {
    for isolation in [IN_PROCESS, PROCESS] {
        let hot = Hot::start(isolation, CALM);
        let figure = || {
            let stats = hot.ask("/debug/stats").expect(200).json();
            let value = if isolation == IN_PROCESS {
                stats["memory"]["heap_alloc_mb"].clone()
            } else {
                let rows = stats["plugins"].as_array().unwrap().clone();
                let row = rows.into_iter().find(|row| row["plugin"] == "hot").unwrap();
                assert!(row["process_id"].is_u64(), "{row}");
                (row["resident_bytes"].as_f64().unwrap() / 1e6).into()
            };
            value.as_f64().unwrap()
        };
        let before = figure();
        hot.have("leak/64");
        let after = figure();
        assert!(
            (60.0..90.0).contains(&(after - before)),
            "{isolation}: {before} {after}"
        );
    }
}

#[test]
fn a_purge_is_asked_for_by_post_only() {
    let hot = Hot::start(IN_PROCESS, CALM);
    let url = hot.at("/debug/gc");
    let get = Request::new("GET", &url).send();
    assert_eq!(get.status, 405);
    assert_eq!(get.header("allow"), "POST");
    hot.have("leak/64");
    hot.have("forget/0");
    let resident = || gaxx_tests::Process(hot.pid()).memory().rss;
    let before = resident();
    let done = Request::new("POST", &url).send().expect(200).json();
    assert!(
        done["duration_ms"].as_f64().is_some_and(|time| time >= 0.0),
        "{done}"
    );
    assert!(
        done["message"].is_string() && done["timestamp"].is_string(),
        "{done}"
    );
    let released = done["released_bytes"].as_f64().unwrap();
    // It may have been given back by itself within a second.
    assert!(released >= 0.0 && resident() < before + 8.0, "{done}");
    let stats = hot.ask("/debug/stats").expect(200).json();
    assert_eq!(stats["gc"]["num_forced_gc"], 1, "{stats:#}");
    // A page of another site cannot.
    let foreign = Request::new("POST", &url).header("Origin", "http://example.org");
    assert_eq!(foreign.send().status, 403);
}

#[test]
fn it_says_what_it_is_built_from() {
    let hot = Hot::start(IN_PROCESS, CALM);
    let build = hot.ask("/debug/build").expect(200).json();
    for key in ["version", "commit", "profile", "target", "rustc", "abi"] {
        let text = build[key].as_str().unwrap_or_default();
        assert!(!text.is_empty() && text != "unknown", "{key}: {build:#}");
    }
    assert!(build["rustc"].as_str().unwrap().contains("1."), "{build:#}");
    assert!(
        build["target"].as_str().unwrap().contains("linux"),
        "{build:#}"
    );
    assert!(build["features"].is_array(), "{build:#}");
}

#[test]
fn cmdline_and_symbol_are_as_gos() {
    let hot = Hot::start(IN_PROCESS, CALM);
    let line = hot.ask("/debug/pprof/cmdline").expect(200);
    let real = std::fs::read(format!("/proc/{}/cmdline", hot.pid())).unwrap();
    let arguments = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let text = bytes.strip_suffix(b"\0").unwrap_or(bytes);
        text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
    };
    assert_eq!(arguments(&line.body), arguments(&real));
    // Without addresses it says that it knows symbols; with some, what they are.
    let knows = hot.ask("/debug/pprof/symbol").expect(200);
    let text = knows.text();
    let number = text.strip_prefix("num_symbols: ").expect(text).trim();
    assert!(
        number.parse::<u64>().is_ok_and(|number| number > 0),
        "{text}"
    );
    let address = own_address(hot.pid());
    for answer in [
        hot.ask(&format!("/debug/pprof/symbol?{address:#x}")),
        Request::new("POST", &hot.at("/debug/pprof/symbol"))
            .try_send_body(format!("{address:#x}").into_bytes())
            .unwrap(),
    ] {
        let answer = answer.expect(200);
        let line = format!("{address:#x} ");
        assert!(answer.text().contains(&line), "{}", answer.text());
    }
}

/// An address in the program's own code.
fn own_address(pid: u32) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let line = maps
        .lines()
        .find(|line| line.contains("r-xp") && line.contains("gaxx-mon"));
    let (range, _) = line.unwrap().split_once(' ').unwrap();
    let (from, to) = range.split_once('-').unwrap();
    let number = |text| u64::from_str_radix(text, 16).unwrap();
    u64::midpoint(number(from), number(to))
}

#[test]
fn what_there_is_not_is_said() {
    let hot = Hot::start(IN_PROCESS, CALM);
    for name in ["block", "mutex", "trace"] {
        let answer = hot.ask(&format!("/debug/pprof/{name}"));
        let said = answer.expect(404).json();
        let reason = said["error"].as_str().unwrap();
        assert!(reason.len() > 20, "{said}");
        assert!(!said["remedy"].as_str().unwrap().is_empty(), "{said}");
    }
    let said = hot.ask("/debug/pprof/no-such").expect(404);
    for name in ["profile", "heap", "goroutine", "threadcreate"] {
        assert!(said.text().contains(name), "{}", said.text());
    }
    assert_eq!(hot.ask("/debug/no-such").status, 404);
}

#[test]
fn the_index_lists_what_there_is() {
    let hot = Hot::start(IN_PROCESS, CALM);
    for path in ["/debug/pprof/", "/debug/pprof"] {
        let page = hot.ask(path).expect(200);
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{path}"
        );
        for name in [
            "profile",
            "heap",
            "goroutine",
            "threadcreate",
            "go tool pprof",
        ] {
            assert!(page.text().contains(name), "{name}: {}", page.text());
        }
    }
}
