//! What a path asks of its caller.

use std::future;

use warp::{Filter, Rejection};

use super::Failure;
use crate::security::{Caller, Denial, Scope, Scopes};

/// Lets only callers with this scope on. Where routes run without a listener nobody is known.
pub fn needs(scope: Scope) -> impl Filter<Extract = (), Error = Rejection> + Copy {
    caller()
        .and_then(move |caller: Caller| {
            let granted = grant(&caller, scope);
            future::ready(granted.map_err(warp::reject::custom))
        })
        .untuple_one()
}

/// Who sent the request.
pub(super) fn caller() -> impl Filter<Extract = (Caller,), Error = std::convert::Infallible> + Copy
{
    warp::ext::optional::<Caller>()
        .map(|caller: Option<Caller>| caller.unwrap_or(Caller::nobody(Scopes::NONE)))
}

/// Whether the caller may use what asks for this scope, or what he is told.
pub(super) fn grant(caller: &Caller, scope: Scope) -> Result<(), Failure> {
    if caller.may(scope) {
        return Ok(());
    }
    Err(if caller.name.is_empty() {
        Denial::Unauthenticated(scope)
    } else {
        Denial::Forbidden {
            name: caller.name.clone(),
            scope,
        }
    }
    .into())
}
