//! Clients that keep the server waiting.

use super::*;

const SHORT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_head_that_drips_in_is_cut_off() {
    let site = Site::with(Limits {
        header_time: SHORT,
        ..Limits::default()
    })
    .await;
    let mut client = site.connect().await;
    // A byte every now and then until the server has had enough.
    for byte in b"GET / HTTP/1.1\r\nX-Slow: "
        .iter()
        .chain(std::iter::repeat(&b'a'))
    {
        if client.0.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::HeaderTime]);
}

#[tokio::test]
async fn a_client_that_says_nothing_is_cut_off() {
    let site = Site::with(Limits {
        header_time: SHORT,
        ..Limits::default()
    })
    .await;
    assert_eq!(site.tell("").await, "");
    assert_eq!(
        site.tell("PRI * HTTP/2.0\r\n").await,
        "",
        "half a preface of HTTP/2"
    );
    let seen = site
        .until(|seen| seen.accepted == 2 && seen.open == 0)
        .await;
    assert_eq!(seen.refused, [Refusal::HeaderTime; 2]);
}

#[tokio::test]
async fn a_kept_connection_may_rest_longer_than_a_head_may_take() {
    let site = Site::with(Limits {
        header_time: SHORT,
        ..Limits::default()
    })
    .await;
    let mut client = site.connect().await;
    for _ in 0..2 {
        client
            .send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await;
        client.up_to("the index").await;
        tokio::time::sleep(SHORT * 3).await;
    }
    client.send("GET /half-a-head").await;
    assert_eq!(client.rest().await, "");
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.answers.len(), 2);
    assert_eq!(seen.refused, [Refusal::HeaderTime]);
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_blame() {
    let site = Site::with(Limits {
        idle_time: SHORT,
        ..Limits::default()
    })
    .await;
    let mut client = site.connect().await;
    client
        .send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert!(client.rest().await.ends_with("the index"));
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, []);
}

#[tokio::test]
async fn a_reader_that_stops_is_cut_off() {
    let site = Site::with(Limits {
        stall_time: SHORT,
        ..Limits::default()
    })
    .await;
    for path in ["/large", "/endless"] {
        let mut client = site.connect().await;
        client
            .send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            .await;
        site.until(|seen| seen.open == 1).await;
        site.until(|seen| seen.open == 0).await;
    }
    let seen = site.until(|seen| seen.in_flight == 0).await;
    assert_eq!(seen.refused, [Refusal::Stalled; 2]);
}

#[tokio::test]
async fn a_slow_reader_that_makes_progress_gets_everything() {
    let site = Site::with(Limits {
        stall_time: SHORT * 2,
        ..Limits::default()
    })
    .await;
    let mut client = site.connect().await;
    client
        .send("GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
    client.up_to("\r\n\r\n").await;
    let mut piece = vec![0; 1 << 20];
    let mut read = 0;
    while read < 16 << 20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        read += soon(client.0.read(&mut piece)).await.unwrap();
    }
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, []);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_answered_408() {
    let site = Site::with(Limits {
        stall_time: SHORT,
        ..Limits::default()
    })
    .await;
    let stalled = "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n[1";
    let answer = site.ask("POST", "/both", stalled).await;
    assert_failure(&answer, 408);
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::BodyTime]);
}

#[tokio::test]
async fn a_handler_may_take_longer_than_any_client() {
    let limits = Limits {
        header_time: SHORT,
        idle_time: SHORT,
        stall_time: SHORT,
        ..Limits::default()
    };
    let site = Site::with(limits).await;
    let mut client = site.connect().await;
    client
        .send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    tokio::time::sleep(SHORT * 4).await;
    site.gate.add_permits(1);
    client.up_to("slow, but here").await;
    assert_eq!(site.until(|_| true).await.refused, []);
}

#[tokio::test]
async fn an_event_stream_outlives_every_limit_of_time_while_it_is_read() {
    let limits = Limits {
        header_time: SHORT,
        idle_time: SHORT,
        stall_time: SHORT,
        ..Limits::default()
    };
    let site = Site::with(limits).await;
    let mut client = site.connect().await;
    client
        .send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    client.up_to("data:first\n\n").await;
    // Keep-alive comments come every 20 ms: these 50 take several times the limits.
    for _ in 0..50 {
        client.up_to(":\n\n").await;
    }
    assert_eq!(site.until(|seen| seen.open == 1).await.refused, []);
}
