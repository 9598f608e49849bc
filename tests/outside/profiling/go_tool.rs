//! The real `go tool pprof` reads every profile, by its address and from a file, in each of the ways
//! it has to show one.

use gaxx_tests::GoPprof;

use super::{BUSY, Hot, IN_PROCESS};

/// Profiles, and the type of their samples that is shown unless somebody says otherwise.
const PROFILES: [(&str, &str); 3] = [
    ("profile?seconds=2", "cpu"),
    ("heap", "inuse_space"),
    ("goroutine", "goroutine"),
];

#[test]
fn every_profile_is_read_by_address_and_from_a_file() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, BUSY);
    for (path, kind) in PROFILES {
        let url = hot.at(&format!("/debug/pprof/{path}"));
        let answer = hot.ask(&format!("/debug/pprof/{path}")).expect(200);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert!(answer.body.starts_with(b"\x1f\x8b"), "{path} is compressed");
        let file = go.file(kind, &answer.body);
        for source in [&url, &file] {
            let top = go.run(&["-symbolize=none", "-top", source]);
            assert!(top.contains(&format!("Type: {kind}\n")), "{top}");
            assert!(top.contains("Time: "), "{top}");
            let total = top.lines().find(|line| line.starts_with("Showing nodes"));
            assert!(!total.unwrap().ends_with(" of 0 total"), "{top}");
            assert!(!go.top(&["-symbolize=none", source]).is_empty());
            let svg = go.run(&["-symbolize=none", "-svg", source]);
            assert!(svg.contains("<svg ") && svg.contains("</svg>"), "{svg}");
            assert!(svg.contains("class=\"node\""), "{svg}");
            expect_raw(&go.run(&["-symbolize=none", "-raw", source]), kind);
            let tags = go.run(&["-symbolize=none", "-tags", source]);
            assert!(kind != "cpu" || tags.contains("thread: Total"), "{tags}");
        }
    }
}

/// What `-raw` shows: samples that have values, a function and a line for each address of the
/// program's own code, and a mapping for each address.
#[track_caller]
fn expect_raw(raw: &str, kind: &str) {
    let (head, rest) = raw.split_once("\nLocations\n").expect(raw);
    let (locations, mappings) = rest.split_once("\nMappings\n").expect(raw);
    assert!(head.contains("Samples:\n"), "{head}");
    assert!(head.contains(&format!("{kind}/")), "{head}");
    let own: Vec<&str> = locations
        .lines()
        .filter(|line| {
            let is_own = line.contains("gaxx_core::") || line.contains("gaxx_hot::");
            // Tasks have names, and places in the source.
            is_own || kind == "goroutine" && line.contains("core/src/")
        })
        .collect();
    assert!(own.len() > 2, "{locations}");
    // A line is `ID: ADDRESS M=MAPPING FUNCTION FILE:LINE s=START`, or without what goes before.
    let placed = |line: &&&str| line.contains(".rs:") && !line.contains(".rs:0 ");
    let known = own.iter().filter(placed).count();
    assert!(known * 10 >= own.len() * 9, "{own:#?}");
    // Tasks have no address.
    assert!(
        kind == "goroutine" || mappings.contains("gaxx-mon"),
        "{mappings}"
    );
}

#[test]
fn two_profiles_are_compared() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, BUSY);
    for (path, kind) in PROFILES {
        let path = format!("/debug/pprof/{path}");
        let base = go.file("base", &hot.ask(&path).expect(200).body);
        let base = format!("-diff_base={base}");
        let changed = go.run(&["-symbolize=none", "-top", &base, &hot.at(&path)]);
        assert!(changed.contains(&format!("Type: {kind}\n")), "{changed}");
        let url = hot.at(&path);
        let same = go.file("same", &hot.ask(&path).expect(200).body);
        for source in [&url, &same] {
            go.run(&["-symbolize=none", "-raw", &base, source]);
            go.run(&["-symbolize=none", "-svg", &base, source]);
            go.run(&["-symbolize=none", "-tags", &base, source]);
        }
        // Nothing is left of a profile less itself.
        let base = format!("-diff_base={same}");
        let nothing = go.run(&["-symbolize=none", "-top", &base, &same]);
        assert!(
            nothing.contains("Showing nodes accounting for 0, 0%"),
            "{nothing}"
        );
    }
}

/// Before it asks for anything else, `go tool pprof` may try to find what addresses mean by itself.
/// It has no need to.
#[test]
fn nothing_is_left_to_be_symbolised() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, BUSY);
    for (path, _) in PROFILES {
        let told = go.try_run(&["-top", &hot.at(&format!("/debug/pprof/{path}"))]);
        let told = told.expect(0);
        for complaint in ["symboliz", "Symboliz", "could not", "no such file"] {
            assert!(!told.stderr.contains(complaint), "{path}: {}", told.stderr);
        }
    }
}
