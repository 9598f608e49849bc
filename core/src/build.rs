//! What this program was built from.

/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit, or `unknown` where it was not built from a checkout.
pub const COMMIT: &str = env!("GAXX_COMMIT");
/// The target it was built for.
pub const TARGET: &str = env!("GAXX_TARGET");
/// `release` for a build that is optimised as for a release, else `debug`.
pub const PROFILE: &str = env!("GAXX_PROFILE");
/// The compiler and its version.
pub const RUSTC: &str = env!("GAXX_RUSTC");
/// What `--version` says.
pub const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("GAXX_COMMIT"),
    ", ",
    env!("GAXX_TARGET"),
    ")"
);

/// The features it was built with.
pub fn features() -> impl Iterator<Item = &'static str> {
    env!("GAXX_FEATURES").split_whitespace()
}
