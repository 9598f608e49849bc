//! Why a request is not answered.

use std::time::Duration;

use super::Scope;

/// Why a caller does not get what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// It has not said who it is, and the path needs this scope.
    Unauthenticated(Scope),
    /// The header that should say who it is makes no sense.
    Malformed(&'static str),
    /// Token or password is wrong.
    Unknown,
    /// The token of this name is no longer taken.
    Expired(String),
    /// The certificate of this name is none of those that may come.
    Stranger(String),
    /// It lacks a scope.
    Forbidden {
        /// Who it is.
        name: String,
        /// What the path needs.
        scope: Scope,
    },
    /// Too many logins from its address have failed; it may try again after this time.
    Limited(Duration),
    /// More passwords are being checked than can be.
    Busy,
}
