//! Pages that take profiles.

use gaxx_sdk::{Error, ErrorKind, json, serde_json::Value, testing::Facility};

use super::{assert_refused, counted, get, header, json_of, make, raw, send, told};
use crate::profile::{Profile, decode};

const CPU: [(&str, &str); 2] = [("samples", "count"), ("cpu", "nanoseconds")];
const HEAP: [(&str, &str); 2] = [("inuse_objects", "count"), ("inuse_space", "bytes")];
const ALL: [(&str, &str); 4] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
];

fn first_name(profile: &Profile) -> &str {
    let line = profile.locations[0].lines[0];
    &profile.functions[line.function].name
}

#[test]
fn a_cpu_profile_is_ordered_ended_and_named() {
    let endpoint = make(told().profile(raw(&CPU, 7)));
    let answer = get(
        &endpoint,
        "/debug/pprof/profile?seconds=1&hz=250&plugin=hot",
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let disposition = "attachment; filename=\"profile\"";
    assert_eq!(header(&answer, "content-disposition"), Some(disposition));
    let profile = decode(&answer.body).unwrap();
    assert_eq!((first_name(&profile), profile.total(1)), ("[libhot.so]", 7));
    let ordered = endpoint.profiled();
    let order = json!({ "cpu": { "hertz": 250, "seconds": 1, "plugin": "hot" } });
    assert_eq!(ordered, [order, json!({ "finish": 1 })]);
    assert_eq!(counted(&endpoint, "profile", "served"), Some(1.0));
}

#[test]
fn head_takes_no_profile() {
    let endpoint = make(told().profile(raw(&CPU, 7)));
    for page in ["profile", "heap", "allocs", "flamegraph"] {
        let answer = send(&endpoint, "HEAD", &format!("/debug/pprof/{page}"), b"");
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    assert_eq!(endpoint.profiled(), Vec::<Value>::new());
}

#[test]
fn a_heap_profile_is_named_and_shown() {
    let endpoint = make(told().profile(raw(&ALL, 4096)));
    let profile = decode(&get(&endpoint, "/debug/pprof/heap?gc=1").body).unwrap();
    assert_eq!(
        (first_name(&profile), profile.default_type),
        ("[libhot.so]", 3)
    );
    let profile = decode(&get(&endpoint, "/debug/pprof/allocs").body).unwrap();
    assert_eq!(profile.default_type, 1);
    let text = get(&endpoint, "/debug/pprof/heap?debug=1").text();
    assert!(
        text.starts_with("heap profile: 4096: 4096 [4096: 4096] @ heapprofile\n"),
        "{text}"
    );
    assert!(text.contains("#\t0x1234\t[libhot.so]\n"), "{text}");
    let refused = get(&endpoint, "/debug/pprof/heap?gc=1&plugin=hot");
    assert_refused(&refused, 400, "not the process of a plugin");
}

#[test]
fn with_seconds_it_is_what_was_added() {
    let endpoint = make(told().profile(raw(&HEAP, 100)).profile(raw(&HEAP, 350)));
    let answer = get(&endpoint, "/debug/pprof/heap?seconds=1");
    let disposition = "attachment; filename=\"heap-delta\"";
    assert_eq!(header(&answer, "content-disposition"), Some(disposition));
    assert_eq!(decode(&answer.body).unwrap().total(1), 250);
    assert_eq!(endpoint.profiled().len(), 2);
}

#[test]
fn without_accumulation_there_are_no_allocations() {
    let endpoint = make(told().profile(raw(&HEAP, 1)));
    let answer = get(&endpoint, "/debug/pprof/allocs");
    assert_refused(&answer, 404, "does not count what has been allocated");
}

#[test]
fn a_flame_graph_has_data_of_each_type() {
    let endpoint = make(told().profile(raw(&CPU, 7)));
    let page = get(&endpoint, "/debug/pprof/flamegraph?type=heap");
    assert_eq!(
        header(&page, "content-type"),
        Some("text/html; charset=utf-8")
    );
    let data = get(&endpoint, "/debug/pprof/flamegraph?format=json&seconds=1");
    assert_eq!(json_of(&data, 200)["total"], 7);
    let endpoint = make(told().profile(raw(&ALL, 9)));
    for kind in ["heap", "allocs"] {
        let path = format!("/debug/pprof/flamegraph?format=json&type={kind}");
        assert_eq!(json_of(&get(&endpoint, &path), 200)["total"], 9);
    }
    for (query, part) in [
        ("type=tasks", "type is \"tasks\""),
        ("format=svg", "format is \"svg\""),
        ("format=json&gc=1", "gc has nothing to do"),
    ] {
        assert_refused(
            &get(&endpoint, &format!("/debug/pprof/flamegraph?{query}")),
            400,
            part,
        );
    }
}

#[test]
fn a_wrong_parameter_takes_no_profile() {
    let endpoint = make(told().profile(raw(&CPU, 7)));
    for query in [
        "seconds=301",
        "hz=0",
        "duration=3",
        "seconds=1&seconds=1",
        "debug=1",
    ] {
        let answer = get(&endpoint, &format!("/debug/pprof/profile?{query}"));
        let key = query.split('=').next().unwrap();
        assert_refused(&answer, 400, key);
    }
    assert_eq!(endpoint.profiled(), Vec::<Value>::new());
    assert_eq!(counted(&endpoint, "profile", "refused"), Some(5.0));
}

#[test]
fn why_there_is_no_profile_is_told() {
    let error = |kind| Error::new(kind, "so it is").remedy("do this");
    for (kind, query, status) in [
        (ErrorKind::Limit, "seconds=1", 409),
        (ErrorKind::Unknown, "plugin=hot", 404),
        (ErrorKind::Refused, "plugin=hot", 400),
        (ErrorKind::Refused, "seconds=1", 404),
        (ErrorKind::Failed, "seconds=1", 503),
    ] {
        let endpoint = make(told().no_profile(error(kind)));
        let answer = get(&endpoint, &format!("/debug/pprof/profile?{query}"));
        let told = json_of(&answer, status);
        assert_eq!(
            (&told["error"], &told["remedy"]),
            (&json!("so it is"), &json!("do this"))
        );
        assert_eq!(header(&answer, "retry-after").is_some(), status == 409);
    }
}

#[test]
fn gos_tools_are_told_in_plain_text() {
    let endpoint = make(told());
    let agent = [("user-agent", "Go-http-client/1.1")];
    let answer = endpoint
        .send_with("GET", 1, "/debug/pprof/block", &agent, b"")
        .unwrap();
    assert_eq!(answer.status, 404);
    assert_eq!(header(&answer, "x-go-pprof"), Some("1"));
    assert_eq!(
        header(&answer, "content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(
        answer.text().starts_with("there is no block profile"),
        "{}",
        answer.text()
    );
}

#[test]
fn without_a_helper_a_profile_is_sent_as_it_is() {
    let conditions = || told().refusing(Facility::Helpers).profile(raw(&ALL, 7));
    let endpoint = make(conditions());
    let answer = get(&endpoint, "/debug/pprof/heap");
    assert_eq!((answer.status, &answer.body), (200, &raw(&ALL, 7)));
    let unnamed = endpoint
        .samples()
        .value("gaxx_pprof_unnamed_profiles_total", &[]);
    assert_eq!(unnamed, Some(1.0));
    assert!(
        endpoint
            .log()
            .iter()
            .any(|line| line.message.contains("without names"))
    );
    for path in [
        "allocs",
        "heap?debug=1",
        "flamegraph?format=json&type=heap",
        "symbol?0x1",
    ] {
        let answer = get(&endpoint, &format!("/debug/pprof/{path}"));
        assert_refused(&answer, 503, "the test's host refuses");
    }
}
