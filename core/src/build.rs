//! What this program was built from.

/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit, or `unknown` where it was not built from a checkout.
pub const COMMIT: &str = env!("GAXX_COMMIT");
/// The target it was built for.
pub const TARGET: &str = env!("GAXX_TARGET");
/// What `--version` says.
pub const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("GAXX_COMMIT"),
    ", ",
    env!("GAXX_TARGET"),
    ")"
);
