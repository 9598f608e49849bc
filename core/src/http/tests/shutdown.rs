//! The end of a listener.

use super::*;
use crate::task;

const GRACE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn requests_in_flight_are_answered_and_new_connections_refused() {
    let site = Site::open().await;
    let address = site.serving.address();
    let mut idle = site.connect().await;
    idle.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    idle.up_to("the index").await;
    let mut busy = site.connect().await;
    busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    site.until(|seen| seen.in_flight == 1).await;

    let shutdown = task::spawn("test", site.serving.shutdown(GRACE));
    assert_eq!(idle.rest().await, "", "the idle one is closed at once");
    assert!(TcpStream::connect(address).await.is_err());
    site.gate.add_permits(1);
    let answer = busy.rest().await;
    assert!(answer.ends_with("slow, but here"), "{answer}");
    assert!(head(&answer).contains("connection: close"), "{answer}");
    assert_eq!(soon(shutdown).await.unwrap(), 0);
}

#[tokio::test]
async fn event_streams_end_by_themselves() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    client.up_to("data:first\n\n").await;
    assert_eq!(soon(site.serving.shutdown(GRACE)).await, 0);
    assert!(client.rest().await.ends_with("0\r\n\r\n"), "ended, not cut");
}

#[tokio::test]
async fn what_is_not_done_in_time_is_cut_and_counted() {
    let site = Site::open().await;
    let mut busy = site.connect().await;
    busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    let mut endless = site.connect().await;
    endless
        .send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    site.until(|seen| seen.in_flight == 2).await;
    let cut = soon(site.serving.shutdown(Duration::from_millis(100))).await;
    assert_eq!(cut, 2);
    assert_eq!(busy.rest().await, "");
    soon(site.dropped.notified()).await;
    let seen = site.witness.0.borrow().clone();
    assert_eq!((seen.open, seen.in_flight), (0, 0));
}

#[tokio::test]
async fn a_listener_that_is_dropped_cuts_at_once() {
    let site = Site::open().await;
    let mut busy = site.connect().await;
    busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    site.until(|seen| seen.in_flight == 1).await;
    drop(site.serving);
    assert_eq!(busy.rest().await, "");
    soon(site.dropped.notified()).await;
}
