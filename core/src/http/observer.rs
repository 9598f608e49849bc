//! What a listener tells about itself. Whoever starts it turns this into metrics.

use http::Method;

/// Sees what happens at one listener. Every text it is given comes from a closed set, so all of it
/// may become a label. The calls must not block: they are made on the way to the answer.
pub trait Observer: Send + Sync + 'static {
    /// A connection was accepted.
    fn accepted(&self) {}
    /// An accepted connection ended.
    fn closed(&self) {}
    /// A connection or a request was refused.
    fn refused(&self, reason: Refusal) {
        let _ = reason;
    }
    /// A request's head has arrived; one more is in flight.
    fn began(&self) {}
    /// A request was answered. Not called for one whose client went away first.
    fn answered(&self, answer: &Answer) {
        let _ = answer;
    }
    /// A request is over, its body sent or its client gone; one less is in flight.
    fn ended(&self) {}
}

/// An observer that looks away.
impl Observer for () {}

/// One answered request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The name the route gave itself (see [`methods`](super::methods)), or `other`.
    pub route: &'static str,
    /// See [`method_label`].
    pub method: &'static str,
    /// The status sent.
    pub status: u16,
    /// Seconds from the request's head to the answer's head. The body's time is not in it: an
    /// event stream is answered at once.
    pub seconds: f64,
}

/// The method as a label: one that HTTP itself defines, or `other`.
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}

/// Why a listener refused a connection or a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// `accept` failed, as it does without free file descriptors.
    Accept,
    /// The request body is above its limit.
    BodySize,
    /// The announced request body stopped coming.
    BodyTime,
    /// The listener has all the connections it may have.
    Connections,
    /// The request's head did not arrive in time.
    HeaderTime,
    /// The caller is known, and may not do this.
    Forbidden,
    /// The request names a host that this listener is not.
    Host,
    /// Too many logins from this address have failed.
    LoginLimit,
    /// What arrived is not HTTP, or its head is above its limit.
    Malformed,
    /// A page of another origin tried to change something.
    Origin,
    /// The client stopped reading its answer.
    Stalled,
    /// A TLS handshake failed, or did not end in time.
    TlsHandshake,
    /// The client speaks plain HTTP where TLS is spoken.
    TlsMissing,
    /// The caller has not said who it is, or not shown it.
    Unauthenticated,
}

impl Refusal {
    /// All reasons, so that each counter can stand at zero from the start.
    pub const ALL: [Self; 14] = [
        Self::Accept,
        Self::BodySize,
        Self::BodyTime,
        Self::Connections,
        Self::HeaderTime,
        Self::Forbidden,
        Self::Host,
        Self::LoginLimit,
        Self::Malformed,
        Self::Origin,
        Self::Stalled,
        Self::TlsHandshake,
        Self::TlsMissing,
        Self::Unauthenticated,
    ];

    /// The reason as a label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::BodySize => "body_size",
            Self::BodyTime => "body_time",
            Self::Connections => "connections",
            Self::HeaderTime => "header_time",
            Self::Forbidden => "forbidden",
            Self::Host => "host",
            Self::LoginLimit => "login_limit",
            Self::Malformed => "malformed",
            Self::Origin => "origin",
            Self::Stalled => "stalled",
            Self::TlsHandshake => "tls_handshake",
            Self::TlsMissing => "tls_missing",
            Self::Unauthenticated => "unauthenticated",
        }
    }
}
