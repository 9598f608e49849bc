//! Delivery by gRPC, to a server of another library.

use std::{
    collections::VecDeque,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use gaxx_sdk::{
    ErrorKind, json,
    testing::{self, ExporterTest, Measurements},
};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::{net::TcpListener, runtime, sync::oneshot};

use crate::{Otlp, message::ExportMetricsServiceRequest};

/// A receiver that answers with these statuses, and 0 after them, as long as it is not dropped.
struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    statuses: VecDeque<u32>,
    taken: Vec<(HeaderMap, ExportMetricsServiceRequest)>,
    connections: usize,
}

impl Receiver {
    fn new(statuses: &[u32]) -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            statuses: statuses.iter().copied().collect(),
            ..Shared::default()
        }));
        let (end, ended) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let own = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(listener, own) => {}
                    _ = ended => {}
                }
            });
        });
        Self {
            address: told.recv().unwrap(),
            shared,
            end: Some(end),
            thread: Some(thread),
        }
    }

    fn exporter(&self, compression: &str) -> ExporterTest {
        let settings = json!({
            "endpoint": format!("http://{}", self.address), "protocol": "grpc",
            "compression": compression, "headers": { "x-scope": "me" },
        });
        testing::exporter::<Otlp>(settings).unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(thread::panicking() || ended.is_ok());
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        shared.lock().unwrap().connections += 1;
        let shared = Arc::clone(&shared);
        #[expect(clippy::disallowed_methods, reason = "the list is gaxx-mon's")]
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, Arc::clone(&shared)));
            let connection = http2::Builder::new(TokioExecutor::new());
            let _ = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Mutex<Shared>>,
) -> Result<Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>, Infallible> {
    let (head, body) = request.into_parts();
    assert!(head.uri.path().ends_with("MetricsService/Export"));
    let body = body.collect().await.unwrap().to_bytes();
    let length = u32::from_be_bytes(body[1..5].try_into().unwrap());
    assert_eq!(length as usize, body.len() - 5);
    let message = if body[0] == 1 {
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut GzDecoder::new(&body[5..]), &mut plain).unwrap();
        plain
    } else {
        body[5..].to_vec()
    };
    let message = ExportMetricsServiceRequest::decode(&message[..]).unwrap();
    let mut shared = shared.lock().unwrap();
    shared.taken.push((head.headers, message));
    let status = shared.statuses.pop_front().unwrap_or(0);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.into());
    let empty = Full::new(Bytes::from_static(&[0; 5]));
    let body = empty.with_trailers(std::future::ready(Some(Ok(trailers))));
    let reply = Response::builder().header("content-type", "application/grpc");
    Ok(reply.body(body.boxed()).unwrap())
}

fn measured(second: u64) -> Measurements {
    let time = Measurements::UNIX_NANOS + second * 1_000_000_000;
    Measurements::default().at(time).gauge("a", &[], 1.0)
}

#[test]
fn calls_are_taken_on_one_connection() {
    for compression in ["gzip", "none"] {
        let receiver = Receiver::new(&[]);
        let mut exporter = receiver.exporter(compression);
        for second in 0..3 {
            exporter.export(&measured(second)).unwrap();
        }
        let shared = receiver.shared.lock().unwrap();
        assert_eq!((shared.taken.len(), shared.connections), (3, 1));
        let (head, request) = &shared.taken[0];
        assert_eq!(head["x-scope"], "me");
        assert_eq!(head["te"], "trailers");
        assert!(head["grpc-timeout"].to_str().unwrap().ends_with('m'));
        assert_eq!(request.resource_metrics.len(), 1);
    }
}

#[test]
fn failures_pass_or_do_not() {
    let receiver = Receiver::new(&[14, 3]);
    let mut exporter = receiver.exporter("gzip");
    let passing = exporter.export(&measured(0)).unwrap_err();
    assert_eq!(passing.kind(), ErrorKind::Failed, "{passing}");
    let last = exporter.export(&measured(0)).unwrap_err();
    assert_eq!(last.kind(), ErrorKind::Permanent, "{last}");
    exporter.export(&measured(1)).unwrap();
}

#[test]
fn a_receiver_that_is_away_is_a_failure_that_passes() {
    let receiver = Receiver::new(&[]);
    let mut exporter = receiver.exporter("gzip");
    exporter.export(&measured(0)).unwrap();
    drop(receiver);
    for second in 1..3 {
        let away = exporter.export(&measured(second)).unwrap_err();
        assert_eq!(away.kind(), ErrorKind::Failed, "{away}");
    }
}
