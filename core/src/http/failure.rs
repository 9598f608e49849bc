//! Error answers: what went wrong and what to do about it, as JSON.

use std::convert::Infallible;

use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use warp::{
    Rejection, Reply,
    filters::body::BodyDeserializeError,
    reject::{
        InvalidHeader, InvalidQuery, LengthRequired, MethodNotAllowed, MissingHeader,
        PayloadTooLarge, Reject, UnsupportedMediaType,
    },
    reply::Response,
};

use super::{Refusal, methods::MethodRefused};

/// An error answer. A route returns it as its reply, or rejects with it:
/// `Err(warp::reject::custom(failure))`. It is sent as
/// `{"error": "...", "remedy": "..."}` with the type `application/json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The status of the answer.
    #[serde(skip)]
    pub status: StatusCode,
    /// What went wrong; names the thing.
    pub error: String,
    /// What the caller can do about it.
    pub remedy: String,
    /// Seconds after which it may try again.
    #[serde(skip)]
    retry_after: Option<u64>,
    /// What the listener counts it as.
    #[serde(skip)]
    refusal: Option<Refusal>,
}

impl Failure {
    /// A failure of any status.
    pub fn new(status: StatusCode, error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
            remedy: remedy.into(),
            retry_after: None,
            refusal: None,
        }
    }

    /// Tells the caller to try again after these seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Lets the listener count it as a refusal.
    #[must_use]
    pub(super) fn counted(mut self, reason: Refusal) -> Self {
        self.refusal = Some(reason);
        self
    }

    /// 400: the request makes no sense.
    pub fn bad_request(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, remedy)
    }

    /// 404: there is no such thing.
    pub fn not_found(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, remedy)
    }

    /// 503: not now.
    pub fn unavailable(error: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, remedy)
    }

    /// 500: the server's own fault. What went wrong inside belongs in the log, not in the answer.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server failed at this request",
            "look at the log of gaxx-mon at this time, and report what it says",
        )
    }

    /// The body as it is sent.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("two strings always serialise")
    }
}

impl Reject for Failure {}

impl Reply for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.to_json().into());
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if let Some(reason) = self.refusal {
            response.extensions_mut().insert(reason);
        }
        response
    }
}

/// Turns what the routes rejected into an answer; for [`Filter::recover`](warp::Filter::recover).
/// [`Listener::serve`](super::Listener::serve) applies it.
pub async fn recover(rejection: Rejection) -> Result<Response, Infallible> {
    Ok(answer(&rejection))
}

/// A route that matched path and method knows best; then comes one that matched only the path.
fn answer(rejection: &Rejection) -> Response {
    if let Some(failure) = rejection.find::<Failure>().cloned() {
        return failure.into_response();
    }
    if let Some(failure) = of_warp(rejection) {
        return failure.into_response();
    }
    if let Some(MethodRefused(allowed)) = rejection.find() {
        return method_refused(&allowed.allowed().to_string());
    }
    if rejection.is_not_found() {
        return Failure::not_found("there is nothing at this path", "GET / lists the pages")
            .into_response();
    }
    tracing::error!(
        ?rejection,
        "a route rejected with a cause nobody answers for"
    );
    Failure::internal().into_response()
}

/// The failures that warp's own filters find.
fn of_warp(rejection: &Rejection) -> Option<Failure> {
    if rejection.find::<PayloadTooLarge>().is_some() {
        return Some(Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request body is too large",
            "send less",
        ));
    }
    if rejection.find::<LengthRequired>().is_some() {
        return Some(Failure::new(
            StatusCode::LENGTH_REQUIRED,
            "the request does not tell the length of its body",
            "send a Content-Length header",
        ));
    }
    if rejection.find::<UnsupportedMediaType>().is_some() {
        return Some(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the request body has a type that this path does not take",
            "send JSON, with Content-Type: application/json",
        ));
    }
    if let Some(fault) = rejection.find::<BodyDeserializeError>() {
        return Some(Failure::bad_request(
            fault.to_string(),
            "send a body with the fields that this path expects",
        ));
    }
    if rejection.find::<InvalidQuery>().is_some() {
        return Some(Failure::bad_request(
            "the query after the question mark is not valid",
            "check its names and values, percent-encoded where need be",
        ));
    }
    if let Some(header) = rejection.find::<MissingHeader>() {
        return Some(Failure::bad_request(
            format!("the header {} is missing", header.name()),
            format!("send {}", header.name()),
        ));
    }
    if let Some(header) = rejection.find::<InvalidHeader>() {
        return Some(Failure::bad_request(
            format!("the header {} is not valid", header.name()),
            format!("correct {}, or leave it out", header.name()),
        ));
    }
    // Routes ask with `methods`, which knows what to allow; warp's own filters do not.
    rejection.find::<MethodNotAllowed>().map(|_| {
        Failure::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this path does not take that method",
            "use GET",
        )
    })
}

/// 405 with the methods this path takes.
pub(super) fn method_refused(allowed: &str) -> Response {
    let mut response = Failure::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this path does not take that method",
        format!("use one of: {allowed}"),
    )
    .into_response();
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}
