//! Well-behaved requests, and what every answer has.

use super::*;

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let site = Site::open().await;
    for path in ["/", "/nowhere", "/panic", "/failing"] {
        let answer = head(&site.ask("GET", path, "").await);
        for header in [
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert!(answer.contains(header), "{path}: {answer}");
        }
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let site = Site::open().await;
    for path in ["/", "/nowhere", "/failing", "/both"] {
        let get = site.ask("GET", path, "").await;
        let of_head = site.ask("HEAD", path, "").await;
        let without_date = |answer: &str| {
            let mut lines: Vec<_> = head(answer).lines().map(str::to_owned).collect();
            lines.retain(|line| !line.starts_with("date:"));
            lines.sort();
            lines
        };
        assert_eq!(without_date(&get), without_date(&of_head), "{path}");
        assert!(head(&get).contains("content-length: "), "{path}");
        assert_eq!(body(&of_head), "", "{path}");
    }
    let events = site.ask("HEAD", "/events", "").await;
    assert!(head(&events).contains("text/event-stream"), "{events}");
    assert_eq!(body(&events), "");
}

#[tokio::test]
async fn a_kept_connection_stays_in_step_after_head() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    client.up_to("\r\n\r\n").await;
    client
        .send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
    let answer = client.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("the index"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let site = Site::open().await;
    for (method, path, allowed) in [
        ("POST", "/", "allow: get, head"),
        ("OPTIONS", "/", "allow: get, head"),
        ("PUT", "/both", "allow: get, head, post"),
        ("TRACE", "/both", "allow: get, head, post"),
        ("GET", "/echo", "allow: post"),
        ("HEAD", "/echo", "allow: post"),
        ("BREW", "/echo", "allow: post"),
    ] {
        let answer = site.ask(method, path, "").await;
        assert_eq!(status(&answer), 405, "{method} {path}: {answer}");
        assert!(
            head(&answer).lines().any(|line| line == allowed),
            "{method} {path}: {answer}"
        );
        if method != "HEAD" {
            assert_failure(&answer, 405);
        }
    }
}

#[tokio::test]
async fn failures_come_as_json_with_a_remedy() {
    let site = Site::open().await;
    assert_failure(&site.ask("GET", "/nowhere", "").await, 404);
    assert_failure(&site.ask("GET", "/both/nowhere", "").await, 404);
    assert_failure(&site.ask("OPTIONS", "*", "").await, 404);
    assert_failure(&site.ask("GET", "/failing", "").await, 503);
    let json = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[x";
    assert_failure(&site.ask("POST", "/both", json).await, 400);
    let text = "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n[]";
    assert_failure(&site.ask("POST", "/both", text).await, 415);
    let right = "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]";
    assert_eq!(body(&site.ask("POST", "/both", right).await), "written");
}

#[tokio::test]
async fn a_panicking_handler_answers_500_and_the_server_goes_on() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    for path in ["/panic", "/panic-later"] {
        client
            .send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            .await;
        let answer = client.up_to("}").await;
        assert_failure(&answer, 500);
        assert!(
            !answer.contains("purpose"),
            "the cause is for the log: {answer}"
        );
    }
    client
        .send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(
        status(&client.rest().await),
        200,
        "the same connection goes on"
    );
}

#[tokio::test]
async fn a_body_that_panics_costs_its_connection_and_no_more() {
    let site = Site::open().await;
    let answer = site.ask("GET", "/panic-in-body", "").await;
    assert!(!answer.contains("0\r\n\r\n"), "{answer}");
    site.until(|seen| (seen.accepted, seen.open, seen.in_flight) == (1, 0, 0))
        .await;
    assert_eq!(status(&site.ask("GET", "/", "").await), 200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let site = Site::open().await;
    site.gate.add_permits(1);
    let answers = site
        .tell(
            "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: \
             localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .await;
    let statuses: Vec<_> = answers
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert_eq!(statuses, ["200", "404", "200"]);
    assert!(answers.ends_with("the index"));
}

#[tokio::test]
async fn a_client_that_half_closes_still_gets_its_answer() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    client.0.shutdown().await.unwrap();
    assert!(client.rest().await.ends_with("the index"));
    site.until(|seen| seen.open == 0).await;
}

#[tokio::test]
async fn what_a_lost_client_asked_for_ends_with_it() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    site.until(|seen| seen.in_flight == 1).await;
    drop(client);
    soon(site.dropped.notified()).await;
    let seen = site.until(|seen| seen.open == 0).await;
    assert_eq!((seen.in_flight, seen.answers), (0, Vec::new()));
}

#[tokio::test]
async fn an_idle_connection_that_the_client_closes_is_closed() {
    let site = Site::open().await;
    let mut client = site.connect().await;
    client
        .send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    client.up_to("the index").await;
    drop(client);
    let seen = site
        .until(|seen| seen.accepted == 1 && seen.open == 0)
        .await;
    assert_eq!(seen.refused, []);
}

#[tokio::test]
async fn absolute_targets_and_http_1_0_are_understood() {
    let site = Site::open().await;
    let absolute = site.ask("GET", "http://127.0.0.1/peer", "").await;
    assert!(body(&absolute).starts_with("127.0.0.1:"), "{absolute}");
    let old = site.tell("GET / HTTP/1.0\r\n\r\n").await;
    assert!(
        old.starts_with("HTTP/1.0 200") && old.ends_with("the index"),
        "{old}"
    );
}

#[tokio::test]
async fn the_observer_sees_routes_methods_and_statuses_from_closed_sets() {
    let site = Site::open().await;
    for (method, path) in [
        ("GET", "/"),
        ("BREW", "/both"),
        ("GET", "/secret-4711"),
        ("GET", "/panic"),
        ("GET", "/failing"),
    ] {
        site.ask(method, path, "").await;
    }
    let seen = site
        .until(|seen| seen.answers.len() == 5 && seen.in_flight == 0)
        .await;
    let labels: Vec<_> = seen
        .answers
        .iter()
        .map(|answer| (answer.route, answer.method, answer.status))
        .collect();
    assert_eq!(
        labels,
        [
            ("index", "GET", 200),
            ("both", "other", 405),
            ("other", "GET", 404),
            ("panic", "GET", 500),
            ("failing", "GET", 503),
        ]
    );
}
