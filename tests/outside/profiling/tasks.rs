//! What the program's tasks and threads do: its goroutines.

use std::net::TcpStream;

use gaxx_tests::{GoPprof, wait_until};

use super::{CALM, Hot, IN_PROCESS};

/// How many tasks there are, by the profile's own count.
#[track_caller]
fn count(go: &GoPprof, hot: &Hot) -> f64 {
    let rows = go.top(&["-symbolize=none", &hot.at("/debug/pprof/goroutine")]);
    rows.iter().map(|row| row.flat).sum()
}

/// Each open connection is a task. The profile and the metric say so alike.
#[test]
fn the_profile_agrees_with_the_metric() {
    const MORE: usize = 40;
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, CALM);
    let metric = || {
        let metrics = hot.metrics();
        metrics.value("gaxx_goroutines_total", &[]).unwrap()
    };
    // A request for the one has a task or two that a request for the other has not.
    let agree = || (count(&go, &hot) - metric()).abs() <= 4.0;
    wait_until("they agree", agree);
    let before = count(&go, &hot);
    let connections: Vec<_> = (0..MORE)
        .map(|_| TcpStream::connect(hot.address()).unwrap())
        .collect();
    wait_until("the connections are seen", || {
        count(&go, &hot) >= before + MORE as f64 - 4.0
    });
    wait_until("they agree again", agree);
    drop(connections);
    wait_until("they are gone", || count(&go, &hot) <= before + 4.0);
}

#[test]
fn tasks_are_told_by_name_and_place() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, CALM);
    let _idle = TcpStream::connect(hot.address()).unwrap();
    let url = hot.at("/debug/pprof/goroutine");
    let raw = go.run(&["-symbolize=none", "-raw", &url]);
    assert!(raw.contains("goroutine/count"), "{raw}");
    assert!(raw.contains("core/src/"), "{raw}");
    let tags = go.run(&["-symbolize=none", "-tags", &url]);
    assert!(tags.contains("state: Total"), "{tags}");

    let grouped = hot.ask("/debug/pprof/goroutine?debug=1").expect(200);
    assert!(grouped.header("content-type").starts_with("text/plain"));
    let text = grouped.text();
    let head = text.lines().next().unwrap();
    let total = head.strip_prefix("goroutine profile: total ").unwrap();
    let total: usize = total.trim().parse().unwrap();
    // Groups begin with their count, as Go's do.
    let groups = text.lines().filter_map(|line| {
        let (count, _) = line.split_once(" @")?;
        count.parse::<usize>().ok()
    });
    assert_eq!(groups.sum::<usize>(), total, "{text}");
    assert!(text.contains(".rs:"), "{text}");

    let each = hot.ask("/debug/pprof/goroutine?debug=2").expect(200);
    assert!(each.header("content-type").starts_with("text/plain"));
    let tasks = |state: &str| {
        let heads = each.text().lines();
        let heads = heads.filter(|line| line.starts_with("goroutine ") && line.ends_with("]:"));
        { heads }.filter(|head| head.contains(state)).count()
    };
    assert!(tasks("[waiting") > 2, "{}", each.text());
    assert!(each.text().contains("core/src/"), "{}", each.text());
}

#[test]
fn threads_are_told() {
    let Some(go) = GoPprof::require() else { return };
    let hot = Hot::start(IN_PROCESS, &CALM.replace("hot: {", "hot: {workers: 3, "));
    let rows = go.top(&["-symbolize=none", &hot.at("/debug/pprof/threadcreate")]);
    let all: f64 = rows.iter().map(|row| row.flat).sum();
    let real = gaxx_tests::Process(hot.pid()).threads();
    assert!((all - real as f64).abs() <= 4.0, "{all}, {real}: {rows:#?}");
    let worker = rows.iter().find(|row| row.name.contains("hot-worker"));
    assert_eq!(worker.map(|row| row.flat), Some(3.0), "{rows:#?}");
    let text = hot.ask("/debug/pprof/threadcreate?debug=1").expect(200);
    assert!(text.text().contains("hot-worker"), "{}", text.text());
}

#[test]
fn at_rest_there_are_few() {
    let hot = Hot::start(IN_PROCESS, CALM);
    let stats = hot.ask("/debug/stats").expect(200).json();
    let tasks = stats["goroutines"].as_u64().unwrap();
    assert!((1..20).contains(&tasks), "{stats}");
}
