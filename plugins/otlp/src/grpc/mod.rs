//! OTLP over gRPC: one unary call at a time on one connection.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

mod connect;
mod status;

use bytes::{BufMut, Bytes, BytesMut};
use gaxx_sdk::{ErrorKind, prelude::*};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{CONTENT_TYPE, TE, USER_AGENT},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2::SendRequest;
use prost::Message;
use tokio::{
    runtime::{self, Runtime},
    time,
};

use self::connect::Target;
use crate::{
    http::gzip,
    message::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    settings::{Compression, Reach},
};

const METHOD: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const AGENT: &str = concat!("gaxx-mon/", env!("CARGO_PKG_VERSION"));
/// Bytes of an answer that are read.
const MOST_BODY: usize = 64 << 10;
/// What stands before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// A receiver that is spoken to by gRPC.
pub(crate) struct Grpc {
    /// It runs while a call does. Between calls the connection stands still.
    runtime: Runtime,
    target: Target,
    uri: Uri,
    headers: HeaderMap,
    compression: Compression,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Grpc {
    pub(crate) fn new(reach: &Reach) -> Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .explain(|| "cannot start a runtime".to_owned())?;
        let target = Target::new(reach.url.reveal(), &reach.client.tls)?;
        let uri = Uri::builder()
            .scheme(target.scheme())
            .authority(target.authority())
            .path_and_query(METHOD)
            .build()
            .map_err(|_| Error::settings("endpoint is no URL"))?;
        Ok(Self {
            runtime,
            uri,
            headers: headers(reach)?,
            target,
            compression: reach.compression,
            sender: None,
        })
    }

    /// Sends a request; gives what the receiver says of it.
    pub(crate) fn send(
        &mut self,
        request: &ExportMetricsServiceRequest,
        deadline: Deadline,
    ) -> Result<ExportMetricsServiceResponse> {
        let message = framed(request, self.compression)?;
        let left = deadline.remaining();
        let Self {
            runtime,
            target,
            uri,
            headers,
            sender,
            ..
        } = self;
        let called = runtime.block_on(async {
            let call = call(sender, target, uri, headers, message, left);
            time::timeout(left, call).await
        });
        let answer = called.unwrap_or_else(|_| {
            let message = format!("{} did not answer within {left:.1?}", target.place());
            Err(Error::new(ErrorKind::Deadline, message)
                .remedy("see that it is up, or raise the deadline"))
        });
        if answer.is_err() {
            // The next call begins anew: whatever is wrong with this connection ends with it.
            self.sender = None;
        }
        answer
    }
}

async fn call(
    kept: &mut Option<SendRequest<Full<Bytes>>>,
    target: &Target,
    uri: &Uri,
    headers: &HeaderMap,
    message: Bytes,
    left: Duration,
) -> Result<ExportMetricsServiceResponse> {
    let failed = |error: hyper::Error| Error::failed(format!("{}: {error}", target.place()));
    let mut sender = match kept.take() {
        Some(sender) if is_ready(&sender).await => sender,
        _ => target.connect().await?,
    };
    let mut request = Request::new(Full::new(message));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers.clone();
    request.headers_mut().insert("grpc-timeout", timeout(left));
    let answer = sender.send_request(request).await.map_err(failed)?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MOST_BODY).collect().await;
    let body = body.map_err(|error| Error::failed(format!("{}: {error}", target.place())))?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    status::judge(target.place(), head.status, &head.headers, &trailers)?;
    *kept = Some(sender);
    Ok(read(&body.to_bytes()))
}

/// Whether a connection that stood still is still one: its end is seen while the runtime runs.
async fn is_ready(sender: &SendRequest<Full<Bytes>>) -> bool {
    tokio::task::yield_now().await;
    sender.is_ready()
}

/// A time as gRPC has it: at most 8 digits and a unit.
fn timeout(time: Duration) -> HeaderValue {
    let text = format!("{}m", time.as_millis().min(99_999_999));
    HeaderValue::from_str(&text).expect("digits and a letter are a header's value")
}

/// The headers of every call.
fn headers(reach: &Reach) -> Result<HeaderMap> {
    let mut all = HeaderMap::new();
    for (name, value) in reach.client.all_headers()? {
        let refused = || Error::settings(format!("the header {name} cannot be sent"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
        let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| refused())?;
        value.set_sensitive(true);
        all.insert(key, value);
    }
    all.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    all.insert(TE, HeaderValue::from_static("trailers"));
    all.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if reach.compression == Compression::Gzip {
        all.insert("grpc-encoding", HeaderValue::from_static("gzip"));
    }
    Ok(all)
}

/// A message with its prefix.
fn framed(request: &ExportMetricsServiceRequest, compression: Compression) -> Result<Bytes> {
    let plain = request.encode_to_vec();
    let message = match compression {
        Compression::None => plain,
        Compression::Gzip => gzip(&plain).explain(|| "cannot compress".to_owned())?,
    };
    let length = u32::try_from(message.len())
        .map_err(|_| Error::permanent("the request is too long").remedy("lower max_points"))?;
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(u8::from(compression == Compression::Gzip));
    framed.put_u32(length);
    framed.put_slice(&message);
    Ok(framed.freeze())
}

/// What the receiver says. It took the request: an answer that cannot be read takes nothing back.
fn read(body: &[u8]) -> ExportMetricsServiceResponse {
    match body.split_at_checked(PREFIX) {
        Some((&[0, ..], message)) => {
            ExportMetricsServiceResponse::decode(message).unwrap_or_default()
        }
        _ => ExportMetricsServiceResponse::default(),
    }
}
