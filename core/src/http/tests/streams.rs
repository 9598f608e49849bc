//! Bodies that come and go piece by piece.

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use warp::Buf;

use super::*;

/// The pieces of a request body, as the pieces of a reply.
pub(super) fn bytes_of(
    pieces: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + Sync + 'static,
) -> impl Stream<Item = Result<Bytes, warp::Error>> + Send + Sync + 'static {
    pieces.map_ok(|mut piece| piece.copy_to_bytes(piece.remaining()))
}

#[tokio::test]
async fn a_request_and_its_reply_stream_at_the_same_time() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    let head = client.up_to("\r\n\r\n").await.to_ascii_lowercase();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    for piece in ["one", "two"] {
        client.send(format!("3\r\n{piece}\r\n")).await;
        assert_eq!(
            client.up_to(&format!("{piece}\r\n")).await,
            format!("3\r\n{piece}\r\n")
        );
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.up_to("0\r\n\r\n").await, "0\r\n\r\n");
    site.until(|seen| seen.in_flight == 0).await;
}

#[tokio::test]
async fn a_reply_is_cut_where_its_request_body_passes_the_limit() {
    let site = Site::with(Limits {
        max_body: 4,
        ..Limits::default()
    })
    .await;
    let mut client = site.connect().await;
    client
        .send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    client.up_to("\r\n\r\n").await;
    client.send("3\r\none\r\n").await;
    client.up_to("one\r\n").await;
    client.send("3\r\ntwo\r\n0\r\n\r\n").await;
    let rest = client.rest().await;
    assert!(
        !rest.contains("0\r\n\r\n"),
        "no reader takes half for the whole: {rest:?}"
    );
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::BodySize]);
}

#[tokio::test]
async fn an_event_stream_is_not_compressed_and_arrives_event_by_event() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("GET /events HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
        .await;
    let head = client.up_to("\r\n\r\n").await.to_ascii_lowercase();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
    client.up_to("data:first\n\n").await;
    client.up_to(":\n\n").await;
    drop(client);
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.in_flight, 0);
}
