//! Delivery by HTTP.

use std::io::Read;

use flate2::read::GzDecoder;
use gaxx_sdk::{
    ErrorKind, json,
    testing::{self, Measurements},
};
use prost::Message;

use crate::{
    Otlp,
    message::{ExportMetricsServiceRequest, ExportMetricsServiceResponse, PartialSuccess},
};

/// A receiver that reads what it is sent, and answers as it is told.
pub(super) struct Receiver(testing::Receiver);

/// A request that came.
pub(super) struct Taken {
    /// The head, in lower case.
    head: String,
    pub(super) request: ExportMetricsServiceRequest,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self(testing::Receiver::new(200))
    }

    pub(super) fn url(&self) -> String {
        self.0.url()
    }

    pub(super) fn taken(&self) -> Vec<Taken> {
        self.0.taken().into_iter().map(read).collect()
    }

    fn answer(&self, status: u16, body: &[u8]) {
        self.0.answer(status, body);
    }
}

fn read(taken: testing::Received) -> Taken {
    let testing::Received { head, mut body, .. } = taken;
    if head.contains("content-encoding: gzip") {
        let mut plain = Vec::new();
        GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
        body = plain;
    }
    let request = ExportMetricsServiceRequest::decode(&body[..]).unwrap();
    Taken { head, request }
}

fn measured() -> Measurements {
    Measurements::default()
        .counter("a_total", &[], 1.0)
        .gauge("b", &[], 2.0)
}

#[test]
fn the_head_says_what_it_is() {
    let receiver = Receiver::new();
    for (compression, says) in [("gzip", true), ("none", false)] {
        let settings = json!({
            "endpoint": receiver.url(), "compression": compression, "headers": { "X-Scope": "me" },
        });
        let mut exporter = testing::exporter::<Otlp>(settings).unwrap();
        exporter.export(&measured()).unwrap();
        let taken = receiver.taken();
        let head = &taken[0].head;
        assert!(head.starts_with("post /v1/metrics http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf\r\n"));
        assert!(head.contains("x-scope: me\r\n"));
        assert_eq!(head.contains("content-encoding: gzip\r\n"), says);
    }
}

#[test]
fn what_was_taken_in_part_is_counted_and_not_sent_again() {
    let receiver = Receiver::new();
    let partial_success = Some(PartialSuccess {
        rejected_data_points: 3,
        error_message: "too old".to_owned(),
    });
    let body = ExportMetricsServiceResponse { partial_success }.encode_to_vec();
    receiver.answer(200, &body);
    let settings = json!({ "endpoint": receiver.url() });
    let mut exporter = testing::exporter::<Otlp>(settings).unwrap();
    exporter.export(&measured()).unwrap();
    let logged = exporter.log();
    assert!(
        logged.iter().any(|line| line.message.contains("too old")),
        "{logged:?}"
    );
    let rejected = exporter
        .samples()
        .value("gaxx_otlp_rejected_points_total", &[("exporter", "otlp")]);
    assert_eq!(rejected, Some(3.0));
    assert_eq!(receiver.taken().len(), 1);
}

#[test]
fn failures_pass_or_do_not_and_what_was_taken_is_not_sent_again() {
    let receiver = Receiver::new();
    let settings = json!({ "endpoint": receiver.url(), "max_points": 1 });
    let mut exporter = testing::exporter::<Otlp>(settings).unwrap();
    receiver.answer(200, &[]);
    for status in [429, 500, 503] {
        receiver.answer(status, &[]);
        let error = exporter.export(&measured()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    }
    exporter.export(&measured()).unwrap();
    // The first request once, the second four times.
    assert_eq!(receiver.taken().len(), 5);
    receiver.answer(400, &[]);
    let error = exporter.export(&measured().at(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permanent);
    // The others were sent nevertheless.
    assert_eq!(receiver.taken().len(), 2);
}
