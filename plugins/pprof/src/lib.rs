//! Profiles and runtime statistics of gaxx-mon and of its plugins, over HTTP.

mod debug;

gaxx_sdk::plugin! {
    name = "pprof";
    description = "Profiles and runtime statistics of gaxx-mon and of its plugins.";
    endpoint "debug" => debug::Debug, "Profiles, runtime statistics, purges.";
}
