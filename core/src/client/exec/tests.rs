#![allow(clippy::unwrap_used)]
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

use super::{Event, Input, Order, Outcome, OutputChannel, Report, Running};
use crate::{
    client::{
        ClientError, Trouble,
        body::Body,
        fake::{Fake, answer, whole},
    },
    task,
};

fn frames(text: &str) -> Response<Body> {
    let mut response = answer(StatusCode::OK, text);
    let kind = "application/x-ndjson".parse().unwrap();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn busy() -> Response<Body> {
    let mut busy = answer(
        StatusCode::TOO_MANY_REQUESTS,
        r#"{"error":"full","remedy":"wait"}"#,
    );
    busy.headers_mut()
        .insert(header::RETRY_AFTER, "0".parse().unwrap());
    busy
}

/// A stream that breaks off behind this text.
fn cut(text: &str) -> Response<Body> {
    let (pieces, body) = Body::streamed(Some(1 << 20));
    pieces.try_send(text.to_owned().into()).unwrap();
    let mut response = frames("");
    *response.body_mut() = body;
    response
}

fn order(key: Option<&str>) -> Order {
    Order {
        command: "/bin/x".to_owned(),
        key: key.map(str::to_owned),
        ..Order::default()
    }
}

/// Everything until the end: output, error output, how often it was tried again, and the end.
async fn all(mut running: Running) -> (Vec<u8>, u32, Result<Box<Report>, ClientError>) {
    let (mut output, mut again) = (Vec::new(), 0);
    loop {
        match running.next().await {
            Ok(Event::Started { .. }) => {}
            Ok(Event::Output(channel, bytes)) => {
                assert_eq!(channel, OutputChannel::Output);
                output.extend_from_slice(&bytes);
            }
            Ok(Event::Again { .. }) => again += 1,
            Ok(Event::Ended(report)) => return (output, again, Ok(report)),
            Err(error) => return (output, again, Err(error)),
        }
    }
}

const ENDED: &str = "{\"ended\":{\"outcome\":\"exited\",\"exit_code\":0,\"stdout_bytes\":4}}\n";

#[tokio::test]
async fn frames_come_as_events_up_to_the_report() {
    let fake = Fake::start(|request| async {
        assert_eq!(request.headers()[header::AUTHORIZATION], "Bearer hunter2");
        assert_eq!(whole(request).await, r#"{"command":"/bin/x","args":[]}"#);
        frames(&format!(
            "{{\"started\":{{\"id\":\"r1\",\"pid\":5}}}}\n{{\"stdout\":\"abcd\"}}\n{ENDED}"
        ))
    })
    .await;
    let (output, again, end) = all(fake.client().exec(order(None), Input::None)).await;
    assert_eq!((output.as_slice(), again), (&b"abcd"[..], 0));
    assert!(end.unwrap().is_success());
}

#[tokio::test]
async fn input_is_streamed_while_output_comes() {
    let fake = Fake::start(|request| async move {
        let (pieces, body) = Body::streamed(None);
        let mut response = frames("");
        *response.body_mut() = body;
        task::spawn("test", async move {
            let mut lines = request.into_body();
            let mut text = String::new();
            while let Some(frame) = lines.frame().await {
                text.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap());
                // Each piece is answered before the next is sent.
                let seen = text.lines().count();
                let frame = format!("{{\"stdout\":\"{seen}\"}}\n");
                pieces.send(frame.into()).await.unwrap();
            }
            assert_eq!(
                text,
                "{\"command\":\"/bin/x\",\"args\":[]}\n{\"stdin\":\"one\"}\n{\"stdin_base64\":\"/w==\"}\n{\"eof\":true}\n"
            );
            pieces.send(ENDED.into()).await.unwrap();
        });
        response
    })
    .await;
    let (input, pieces) = mpsc::channel(1);
    let mut running = fake.client().exec(order(None), Input::Streamed(pieces));
    let mut next = async || match running.next().await.unwrap() {
        Event::Output(_, bytes) => bytes,
        other => panic!("{other:?}"),
    };
    assert_eq!(next().await, "1");
    input.send("one".into()).await.unwrap();
    assert_eq!(next().await, "2");
    input.send(Bytes::from_static(b"\xff")).await.unwrap();
    assert_eq!(next().await, "3");
    drop(input);
    assert_eq!(next().await, "4");
    assert!(matches!(running.next().await.unwrap(), Event::Ended(_)));
}

#[tokio::test]
async fn a_stream_without_a_report_is_never_an_end() {
    for text in ["", "{\"stdout\":\"abcd\"}\n", "{\"stdout\":\"ab"] {
        for broken in [false, true] {
            let fake =
                Fake::start(move |_| async move { if broken { cut(text) } else { frames(text) } })
                    .await;
            let (_, again, end) = all(fake.client().exec(order(None), Input::None)).await;
            let error = end.unwrap_err();
            assert!(matches!(error.trouble, Trouble::Lost { .. }), "{error}");
            assert_eq!(again, 0, "without a key nothing is sent twice");
        }
    }
}

#[tokio::test]
async fn output_that_is_missing_is_told() {
    let fake = Fake::start(|_| async { frames(&format!("{{\"stdout\":\"abc\"}}\n{ENDED}")) }).await;
    let (_, _, end) = all(fake.client().exec(order(None), Input::None)).await;
    assert!(
        end.unwrap_err()
            .to_string()
            .contains("4 bytes were written and 3 came")
    );
    let told = ENDED.replace("4}", "4,\"stdout_truncated\":true}");
    let fake = Fake::start(move |_| {
        let told = told.clone();
        async move { frames(&told) }
    })
    .await;
    let (_, _, end) = all(fake.client().exec(order(None), Input::None)).await;
    let report = end.unwrap();
    assert!(report.is_cut() && !report.is_success() && report.outcome == Outcome::Exited);
}

#[tokio::test]
async fn with_a_key_a_lost_connection_is_made_good_and_output_comes_once() {
    let tries = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&tries);
    let fake = Fake::start(move |request| {
        let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            assert_eq!(request.headers()["Idempotency-Key"], "k");
            assert!(whole(request).await.contains("\"input\":\"in\""));
            if first {
                cut("{\"started\":{\"id\":\"r1\"}}\n{\"stdout\":\"abc\"}\n")
            } else {
                frames(&format!(
                    "{{\"stdout\":\"ab\"}}\n{{\"stdout\":\"cd\"}}\n{ENDED}"
                ))
            }
        }
    })
    .await;
    let input = Input::Whole("in".into());
    let (output, again, end) = all(fake.client().exec(order(Some("k")), input)).await;
    assert_eq!((output.as_slice(), again), (&b"abcd"[..], 1));
    assert!(end.unwrap().is_success());
    assert_eq!(tries.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_node_without_room_is_asked_again_with_the_input_untouched() {
    let tries = Arc::new(AtomicU32::new(0));
    let fake = Fake::start(move |request| {
        let first = tries.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if first {
                return busy();
            }
            // The answer's head comes first: the input follows it.
            let (pieces, body) = Body::streamed(None);
            let mut response = frames("");
            *response.body_mut() = body;
            task::spawn("test", async move {
                let text = whole(request).await;
                assert!(
                    text.ends_with("{\"stdin\":\"in\"}\n{\"eof\":true}\n"),
                    "{text}"
                );
                pieces.send(ENDED.replace('4', "0").into()).await.unwrap();
            });
            response
        }
    })
    .await;
    let (input, pieces) = mpsc::channel(1);
    input.send("in".into()).await.unwrap();
    drop(input);
    let (_, again, end) = all(fake.client().exec(order(None), Input::Streamed(pieces))).await;
    assert_eq!(again, 1);
    assert!(end.unwrap().is_success());
}

#[tokio::test]
async fn a_run_is_cancelled_by_its_name() {
    let fake = Fake::start(|request| async move {
        if request.method() == http::Method::DELETE {
            assert_eq!(request.uri().path(), "/v0/exec/r1");
            return answer(StatusCode::OK, "{}");
        }
        frames("{\"started\":{\"id\":\"r1\"}}\n")
    })
    .await;
    let mut running = fake.client().exec(order(None), Input::None);
    assert!(!running.cancel().await.unwrap());
    assert!(matches!(
        running.next().await.unwrap(),
        Event::Started { .. }
    ));
    assert!(running.cancel().await.unwrap());
}
