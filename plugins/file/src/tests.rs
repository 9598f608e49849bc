#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use gaxx_sdk::{
    json, serde_json,
    testing::{self, Measurements},
};
use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

/// Batch number so and so, of so many series.
fn batch(number: u64, series: usize) -> Measurements {
    let empty = Measurements::default().at(Measurements::UNIX_NANOS + number * SECOND);
    (0..series).fold(empty, |batch, at| {
        batch.gauge("load_ratio", &[("at", &at.to_string())], number as f64)
    })
}

fn exporter(path: &Path, settings: serde_json::Value) -> testing::ExporterTest {
    let mut all = json!({ "path": path });
    let (all_keys, more) = (all.as_object_mut().unwrap(), settings);
    all_keys.extend(more.as_object().unwrap().clone());
    testing::exporter::<File>(all).unwrap()
}

/// The number of the batch of each line.
fn numbers(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row["value"].as_u64().unwrap()
    });
    lines.collect()
}

/// The files beside this one, in the order of their names.
fn kept(path: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut all: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    all.retain(|other| other != path);
    all.sort();
    all
}

#[test]
fn a_series_is_a_line_in_the_form_of_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.jsonl");
    let measured = Measurements::default()
        .counter("runs_total", &[("host", "a\"b\n")], 3.0)
        .gauge("limit_bytes", &[], f64::INFINITY)
        .histogram("took_seconds", &[], &[0.5], &[2.0], 3.0, 4.5);
    exporter(&path, json!({})).export(&measured).unwrap();
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let rows: Vec<serde_json::Value> = rows.collect();
    let time = "2001-09-09T01:46:40.000000000Z";
    assert_eq!(
        rows,
        [
            json!({
                "timestamp": time, "name": "runs_total", "type": "counter", "value": 3,
                "labels": { "host": "a\"b\n" },
            }),
            json!({
                "timestamp": time, "name": "limit_bytes", "type": "gauge", "value": null,
                "text": "+Inf", "labels": {},
            }),
            json!({
                "timestamp": time, "name": "took_seconds", "type": "histogram", "value": 1.5,
                "labels": {}, "count": 3, "sum": 4.5, "buckets": [{ "le": 0.5, "count": 2 }],
            }),
        ]
    );
}

#[test]
fn text_is_that_of_a_scrape_and_replaced_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.prom");
    let settings = json!({ "format": "prometheus", "rotate": { "keep": 0 } });
    let mut exporter = exporter(&path, settings);
    exporter.export(&batch(1, 9)).unwrap();
    let measured = Measurements::default()
        .counter("runs_total", &[("host", "a\"b\\\n")], 3.0)
        .histogram("took_seconds", &[("x", "y")], &[0.5], &[2.0], 3.0, 4.5);
    exporter.export(&measured).unwrap();
    let expected = r#"# HELP runs_total runs_total.
# TYPE runs_total counter
runs_total{host="a\"b\\\n"} 3
# HELP took_seconds took_seconds.
# TYPE took_seconds histogram
took_seconds_bucket{x="y",le="0.5"} 2
took_seconds_bucket{x="y",le="+Inf"} 3
took_seconds_sum{x="y"} 4.5
took_seconds_count{x="y"} 3
"#;
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    assert!(kept(&path).is_empty());
}

#[test]
fn text_is_kept_at_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.prom");
    let rotate = json!({ "keep": 2, "max_age": "10s" });
    let mut exporter = exporter(&path, json!({ "format": "prometheus", "rotate": rotate }));
    for number in 0..=31 {
        exporter.export(&batch(number, 1)).unwrap();
    }
    // Put aside by batches 1, 11, 21 and 31: what the batches before them had left.
    let texts: Vec<_> = kept(&path)
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].ends_with(" 20\n") && texts[1].ends_with(" 30\n"));
}

#[test]
fn a_batch_that_comes_again_takes_its_own_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.jsonl");
    for number in [1, 2, 2, 3, 3, 3] {
        exporter(&path, json!({}))
            .export(&batch(number, 100))
            .unwrap();
    }
    let expected: Vec<_> = [1, 2, 3].into_iter().flat_map(|it| [it; 100]).collect();
    assert_eq!(numbers(&path), expected);
}

#[test]
fn a_file_is_put_aside_by_size_and_by_age() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.jsonl");
    let mut by_size = exporter(
        &path,
        json!({ "rotate": { "max_size": "1000B", "keep": 3 } }),
    );
    for number in 0..40 {
        by_size.export(&batch(number, 2)).unwrap();
        assert!(fs::metadata(&path).unwrap().len() <= 1000);
    }
    let aside = kept(&path);
    assert_eq!(aside.len(), 3);
    let all = aside.iter().chain([&path]);
    let all: Vec<u64> = all.flat_map(|path| numbers(path)).collect();
    assert!(all.is_sorted() && all.ends_with(&[38, 38, 39, 39]));
    let mut by_age = exporter(&path, json!({ "rotate": { "max_age": "5s", "keep": 1 } }));
    fs::remove_file(&path).unwrap();
    for number in 100..107 {
        by_age.export(&batch(number, 1)).unwrap();
    }
    assert_eq!(numbers(&path), [105, 106]);
    assert_eq!(numbers(&kept(&path)[0]), [100, 101, 102, 103, 104]);
}

#[test]
fn a_batch_larger_than_a_file_gets_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.jsonl");
    let mut exporter = exporter(&path, json!({ "rotate": { "max_size": "10B", "keep": 9 } }));
    for number in [1, 1, 2, 2] {
        exporter.export(&batch(number, 3)).unwrap();
    }
    assert_eq!(
        (numbers(&path), numbers(&kept(&path)[0])),
        (vec![2; 3], vec![1; 3])
    );
}

#[test]
fn what_is_not_its_own_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other");
    let refused = |path: &Path| {
        let mut exporter = exporter(path, json!({}));
        exporter.export(&batch(1, 1)).unwrap_err().to_string()
    };
    fs::write(&path, "root:x:0:0\nno end").unwrap();
    assert!(refused(&path).contains("something else"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "root:x:0:0\nno end");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(refused(&link).contains("link"));
    assert!(refused(Path::new("/dev/full")).contains("/dev/full: it is no file"));
    assert!(refused(folder.path()).contains("directory"));
    assert!(refused(&path.join("below")).contains("below: "));
}

#[test]
fn room_that_a_crash_has_left_unfilled_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.jsonl");
    fs::write(&path, [0; 10_000]).unwrap();
    exporter(&path, json!({})).export(&batch(4, 2)).unwrap();
    assert_eq!(numbers(&path), [4, 4]);
}

#[test]
fn a_text_that_cannot_be_written_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.prom");
    let mut exporter = exporter(&path, json!({ "format": "prometheus" }));
    exporter.export(&batch(1, 1)).unwrap();
    // What stands in the way of the next one.
    fs::create_dir(folder.path().join(".m.prom.half")).unwrap();
    let error = exporter.export(&batch(2, 1)).unwrap_err();
    assert!(error.message().contains(".m.prom.half: "), "{error}");
    assert!(fs::read_to_string(&path).unwrap().ends_with(" 1\n"));
}

#[test]
fn a_path_that_is_none_is_refused() {
    let refused = |settings| testing::exporter::<File>(settings).unwrap_err().to_string();
    assert!(refused(json!({ "path": "/" })).starts_with("path: / names no file"));
    assert!(refused(json!({})).contains("`path`"));
}

#[test]
fn it_complies() {
    testing::comply("file")
        .settings("file", json!({ "path": "metrics.jsonl" }))
        .assert();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A crash leaves a piece of the batch under way. It comes again, as from a spool, and then each
    /// batch is there once.
    #[test]
    fn no_crash_loses_or_repeats_a_line(
        crashes in prop::collection::vec((0..40_usize, any::<prop::sample::Index>()), 1..8),
        max_size in 500..20_000_u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.jsonl");
        let settings = json!({ "rotate": { "max_size": max_size, "keep": 100 } });
        let mut expected = Vec::new();
        for (number, (series, cut)) in crashes.into_iter().enumerate() {
            let number = number as u64;
            let whole = batch(number, series);
            exporter(&path, settings.clone()).export(&whole).unwrap();
            // Cut off at any point of the batch.
            let text = fs::read(&path).unwrap();
            let beginning = json::beginning(Measurements::UNIX_NANOS + number * SECOND);
            let start = text.windows(beginning.len()).position(|at| at == beginning.as_bytes());
            let start = start.unwrap_or(text.len());
            let left = start + cut.index(text.len() - start + 1);
            fs::write(&path, &text[..left]).unwrap();
            exporter(&path, settings.clone()).export(&whole).unwrap();
            expected.extend(vec![number; series]);
        }
        let all = kept(&path);
        let found: Vec<u64> = all.iter().chain([&path]).flat_map(|path| numbers(path)).collect();
        prop_assert_eq!(found, expected);
    }
}
