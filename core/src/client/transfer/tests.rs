#![allow(clippy::unwrap_used)]
//! Transfers that break off, against a server that keeps what it gets in memory. What an agent does
//! with them, the outside tests show.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{Moved, Remote, Silent, TransferError};
use crate::{
    client::{
        body::Body,
        fake::{Fake, answer},
    },
    task,
};

/// What the server has.
#[derive(Debug, Default)]
struct Store {
    /// Bytes of uploads that are not whole, by their names.
    partial: BTreeMap<String, Vec<u8>>,
    /// The file.
    file: Vec<u8>,
    /// The connection breaks behind so many bytes, once for each.
    breaks: Vec<usize>,
    /// The first byte of each request that moved something.
    began: Vec<usize>,
    /// What is added to the file's tag.
    version: u32,
}

impl Store {
    fn tag(&self) -> String {
        format!("\"{}-{}\"", self.file.len(), self.version)
    }

    fn digest(&self) -> String {
        blake3::hash(&self.file).to_hex().to_string()
    }

    /// Answers with a file, from a byte on.
    fn get(&mut self, request: &Request<Incoming>) -> Response<Body> {
        let mut first = 0;
        let range = request.headers().get(header::RANGE);
        if let Some(range) = range.filter(|_| request.headers()[header::IF_RANGE] == self.tag()) {
            let range = range.to_str().unwrap();
            first = range["bytes=".len()..]
                .trim_end_matches('-')
                .parse()
                .unwrap();
        }
        self.began.push(first);
        let rest = &self.file[first..];
        let (pieces, body) = Body::streamed(Some(rest.len() as u64));
        let sent = self.breaks.pop().unwrap_or(rest.len()).min(rest.len());
        let piece = rest[..sent].to_vec();
        task::spawn("test", async move {
            for piece in piece.chunks(100) {
                if pieces.send(piece.to_vec().into()).await.is_err() {
                    return;
                }
            }
        });
        let mut response = answer(StatusCode::OK, "");
        *response.body_mut() = body;
        if first > 0 {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let range = format!("bytes {first}-{}/{}", self.file.len() - 1, self.file.len());
            let range = range.parse().unwrap();
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
        response
    }
}

fn described(store: &Store, body: &str) -> Response<Body> {
    let mut response = answer(StatusCode::OK, body);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, store.tag().parse().unwrap());
    headers.insert("x-content-blake3", store.digest().parse().unwrap());
    headers.insert("x-file-kind", "file".parse().unwrap());
    headers.insert("x-file-mode", "0640".parse().unwrap());
    headers.insert("x-file-mtime", "5.000000006".parse().unwrap());
    response
}

async fn put(store: &Mutex<Store>, mut request: Request<Incoming>) -> Response<Body> {
    let text = |name: &str| {
        let value = request.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let (id, digest) = (
        text("x-upload-id").unwrap(),
        text("x-content-blake3").unwrap(),
    );
    let range = text("content-range");
    let first = range.map_or(0, |range| {
        range["bytes ".len()..]
            .split('-')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    });
    let breaks = {
        let mut store = store.lock().unwrap();
        store.began.push(first);
        store.partial.entry(id.clone()).or_default().truncate(first);
        store.breaks.pop().unwrap_or(usize::MAX)
    };
    let mut came = 0;
    while let Some(frame) = request.body_mut().frame().await {
        let data = frame.unwrap().into_data().unwrap();
        let kept = data.len().min(breaks - came);
        came += kept;
        store
            .lock()
            .unwrap()
            .partial
            .get_mut(&id)
            .unwrap()
            .extend_from_slice(&data[..kept]);
        if came == breaks {
            // A head without its body: the connection is cut.
            let (_, body) = Body::streamed(Some(9));
            let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, "");
            *response.body_mut() = body;
            return response;
        }
    }
    let mut store = store.lock().unwrap();
    store.file = store.partial.remove(&id).unwrap();
    if store.digest() != digest {
        return answer(
            StatusCode::UNPROCESSABLE_ENTITY,
            r#"{"error":"digest","remedy":"again"}"#,
        );
    }
    answer(StatusCode::CREATED, "{}")
}

/// A server of one file, and what it has.
async fn server(store: Store) -> (Fake, Arc<Mutex<Store>>) {
    let store = Arc::new(Mutex::new(store));
    let shared = Arc::clone(&store);
    let fake = Fake::start(move |request| {
        let store = Arc::clone(&shared);
        async move {
            if request.method() == Method::PUT {
                return put(&store, request).await;
            }
            let mut store = store.lock().unwrap();
            if request.uri().query() != Some("stat") {
                return match *request.method() {
                    Method::HEAD => described(&store, ""),
                    _ => store.get(&request),
                };
            }
            let Some(id) = request.headers().get("x-upload-id") else {
                return described(&store, "{}");
            };
            match store.partial.get(id.to_str().unwrap()) {
                Some(there) => answer(
                    StatusCode::OK,
                    format!("{{\"offset\":{}}}", there.len()).as_str(),
                ),
                None => answer(
                    StatusCode::NOT_FOUND,
                    r#"{"error":"nothing","remedy":"begin"}"#,
                ),
            }
        }
    })
    .await;
    (fake, store)
}

fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect()
}

fn remote() -> Remote {
    Remote::parse("data/a".as_ref()).unwrap()
}

async fn download(fake: &Fake, to: &Path) -> Result<Moved, TransferError> {
    fake.client()
        .download(&remote(), to, true, Arc::new(Silent))
        .await
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a");
    let file = content(100_000);
    let (fake, store) = server(Store {
        file: file.clone(),
        breaks: vec![30_000, 20_000],
        ..Store::default()
    })
    .await;
    let moved = download(&fake, &to).await.unwrap();
    assert_eq!((moved.bytes, fs::read(&to).unwrap()), (100_000, file));
    let began = store.lock().unwrap().began.clone();
    assert!(
        began.len() == 3 && began[0] == 0 && began[2] > began[1],
        "{began:?}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let mode = std::os::unix::fs::MetadataExt::mode(&to.metadata().unwrap()) & 0o777;
    assert_eq!(mode, 0o640);
}

#[tokio::test]
async fn what_is_there_of_another_version_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a");
    let (fake, store) = server(Store {
        file: content(50_000),
        version: 1,
        ..Store::default()
    })
    .await;
    let what = format!("{}\0data/a\0{}", fake.address, "\"50000-0\"");
    let mut old = super::partial::Partial::open(&to, &what).unwrap();
    std::io::Write::write_all(&mut old.file, &[7; 9000]).unwrap();
    drop(old);
    download(&fake, &to).await.unwrap();
    assert_eq!(store.lock().unwrap().began, [0]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_upload_goes_on_where_it_broke_off_also_of_a_later_call() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("a");
    fs::write(&from, content(3_000_000)).unwrap();
    let (fake, store) = server(Store {
        breaks: vec![1_000_000],
        ..Store::default()
    })
    .await;
    let client = fake.client();
    let moved = client
        .upload(&from, &remote(), false, true, Arc::new(Silent))
        .await
        .unwrap();
    assert_eq!((moved.bytes, moved.resumed), (3_000_000, 0));
    assert_eq!(store.lock().unwrap().began, [0, 1_000_000]);
    assert_eq!(store.lock().unwrap().file, content(3_000_000));

    // A later call finds what an earlier one has left.
    let source = super::source::Source::open(&from, &remote(), &Silent).unwrap();
    store
        .lock()
        .unwrap()
        .partial
        .insert(source.upload, content(2_000_000));
    let moved = client
        .upload(&from, &remote(), false, false, Arc::new(Silent))
        .await
        .unwrap();
    assert_eq!(moved.resumed, 2_000_000);
}

#[tokio::test]
async fn an_empty_file_goes_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&from, "").unwrap();
    let (fake, _) = server(Store {
        file: content(9),
        ..Store::default()
    })
    .await;
    fake.client()
        .upload(&from, &remote(), false, false, Arc::new(Silent))
        .await
        .unwrap();
    assert_eq!(download(&fake, &to).await.unwrap().bytes, 0);
    assert_eq!(fs::read(&to).unwrap(), b"");
}

#[tokio::test]
async fn what_another_would_have_to_be_is_not_put_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a");
    fs::write(&to, "old").unwrap();
    let fake = Fake::start(|request| async move {
        let store = Store {
            file: content(9),
            ..Store::default()
        };
        described(
            &store,
            if request.uri().query() == Some("stat") {
                "{}"
            } else {
                "other!!"
            },
        )
    })
    .await;
    let error = download(&fake, &to).await.unwrap_err();
    assert!(matches!(error, TransferError::Differs { .. }), "{error}");
    assert_eq!(fs::read(&to).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
