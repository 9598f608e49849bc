//! One request and its answer: checks before the routes, care for the answer after them.

use std::{any::Any, convert::Infallible, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

use futures_util::FutureExt;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{
        CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, REFERRER_POLICY, WWW_AUTHENTICATE,
        X_CONTENT_TYPE_OPTIONS,
    },
};
use hyper::{
    body::{Body, Incoming},
    service::Service,
};
use hyper_util::service::TowerToHyperService;
use tokio::time::Instant;
use warp::{Reply, filters::BoxedFilter, reply};

use super::{
    Answer, Failure, HostGuard, Limits, Observer, Peer, Refusal, Setup, Stopping,
    activity::Activity,
    body::{AnswerBody, BodyFault, Flight, RequestBody},
    observer::method_label,
    record::Record,
};
use crate::security::{Access, Caller, Certificate, ServerTls};

/// The routes of a listener, with an answer for every rejection.
pub(super) type Routes = BoxedFilter<(reply::Response,)>;

/// warp keeps its body type to itself; this names it.
pub(super) trait HasBody {
    type Body;
}

impl<B> HasBody for Response<B> {
    type Body = B;
}

type WarpBody = <reply::Response as HasBody>::Body;

/// What all connections of a listener share.
pub(super) struct Context {
    pub(super) routes: Routes,
    pub(super) limits: Limits,
    pub(super) guard: HostGuard,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) access: Arc<Access>,
    pub(super) tls: Option<Arc<ServerTls>>,
}

/// The service of one connection.
#[derive(Clone)]
pub(super) struct Exchanges {
    pub(super) context: Arc<Context>,
    pub(super) activity: Arc<Activity>,
    pub(super) peer: Peer,
    pub(super) certificate: Arc<Certificate>,
    pub(super) stopping: Stopping,
}

impl Service<Request<Incoming>> for Exchanges {
    type Response = Response<AnswerBody<WarpBody>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let flight = Flight::new(
            Arc::clone(&self.activity),
            Arc::clone(&self.context.observer),
            request.version() == Version::HTTP_2,
        );
        Box::pin(self.clone().answer(request, flight).map(Ok))
    }
}

impl Exchanges {
    async fn answer(
        self,
        request: Request<Incoming>,
        flight: Flight,
    ) -> Response<AnswerBody<WarpBody>> {
        let began = Instant::now();
        let record = Record::default();
        let (method, version) = (request.method().clone(), request.version());
        let mut answer = match self.admit(&request).await {
            Ok((body_limit, caller)) => self.route(request, body_limit, caller, &record).await,
            Err(failure) => failure.into_response(),
        };
        if let Some(fault) = record.body_fault() {
            // The route saw only that its body broke; the client shall hear why.
            if answer.status().is_client_error() || answer.status().is_server_error() {
                answer = fault.failure().into_response();
            }
        }
        if let Some(reason) = answer.extensions_mut().remove::<Refusal>() {
            self.context.observer.refused(reason);
        }
        finish(&mut answer, version);
        self.context.access.decorate(answer.headers_mut());
        self.context.observer.answered(&Answer {
            route: record.route(),
            method: method_label(&method),
            status: answer.status().as_u16(),
            seconds: began.elapsed().as_secs_f64(),
        });
        if method == Method::HEAD {
            announce_length(&mut answer);
        }
        answer.map(|body| AnswerBody::new((method != Method::HEAD).then_some(body), flight))
    }

    /// Checks a request before any route sees it; gives the limit of its body and who sent it.
    async fn admit(&self, request: &Request<Incoming>) -> Result<(u64, Caller), Failure> {
        let body_limit = self.context.admit(request)?;
        let (headers, peer) = (request.headers(), self.peer.address.ip());
        let identified = self
            .context
            .access
            .identify(headers, peer, &self.certificate);
        Ok((body_limit, identified.await.map_err(Failure::from)?))
    }

    /// Lets the routes answer. A panic in them becomes a 500.
    async fn route(
        &self,
        request: Request<Incoming>,
        body_limit: u64,
        caller: Caller,
        record: &Record,
    ) -> reply::Response {
        let mut request = request.map(|body| {
            RequestBody::new(
                body,
                body_limit,
                self.context.limits.stall_time,
                record.clone(),
                Arc::clone(&self.context.observer),
            )
        });
        let extensions = request.extensions_mut();
        extensions.insert(self.peer.clone());
        extensions.insert(self.stopping.clone());
        extensions.insert(record.clone());
        extensions.insert(caller);
        let routes = TowerToHyperService::new(warp::service(self.context.routes.clone()));
        // warp runs the first filters inside `call`, so that has to be caught too.
        let answer = AssertUnwindSafe(async { routes.call(request).await })
            .catch_unwind()
            .await;
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(never)) => match never {},
            Err(panic) => {
                tracing::error!(
                    route = record.route(),
                    cause = cause(&*panic),
                    "a route panicked"
                );
                Failure::internal().into_response()
            }
        }
    }
}

impl Context {
    pub(super) fn new(routes: Routes, setup: Setup) -> Self {
        Self {
            routes,
            limits: setup.limits,
            guard: setup.guard,
            observer: setup.observer,
            access: setup.access,
            tls: setup.tls,
        }
    }

    /// Checks what can be checked on the head alone, and gives the limit of the body.
    fn admit<B>(&self, request: &Request<B>) -> Result<u64, Failure> {
        let guarded = self.guard.check(request);
        guarded.map_err(|(reason, failure)| failure.counted(reason))?;
        let limit = self.limits.max_body_at(request.uri().path());
        // hyper has checked that the header is one number, where the body is not chunked.
        let announced = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > limit) {
            return Err(BodyFault::TooLarge(limit)
                .failure()
                .counted(Refusal::BodySize));
        }
        Ok(limit)
    }
}

/// The ways to log in. A browser asks for a password only where it is offered.
const CHALLENGES: [&str; 2] = [
    "Basic realm=\"gaxx-mon\", charset=\"UTF-8\"",
    "Bearer realm=\"gaxx-mon\"",
];

/// Headers that every answer has.
fn finish<B>(answer: &mut Response<B>, version: Version) {
    const ALWAYS: [(HeaderName, &str); 3] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    let status = answer.status();
    let refused_body = matches!(status.as_u16(), 408 | 413);
    let headers = answer.headers_mut();
    // Whoever is not known has to be told how to become so (RFC 9110, section 15.5.2).
    if status == StatusCode::UNAUTHORIZED && !headers.contains_key(WWW_AUTHENTICATE) {
        for challenge in CHALLENGES {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }
    for (name, value) in ALWAYS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    // What is left of the body will not be read. HTTP/2 resets the stream instead.
    if refused_body && version != Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Gives the answer to HEAD the length that the one to GET has.
fn announce_length<B: Body>(answer: &mut Response<B>) {
    if let Some(length) = answer.body().size_hint().exact() {
        answer
            .headers_mut()
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from(length));
    }
}

/// The text of a panic, where it has one.
fn cause(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}
