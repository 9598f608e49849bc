#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use proptest::{collection::vec, prelude::*};

use super::*;

fn series(labels: &[(&str, &str)], value: Value) -> Series {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Series {
        labels: labels.iter().map(own).collect(),
        value,
    }
}

fn number(labels: &[(&str, &str)], value: f64) -> Series {
    series(labels, Value::Number(value))
}

fn family(name: &str, help: &str, kind: Kind, series: Vec<Series>) -> Family {
    Family {
        name: name.into(),
        help: help.into(),
        kind,
        series,
    }
}

#[test]
fn every_kind_is_read() {
    let text = r#"
# a comment
# HELP runs_total Runs,\nof all \\ kinds.
# TYPE runs_total counter
runs_total{host="a\"b\\c\nd",} 3 1395066363000
runs_total { z = "1" , host = "x", empty="" } +Inf
untyped NaN
# TYPE size_bytes histogram
size_bytes_bucket{le="+Inf",of="a"} 3
size_bytes_bucket{le="1e3",of="a"} 1
size_bytes_bucket{of="a",le="2048"} 2
size_bytes_sum{of="a"} 4096.5
size_bytes_count{of="a"} 3
# HELP wait_seconds Waiting.
# TYPE wait_seconds summary
wait_seconds{quantile="0.5"} 0.1
wait_seconds_sum -2
wait_seconds_count 7
	tabs	-0.5
# TYPE requests counter
# UNIT requests requests
requests_total 5
# EOF

"#;
    let families = parse(text.as_bytes(), Timestamps::PassedOver).unwrap();
    let expected = [
        family(
            "runs_total",
            "Runs,\nof all \\ kinds.",
            Kind::Counter,
            vec![
                number(&[("host", "a\"b\\c\nd")], 3.0),
                number(&[("host", "x"), ("z", "1")], f64::INFINITY),
            ],
        ),
        family(
            "size_bytes",
            "",
            Kind::Histogram,
            vec![series(
                &[("of", "a")],
                Value::Distribution {
                    bounds: vec![1000.0, 2048.0],
                    cumulative: vec![1.0, 2.0],
                    count: 3.0,
                    sum: 4096.5,
                },
            )],
        ),
        family(
            "wait_seconds",
            "Waiting.",
            Kind::Gauge,
            vec![number(&[("quantile", "0.5")], 0.1)],
        ),
        family(
            "wait_seconds_sum",
            "Waiting.",
            Kind::Gauge,
            vec![number(&[], -2.0)],
        ),
        family(
            "wait_seconds_count",
            "Waiting.",
            Kind::Counter,
            vec![number(&[], 7.0)],
        ),
        family("tabs", "", Kind::Gauge, vec![number(&[], -0.5)]),
        family("requests_total", "", Kind::Counter, vec![number(&[], 5.0)]),
    ];
    // A NaN is equal to nothing.
    let (nan, others): (Vec<_>, Vec<_>) = families
        .into_iter()
        .partition(|family| family.name == "untyped");
    assert!(matches!(nan[0].series[0].value, Value::Number(value) if value.is_nan()));
    assert_eq!(others, expected);
}

#[test]
fn what_breaks_a_rule_is_named_with_its_line() {
    for (text, line, part) in [
        ("a 1", 1, "middle of a line"),
        ("a 1\n\nb\n", 3, "value is no number"),
        ("a one\n", 1, "value is no number"),
        ("a 1 soon\n", 1, "timestamp"),
        ("a 1 2 3\n", 1, "more after"),
        ("9a 1\n", 1, "no metric's name"),
        ("a-b 1\n", 1, "character other"),
        ("{a=\"b\"} 1\n", 1, "no metric's name"),
        ("a{1=\"b\"} 1\n", 1, "no label's name"),
        ("a{b} 1\n", 1, "`=`"),
        ("a{b=c} 1\n", 1, "begin with"),
        ("a{b=\"c} 1\n", 1, "does not end"),
        ("a{b=\"\\t\"} 1\n", 1, "before something else"),
        ("a{b=\"c\" d=\"e\"} 1\n", 1, "neither"),
        ("a{b=\"c\",b=\"d\"} 1\n", 1, "a label stands twice"),
        ("a 1\na 1\n", 2, "a sample stands twice"),
        ("a{b=\"\"} 1\na 1\n", 2, "a sample stands twice"),
        ("a 1\n# TYPE a counter\n", 2, "after samples"),
        ("# TYPE a gauge\n# TYPE a gauge\n", 2, "second TYPE"),
        ("# HELP a b\n# HELP a b\n", 2, "second HELP"),
        ("# HELP a \\x\n", 1, "HELP"),
        ("# TYPE a meter\n", 1, "none of counter"),
        ("# EOF\na 1\n", 2, "after # EOF"),
        ("# TYPE h histogram\nh 1\n", 2, "_bucket, _sum or _count"),
        ("# TYPE h histogram\nh_bucket 1\n", 2, "no label `le`"),
        (
            "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n",
            2,
            "`le` is no number",
        ),
        ("# TYPE h histogram\nh_sum 1\n", 2, "+Inf"),
        ("# TYPE h histogram\nh_sum 1\nh_sum 1\n", 3, "stands twice"),
        (
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n",
            2,
            "no _sum",
        ),
        (
            "# TYPE h histogram\nh_sum 1\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n",
            2,
            "ascend",
        ),
        (
            "# TYPE h histogram\nh_sum 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\n",
            2,
            "a bucket stands twice",
        ),
    ] {
        let error = parse(text.as_bytes(), Timestamps::PassedOver).unwrap_err();
        assert!(
            error.line == line && error.reason.contains(part),
            "{text:?}: {error}"
        );
    }
    let error = parse(b"a 1\n\xff 1\n", Timestamps::PassedOver).unwrap_err();
    assert_eq!(error.to_string(), "line 2: it is not UTF-8");
}

#[test]
fn timestamps_are_passed_over_or_refused() {
    let text = b"a 1\nb 2 1395066363000\n";
    assert_eq!(parse(text, Timestamps::PassedOver).unwrap().len(), 2);
    let error = parse(text, Timestamps::Refused).unwrap_err();
    assert_eq!(error.line, 2);
    assert!(error.reason.contains("timestamp"), "{error}");
}

/// Writes families as a program would.
fn render(families: &[Family]) -> String {
    let mut text = String::new();
    for family in families {
        let Family {
            name,
            help,
            kind,
            series,
        } = family;
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        let kind = format!("{kind:?}").to_lowercase();
        write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n").unwrap();
        for Series { labels, value } in series {
            match value {
                Value::Number(value) => sample(&mut text, name, labels, None, *value),
                Value::Distribution {
                    bounds,
                    cumulative,
                    count,
                    sum,
                } => {
                    let bucket = format!("{name}_bucket");
                    for (bound, count) in bounds.iter().zip(cumulative) {
                        sample(&mut text, &bucket, labels, Some(*bound), *count);
                    }
                    sample(&mut text, &bucket, labels, Some(f64::INFINITY), *count);
                    sample(&mut text, &format!("{name}_sum"), labels, None, *sum);
                    sample(&mut text, &format!("{name}_count"), labels, None, *count);
                }
            }
        }
    }
    text
}

fn sample(
    text: &mut String,
    name: &str,
    labels: &[(String, String)],
    bound: Option<f64>,
    value: f64,
) {
    let escape = |value: &str| {
        value
            .replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('\n', r"\n")
    };
    let labels = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escape(value)));
    let labels = labels.chain(bound.map(|bound| format!("le=\"{bound}\"")));
    let labels = labels.collect::<Vec<_>>().join(",");
    writeln!(text, "{name}{{{labels}}} {value}").unwrap();
}

fn any_labels() -> impl Strategy<Value = Vec<(String, String)>> {
    let labels = proptest::collection::btree_map("[a-k][a-z0-9_]{0,5}", any::<String>(), 0..4);
    labels.prop_map(|labels| {
        labels
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect()
    })
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("equal to itself", |value| !value.is_nan()),
        Just(0.0)
    ]
}

fn any_distribution() -> impl Strategy<Value = Value> {
    (vec((-1_000_i32..1_000, 0..1_000_u32), 0..6), any_number()).prop_map(|(mut buckets, sum)| {
        buckets.sort_unstable();
        buckets.dedup_by_key(|(bound, _)| *bound);
        let mut count = 0.0;
        let mut ascending = |more: u32| {
            count += f64::from(more);
            count
        };
        let cumulative = buckets.iter().map(|(_, more)| ascending(*more)).collect();
        let bounds = buckets.iter().map(|(bound, _)| f64::from(*bound)).collect();
        Value::Distribution {
            bounds,
            cumulative,
            count,
            sum,
        }
    })
}

fn any_family() -> impl Strategy<Value = Family> {
    let numbers = || vec((any_labels(), any_number().prop_map(Value::Number)), 1..5);
    let distributions = vec((any_labels(), any_distribution()), 1..5);
    let of = prop_oneof![
        (Just(Kind::Counter), numbers()),
        (Just(Kind::Gauge), numbers()),
        (Just(Kind::Histogram), distributions),
    ];
    // A help text may not begin or end with blanks, nor with what ends a line.
    ("[!-~]([ -~\n]*[!-~])?", of).prop_map(|(help, (kind, mut series))| {
        series.sort_by(|one, other| one.0.cmp(&other.0));
        series.dedup_by(|one, other| one.0 == other.0);
        let series = series
            .into_iter()
            .map(|(labels, value)| Series { labels, value });
        Family {
            name: String::new(),
            help,
            kind,
            series: series.collect(),
        }
    })
}

proptest! {
    #[test]
    fn what_is_rendered_is_read_again(mut families in vec(any_family(), 0..5)) {
        for (number, family) in families.iter_mut().enumerate() {
            family.name = format!("metric_{number}");
        }
        prop_assert_eq!(parse(render(&families).as_bytes(), Timestamps::Refused), Ok(families));
    }

    #[test]
    fn no_bytes_are_too_much(bytes: Vec<u8>) {
        let _ = parse(&bytes, Timestamps::PassedOver);
    }

    #[test]
    fn no_text_that_looks_alike_is_too_much(
        lines in vec("(# (HELP|TYPE) )?[ah](_bucket|_sum)?[ {}=,\\\\\"#ael1+.]{0,20}", 0..12),
    ) {
        let _ = parse((lines.join("\n") + "\n").as_bytes(), Timestamps::Refused);
    }

    #[test]
    fn a_text_that_is_cut_off_is_never_half_a_line(families in vec(any_family(), 1..3), at: prop::sample::Index) {
        let mut families = families;
        for (number, family) in families.iter_mut().enumerate() {
            family.name = format!("metric_{number}");
        }
        let text = render(&families);
        let cut = &text.as_bytes()[..at.index(text.len())];
        if cut.last().is_some_and(|byte| *byte != b'\n') {
            prop_assert!(parse(cut, Timestamps::PassedOver).is_err());
        }
    }
}
