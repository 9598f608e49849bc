//! What is sent, and what becomes of it.

use super::{receiver::Receiver, *};

/// The samples of all requests since the last look: name and labels, value, milliseconds.
fn samples(receiver: &Receiver) -> Vec<(String, f64, i64)> {
    let taken = receiver.taken();
    let all = taken.iter().flat_map(|taken| taken.request.samples());
    all.map(|(name, (bits, time))| (name, f64::from_bits(bits), time))
        .collect()
}

#[test]
fn every_sample_is_sent_as_a_scrape_would_give_it() {
    let receiver = Receiver::new();
    let measured = at(7)
        .counter(
            "runs_total",
            &[("Zone", "b"), ("app", "ä\"\n"), ("empty", "")],
            3.0,
        )
        .gauge("limit_bytes", &[], f64::INFINITY)
        .histogram(
            "took_seconds",
            &[("x", "y")],
            &[0.5, 10.0],
            &[2.0, 3.0],
            4.0,
            14.5,
        );
    let mut exporter = exporter(&receiver.url(), json!({})).unwrap();
    exporter.export(&measured).unwrap();
    let expected = [
        ("Zone=b runs_total app=ä\"\n", 3.0),
        ("limit_bytes", f64::INFINITY),
        ("took_seconds_bucket le=+Inf x=y", 4.0),
        ("took_seconds_bucket le=0.5 x=y", 2.0),
        ("took_seconds_bucket le=10 x=y", 3.0),
        ("took_seconds_count x=y", 4.0),
        ("took_seconds_sum x=y", 14.5),
    ];
    assert_eq!(
        samples(&receiver),
        expected.map(|(name, value)| (name.to_owned(), value, 7_000))
    );
}

#[test]
fn no_number_is_no_marker() {
    let receiver = Receiver::new();
    let mut exporter = exporter(&receiver.url(), json!({})).unwrap();
    let odd = at(1).gauge("odd", &[], f64::from_bits(STALE));
    exporter.export(&odd).unwrap();
    let taken = receiver.taken();
    let samples = taken[0].request.samples();
    assert_eq!(samples["odd"], (0x7ff8_0000_0000_0001, 1_000));
}

#[test]
fn the_head_says_what_it_is_and_who_sends_it() {
    let receiver = Receiver::new();
    let settings = json!({ "headers": { "X-Scope-OrgID": "me" } });
    let mut exporter = exporter(&receiver.url(), settings).unwrap();
    exporter.export(&at(1).gauge("a", &[], 1.0)).unwrap();
    let head = &receiver.taken()[0].head;
    for line in [
        "post /api/v1/write http/1.1",
        "content-type: application/x-protobuf",
        "content-encoding: snappy",
        "x-prometheus-remote-write-version: 0.1.0",
        "x-scope-orgid: me",
    ] {
        assert!(head.lines().any(|own| own == line), "{head}");
    }
}

#[test]
fn metadata_goes_with_new_families_and_once_a_minute() {
    let receiver = Receiver::new();
    let mut exporter = exporter(&receiver.url(), json!({})).unwrap();
    let mut described = |measured: Measurements| -> Vec<(i32, String, String)> {
        exporter.export(&measured).unwrap();
        let taken = receiver.taken();
        let metadata = taken.into_iter().flat_map(|taken| taken.request.metadata);
        metadata.map(|it| (it.kind, it.family, it.help)).collect()
    };
    let one = |second| at(second).counter("a_total", &[], 1.0);
    let a = || (1, "a_total".to_owned(), "a_total.".to_owned());
    assert_eq!(described(one(100)), [a()]);
    assert_eq!(described(one(159)), []);
    assert_eq!(described(one(160)), [a()]);
    let more = one(161).histogram("b", &[], &[], &[], 0.0, 0.0);
    assert_eq!(described(more), [a(), (3, "b".to_owned(), "b.".to_owned())]);
    let mut without = super::exporter(&receiver.url(), json!({ "metadata": false })).unwrap();
    without.export(&one(1)).unwrap();
    assert_eq!(receiver.taken()[0].request.metadata, []);
}

/// As many series as this, each a sample.
fn many(count: usize) -> Measurements {
    (0..count).fold(at(1), |all, number| {
        all.gauge("a", &[("n", &number.to_string())], number as f64)
    })
}

#[test]
fn a_large_batch_becomes_several_requests_and_goes_on_where_it_was() {
    let receiver = Receiver::new();
    let settings = json!({ "max_samples": 10, "metadata": false });
    let mut exporter = exporter(&receiver.url(), settings).unwrap();
    receiver.answer(&[204, 500]);
    assert_eq!(
        exporter.export(&many(25)).unwrap_err().kind(),
        ErrorKind::Failed
    );
    exporter.export(&many(25)).unwrap();
    let sizes: Vec<_> = receiver
        .taken()
        .iter()
        .map(|it| (it.status, it.request.timeseries.len()))
        .collect();
    assert_eq!(sizes, [(204, 10), (500, 10), (204, 10), (204, 5)]);
    // The next one begins anew.
    exporter.export(&many(25)).unwrap();
    assert_eq!(samples(&receiver).len(), 25);
    // Exactly full, it needs no empty one.
    exporter.export(&many(20)).unwrap();
    assert_eq!(receiver.taken().len(), 3, "two, and the markers of five");
    exporter.export(&at(2)).unwrap();
    assert_eq!(samples(&receiver).len(), 20);
    exporter.export(&at(3)).unwrap();
    assert!(receiver.taken().is_empty());
}

#[test]
fn what_is_refused_for_good_does_not_keep_the_rest() {
    let receiver = Receiver::new();
    let settings = json!({ "max_samples": 10, "metadata": false });
    let mut exporter = exporter(&receiver.url(), settings).unwrap();
    receiver.answer(&[400, 204, 429]);
    assert_eq!(
        exporter.export(&many(25)).unwrap_err().kind(),
        ErrorKind::Failed
    );
    let error = exporter.export(&many(25)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    assert!(error.message().ends_with("answered 400"), "{error}");
    let statuses: Vec<_> = receiver.taken().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [400, 204, 429, 204]);
}

#[test]
fn a_receiver_that_is_away_is_a_failure_that_passes_and_shows_no_secret() {
    let receiver = Receiver::new();
    let url = receiver.url().replace("http://", "http://me:hunter2@") + "?token=hunter2";
    drop(receiver);
    let mut exporter = exporter(&url, json!({})).unwrap();
    let error = exporter.export(&many(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |url: &str, settings| exporter(url, settings).unwrap_err().to_string();
    assert!(refused("ftp://secret", json!({})).starts_with("url does not begin"));
    assert!(!refused("ftp://secret", json!({})).contains("secret"));
    let none = json!({ "max_samples": 0 });
    assert!(refused("http://127.0.0.1/", none).starts_with("max_samples"));
    let half = json!({ "tls": { "key": "/k" } });
    assert!(refused("https://127.0.0.1/", half).contains("tls.certificate"));
    let unknown = json!({ "max_sample": 5 });
    assert!(refused("http://127.0.0.1/", unknown).contains("max_sample"));
}

#[test]
fn it_complies() {
    let receiver = Receiver::new();
    testing::comply("remote-write")
        .settings("remote-write", json!({ "url": receiver.url() }))
        .assert();
}
