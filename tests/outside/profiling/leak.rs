//! Who holds memory: a leak that is known beforehand is found, with its size, line and time.

use gaxx_tests::{GoPprof, Request, Row};

use super::{CALM, Hot, IN_PROCESS, PROCESS};

/// The function that takes memory and keeps it.
const LEAK: &str = "gaxx_hot::leak::leak_pages";
const SOURCE: &str = "tests/plugins/hot/src/leak.rs";

/// Where the plugin's code runs, and how its heap is asked for.
const PLACES: [(&str, &str); 2] = [(IN_PROCESS, ""), (PROCESS, "&plugin=hot")];

/// The row of the function itself, in mebibytes of memory in use.
#[track_caller]
fn leaked(rows: &[Row]) -> f64 {
    let row = rows.iter().find(|row| row.name == LEAK);
    row.map_or(0.0, |row| row.flat)
}

#[track_caller]
fn heap(go: &GoPprof, hot: &Hot, query: &str) -> Vec<Row> {
    let url = hot.at(&format!("/debug/pprof/heap?{query}"));
    go.top(&["-symbolize=none", "-unit=MB", &url])
}

/// Samples of half a mebibyte: 64 of them are known to an eighth, in most cases.
#[track_caller]
fn expect_about(rows: &[Row], mebibytes: f64) {
    let found = leaked(rows);
    let apart = (found - mebibytes).abs();
    assert!(
        apart < mebibytes / 2.0,
        "{found} and not {mebibytes}: {rows:#?}"
    );
}

#[test]
fn a_leak_is_on_top_with_its_line() {
    let Some(go) = GoPprof::require() else { return };
    for (isolation, plugin) in PLACES {
        let hot = Hot::start(isolation, CALM);
        hot.have("leak/64");
        let rows = heap(&go, &hot, plugin);
        assert_eq!(rows[0].name, LEAK, "{isolation}: {rows:#?}");
        expect_about(&rows, 64.0);
        let url = hot.at(&format!("/debug/pprof/heap?{plugin}"));
        let placed = go.top(&["-symbolize=none", "-lines", &url]);
        assert!(placed[0].name.contains(SOURCE), "{placed:#?}");
        let objects = go.top(&["-symbolize=none", "-sample_index=inuse_objects", &url]);
        // A sample of something tiny stands for more objects than these.
        let pieces = f64::from(64_u32 << 20) / 4096.0;
        let apart = (leaked(&objects) - pieces).abs();
        assert!(apart < pieces / 2.0, "{objects:#?}");
    }
}

#[test]
fn what_is_freed_is_gone() {
    let Some(go) = GoPprof::require() else { return };
    for (isolation, plugin) in PLACES {
        let hot = Hot::start(isolation, CALM);
        hot.have("leak/64");
        expect_about(&heap(&go, &hot, plugin), 64.0);
        hot.have("forget/0");
        // The allocator of a plugin's process is not purged from here.
        let purge = if plugin.is_empty() { "gc=1" } else { plugin };
        let rows = heap(&go, &hot, purge);
        assert!(leaked(&rows) < 8.0, "{isolation}: {rows:#?}");
    }
}

#[test]
fn a_difference_shows_what_came_meanwhile() {
    let Some(go) = GoPprof::require() else { return };
    for (isolation, plugin) in PLACES {
        let hot = Hot::start(isolation, CALM);
        hot.have("leak/128");
        let url = hot.at(&format!("/debug/pprof/heap?seconds=3{plugin}"));
        let profile = std::thread::scope(|scope| {
            let asking = scope.spawn(|| Request::new("GET", &url).send().expect(200).body);
            // Halfway; the first look is taken at the beginning and the second at the end.
            std::thread::sleep(std::time::Duration::from_millis(1500));
            hot.have("leak/32");
            asking.join().unwrap()
        });
        let file = go.file("difference", &profile);
        let rows = go.top(&["-symbolize=none", "-unit=MB", &file]);
        assert_eq!(rows[0].name, LEAK, "{isolation}: {rows:#?}");
        expect_about(&rows, 32.0);
    }
}

#[test]
fn a_collection_before_it_is_a_purge() {
    let hot = Hot::start(IN_PROCESS, CALM);
    let asked = || {
        let stats = hot.ask("/debug/stats").expect(200).json();
        stats["gc"]["num_forced_gc"].as_u64().unwrap()
    };
    let before = asked();
    assert_eq!(hot.ask("/debug/pprof/heap").status, 200);
    assert_eq!(asked(), before);
    assert_eq!(hot.ask("/debug/pprof/heap?gc=1").status, 200);
    assert_eq!(asked(), before + 1);
}

/// Cumulative allocation, where it is counted; otherwise it is said why not.
#[test]
fn allocations_are_told_or_refused_with_a_reason() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, CALM);
    hot.have("leak/64");
    hot.have("forget/0");
    let allocs = hot.ask("/debug/pprof/allocs");
    if allocs.status == 404 {
        let said = allocs.json();
        assert!(
            said["error"].as_str().is_some_and(|text| text.len() > 20),
            "{said}"
        );
        return;
    }
    let file = go.file("allocs", &allocs.expect(200).body);
    let text = go.run(&["-symbolize=none", "-top", &file]);
    assert!(text.contains("Type: alloc_space\n"), "{text}");
    let rows = go.top(&["-symbolize=none", "-unit=MB", &file]);
    expect_about(&rows, 64.0);
}
