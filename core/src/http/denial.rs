//! What a caller hears who does not get what it asked for.

use http::StatusCode;

use super::{Failure, Refusal};
use crate::security::Denial;

/// How to say who one is.
const LOG_IN: &str = "send a token (Authorization: Bearer TOKEN), a user with its password, or a \
                      client certificate, where this listener takes them";

impl From<Denial> for Failure {
    fn from(denial: Denial) -> Self {
        let unauthenticated = |error: String, remedy: &str| {
            Self::new(StatusCode::UNAUTHORIZED, error, remedy).counted(Refusal::Unauthenticated)
        };
        let forbidden = |error: String, remedy: String| {
            Self::new(StatusCode::FORBIDDEN, error, remedy).counted(Refusal::Forbidden)
        };
        match denial {
            Denial::Unauthenticated(scope) => unauthenticated(
                format!(
                    "this path needs the scope {:?}, and the request does not say who sent it",
                    scope.label()
                ),
                LOG_IN,
            ),
            Denial::Malformed(reason) => unauthenticated(reason.to_owned(), LOG_IN),
            Denial::Unknown => unauthenticated(
                "the request's token or password is wrong".to_owned(),
                "send one that this listener knows: auth.tokens, the web configuration, or the \
                 token file of this agent",
            ),
            Denial::Expired(name) => unauthenticated(
                format!("the last day of the token {name:?} is over"),
                "get a new token, or a later auth.tokens[].expires",
            ),
            Denial::Stranger(name) => forbidden(
                format!("the client certificate of {name:?} is none of those that may come"),
                "name it in the listener's tls.clients, or client_allowed_sans of its web \
                 configuration"
                    .to_owned(),
            ),
            Denial::Forbidden { name, scope } => forbidden(
                format!(
                    "{name:?} lacks the scope {:?}, which this path needs",
                    scope.label()
                ),
                format!("add {scope} to its scopes in auth.tokens or tls.clients"),
            ),
            Denial::Limited(wait) => {
                // Rounded up: a whole second early would be refused again.
                let seconds = wait.as_secs() + 1;
                Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many logins from this address have failed",
                    "wait as long as Retry-After says; a token that is right is still taken",
                )
                .retry_after(seconds)
                .counted(Refusal::LoginLimit)
            }
            Denial::Busy => Self::unavailable(
                "more passwords are being checked than can be",
                "try again in a second, or use a token",
            )
            .retry_after(1)
            .counted(Refusal::LoginLimit),
        }
    }
}
