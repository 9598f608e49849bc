//! What a listener does not take.

use super::*;

fn small_bodies() -> Limits {
    Limits {
        max_body: 10,
        body_limits: BodyLimits::by(|path| (path == "/echo").then_some(1 << 20)),
        ..Limits::default()
    }
}

#[tokio::test]
async fn an_announced_body_above_the_limit_is_refused_before_it_is_sent() {
    let site = Site::with(small_bodies()).await;
    let announced =
        "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 11\r\n";
    let answer = site.ask("POST", "/both", announced).await;
    assert_failure(&answer, 413);
    assert!(head(&answer).contains("connection: close"));
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::BodySize]);
}

#[tokio::test]
async fn a_chunked_body_is_refused_where_it_passes_the_limit() {
    let site = Site::with(small_bodies()).await;
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let fits = site
        .ask("POST", "/both", &format!("{chunked}3\r\n[1]\r\n0\r\n"))
        .await;
    assert_eq!(body(&fits), "written");
    let over = format!("{chunked}6\r\n[1,1,1\r\n5\r\n,1,1]\r\n0\r\n");
    assert_failure(&site.ask("POST", "/both", &over).await, 413);
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::BodySize]);
}

#[tokio::test]
async fn a_path_may_have_a_limit_of_its_own() {
    let site = Site::with(small_bodies()).await;
    let sent = "Content-Length: 11\r\n\r\neleven byte";
    let answer = site.ask("POST", "/echo", sent).await;
    assert!(answer.contains("eleven byte"), "{answer}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_bad_request() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("POST /both HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[1")
        .await;
    client.0.shutdown().await.unwrap();
    let seen = site
        .until(|seen| seen.accepted == 1 && seen.open == 0)
        .await;
    assert_eq!(seen.in_flight, 0);
    assert!(
        seen.answers.iter().all(|answer| answer.status == 400),
        "{seen:?}"
    );
}

#[tokio::test]
async fn what_is_not_http_gets_400_or_nothing_and_is_counted() {
    let site = Site::open().await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let answer = site.tell(garbage).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{garbage:?}: {answer}");
    }
    let seen = site
        .until(|seen| seen.accepted == 7 && seen.open == 0)
        .await;
    assert_eq!(seen.refused, [Refusal::Malformed; 7]);
    assert_eq!(status(&site.ask("GET", "/", "").await), 200);
}

#[tokio::test]
async fn a_head_above_its_limit_is_refused() {
    let site = Site::with(Limits {
        max_header: 8192,
        ..Limits::default()
    })
    .await;
    let long = format!("X-Long: {}\r\n", "x".repeat(9000));
    assert_eq!(status(&site.ask("GET", "/", &long).await), 431);
    let many = "X: y\r\n".repeat(200);
    assert_eq!(status(&site.ask("GET", "/", &many).await), 431);
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(seen.refused, [Refusal::Malformed; 2]);
}

#[tokio::test]
async fn hosts_and_origins_that_are_not_ours_are_refused_and_counted() {
    let site = Site::open().await;
    let ask = |head: &str| format!("{head}\r\nConnection: close\r\n\r\n");
    let rebound = site
        .tell(ask("GET / HTTP/1.1\r\nHost: evil.example:9090"))
        .await;
    assert_failure(&rebound, 421);
    assert!(!rebound.contains("the index"));
    let form = "POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example";
    assert_failure(&site.tell(ask(form)).await, 403);
    assert_failure(&site.tell(ask("GET / HTTP/1.1")).await, 400);
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!(
        seen.refused,
        [Refusal::Host, Refusal::Origin, Refusal::Host]
    );
    assert!(seen.answers.iter().all(|answer| answer.route == "other"));
}

#[tokio::test]
async fn one_connection_above_the_cap_is_told_so_and_the_next_has_room_again() {
    let site = Site::with(Limits {
        connections: 2,
        ..Limits::default()
    })
    .await;
    let (first, _second) = (site.connect().await, site.connect().await);
    site.until(|seen| seen.open == 2).await;
    let answer = site.ask("GET", "/", "").await;
    assert_failure(&answer, 503);
    assert!(head(&answer).contains("connection: close"), "{answer}");
    let seen = site
        .until(|seen| seen.refused == [Refusal::Connections])
        .await;
    assert_eq!(seen.accepted, 2);
    drop(first);
    site.until(|seen| seen.open == 1).await;
    // The loop may hear of the free place a moment after the observer did.
    let mut answer = site.ask("GET", "/", "").await;
    while status(&answer) == 503 {
        answer = site.ask("GET", "/", "").await;
    }
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn a_flood_above_the_cap_is_answered_or_closed_but_never_kept() {
    let site = Site::with(Limits {
        connections: 1,
        ..Limits::default()
    })
    .await;
    let _kept = site.connect().await;
    site.until(|seen| seen.open == 1).await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        flood.push(site.connect().await);
    }
    for mut client in flood {
        let answer = client.rest().await;
        assert!(answer.is_empty() || status(&answer) == 503, "{answer}");
    }
    let seen = site.until(|seen| seen.refused.len() == 100).await;
    assert_eq!(seen.accepted, 1);
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_named_with_its_setting() {
    let taken = Listener::bind(([127, 0, 0, 1], 0).into(), "a")
        .await
        .unwrap()
        .address();
    let _holder = std::net::TcpListener::bind(taken).unwrap();
    let bind = async |address: std::net::SocketAddr| {
        Listener::bind(address, "telemetry.monitoring_port or --listen")
            .await
            .unwrap_err()
    };
    assert_eq!(
        bind(taken).await.to_string(),
        format!(
            "{taken} is in use; another program listens there: choose another port with \
             telemetry.monitoring_port or --listen"
        )
    );
    let foreign = bind(([192, 0, 2, 1], 9090).into()).await;
    assert!(matches!(foreign, BindError::Foreign { .. }), "{foreign}");
    assert!(foreign.to_string().contains("192.0.2.1:9090"), "{foreign}");
}
