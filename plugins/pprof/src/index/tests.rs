#![allow(clippy::unwrap_used)]

use gaxx_sdk::json;
use proptest::prelude::*;

use super::{amounts, escape::escape, template, *};

fn statistics() -> Value {
    json!({
        "process_id": 4711, "uptime_seconds": 93_784.5, "cpu_seconds": 12.34,
        "resident_bytes": 20_971_520, "threads": 11,
        "heap": { "allocated": 3_670_016, "allocated_total": null },
        "runtime": { "alive_tasks": 9 },
        "plugins": [
            { "plugin": "system", "process_id": null },
            { "plugin": "leaky", "process_id": 99 },
            { "plugin": "leaky", "process_id": 99 },
            { "plugin": "<b>\"'&", "process_id": 100 },
        ],
    })
}

fn shown(host: Option<&str>, statistics: &Value) -> String {
    page(&Facts { host, statistics })
}

#[test]
fn it_shows_what_there_is_now() {
    let page = shown(Some("localhost:6060"), &statistics());
    for expected in [
        "9 tasks",
        "11 threads",
        "4711",
        "1 d 2 h",
        "12.3 s",
        "20.0 MiB",
        "3.5 MiB",
        "–",
    ] {
        assert!(page.contains(expected), "no {expected}");
    }
    assert!(page.contains("http://localhost:6060</span>/debug/pprof/heap"));
    assert!(!page.contains('{'), "{page}");
}

#[test]
fn what_is_not_known_is_a_dash() {
    let page = shown(None, &Value::Null);
    assert!(page.contains("<b>–</b>"));
    assert!(page.contains("http://127.0.0.1:6060</span>/debug/pprof/heap"));
    assert!(!page.contains("<select name=\"plugin\">"));
}

#[test]
fn plugins_with_a_process_of_their_own_can_be_chosen() {
    let page = shown(None, &statistics());
    assert!(!page.contains(">plugin system<"));
    let forms = page.matches("<form").count();
    assert_eq!(
        page.matches("<option value=\"leaky\">plugin leaky</option>")
            .count(),
        forms
    );
    assert!(page.contains("plugin &lt;b&gt;&quot;&#39;&amp;<"));
    assert!(!page.contains("<b>\"'"));
}

#[test]
fn every_page_that_the_table_of_go_has_is_named() {
    let page = shown(None, &statistics());
    for path in [
        "profile",
        "heap",
        "allocs",
        "goroutine",
        "threadcreate",
        "cmdline",
        "symbol",
        "block",
        "mutex",
        "trace",
        "flamegraph",
    ] {
        assert!(page.contains(&format!("/debug/pprof/{path}")), "no {path}");
    }
    for path in ["/debug/stats", "/debug/gc", "/debug/build"] {
        assert!(page.contains(path), "no {path}");
    }
}

#[test]
fn a_host_that_is_none_comes_into_no_command() {
    for host in [
        "",
        "-o/etc/passwd",
        "a b",
        "a';rm -rf /;'",
        "<script>",
        "$(id)",
        "a`id`",
        "ä",
    ] {
        let page = shown(Some(host), &statistics());
        assert!(
            page.contains("http://127.0.0.1:6060</span>/debug/pprof/heap"),
            "{host}"
        );
    }
    let long = "a".repeat(LONGEST_HOST + 1);
    assert!(!shown(Some(&long), &statistics()).contains(&long));
    for host in ["[::1]:6060", "node-1.example:6060"] {
        assert!(
            shown(Some(host), &statistics())
                .contains(&format!("http://{host}</span>/debug/pprof/"))
        );
    }
}

#[test]
fn amounts_are_in_units_people_read() {
    for (amount, expected) in [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_536, "1.5 KiB"),
        (u64::MAX, "16777215.9 TiB"),
    ] {
        assert_eq!(amounts::bytes(amount), expected);
    }
    for (seconds, expected) in [
        (0.0, "0.0 s"),
        (59.99, "59.9 s"),
        (61.0, "1 min 1 s"),
        (7_260.0, "2 h 1 min"),
        (f64::NAN, "0.0 s"),
    ] {
        assert_eq!(amounts::span(seconds), expected);
    }
}

proptest! {
    #[test]
    fn escaped_text_means_nothing_in_html(text in ".*") {
        let escaped = escape(&text);
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        let back = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        prop_assert_eq!(back.replace("&#39;", "'").replace("&amp;", "&"), text);
    }

    #[test]
    fn a_template_takes_any_value_and_keeps_any_text(
        text in "[a-z{} ]{0,20}",
        inserted in "[{}name]{0,8}",
    ) {
        let template = format!("<{{name}}>{text}");
        let filled = template::fill(&template, |name| (name == "name").then(|| inserted.clone()));
        let expected = format!("<{inserted}>");
        prop_assert!(filled.starts_with(&expected));
        prop_assert_eq!(template::fill(&text, |_| None), text);
    }
}
