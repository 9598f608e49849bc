//! The plugin as a whole, before a host that tells it what a test wants.

use gaxx_sdk::testing;

#[test]
fn it_complies() {
    testing::comply("pprof").assert();
}
