#![allow(clippy::unwrap_used)]

use gaxx_sdk::{json, testing};

use super::*;

#[test]
fn it_answers_at_once_and_later() {
    let hello = testing::endpoint::<Hello>(json!({})).unwrap();
    for (route, path, text) in [(0, "/hello", "Hello!\n"), (2, "/later", "At last!\n")] {
        let answer = hello.request(route, path, b"").unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, text));
    }
}

#[test]
fn it_sends_back_what_came() {
    let hello = testing::endpoint::<Hello>(json!({})).unwrap();
    let body: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let answer = hello.request(1, "/echo", &body).unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.body == body);
}

#[test]
fn it_complies() {
    // One of its answers takes 200 ms.
    testing::comply("hello").cycles(20).assert();
}
