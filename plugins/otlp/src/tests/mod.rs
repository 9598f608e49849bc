#![allow(clippy::unwrap_used)]

mod encoding;
mod over_grpc;
mod over_http;

#[test]
fn it_complies() {
    let receiver = over_http::Receiver::new();
    gaxx_sdk::testing::comply("otlp")
        .settings("otlp", gaxx_sdk::json!({ "endpoint": receiver.url() }))
        .assert();
}
