//! The plugin as a whole.
#![allow(clippy::unwrap_used)]

use gaxx_sdk::{json, testing};

#[test]
fn it_complies() {
    // Nobody is there, which is a verdict like another.
    let nobody = "127.0.0.1:1";
    testing::comply("probe")
        .settings(
            "http",
            json!({ "http": { "url": format!("http://{nobody}/") } }),
        )
        .settings("tcp", json!({ "tcp": { "address": nobody } }))
        .settings("dns", json!({ "dns": { "name": "localhost" } }))
        .settings("process", json!({ "process": { "name": "init" } }))
        .settings("file", json!({ "file": { "path": "/proc/self/status" } }))
        .settings("disk", json!({ "disk": { "path": "/" } }))
        .settings(
            "threshold",
            json!({ "threshold": { "select": "up", "unhealthy_below": 1 } }),
        )
        .assert();
}
