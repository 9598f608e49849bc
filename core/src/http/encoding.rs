//! Compressed answers.

use std::{convert::Infallible, io::Write};

use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY},
};
use warp::{Filter, reply::Response};

use super::quality::{Alternative, alternatives};

/// Below this, in bytes, compressing costs more than it saves.
const WORTH_IT: usize = 1024;

/// Which coding of the answer a client prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip, where the answer is large enough.
    Gzip,
    /// gzip, however small the answer is: the client refuses it as it is.
    OnlyGzip,
}

impl Coding {
    /// The coding these headers prefer (RFC 9110, 12.5.3). A client that accepts neither gzip nor
    /// the plain answer gets the plain one.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let asked = alternatives(headers, ACCEPT_ENCODING);
        let weight =
            |is: fn(&Alternative<'_>) -> bool| asked.iter().find(|a| is(a)).map(|a| a.weight);
        let any = weight(|a| a.is("*"));
        let gzip = weight(|a| a.is("gzip") || a.is("x-gzip"))
            .or(any)
            .unwrap_or(0);
        // What is not mentioned is acceptable as it is, but last.
        let identity = weight(|a| a.is("identity")).or(any.filter(|weight| *weight == 0));
        match identity {
            _ if gzip == 0 => Self::Identity,
            Some(0) => Self::OnlyGzip,
            Some(identity) if identity > gzip => Self::Identity,
            _ => Self::Gzip,
        }
    }

    /// An answer with this body, compressed where the client wants it and it is worth it.
    ///
    /// Takes about 10 ms of CPU for a megabyte. Never for a stream: see `warp::reply::stream`.
    pub fn answer(self, content_type: &'static str, body: Vec<u8>) -> Response {
        let compressed = match self {
            Self::Identity => false,
            Self::Gzip => body.len() >= WORTH_IT,
            Self::OnlyGzip => true,
        };
        let mut response = Response::new(if compressed { gzip(&body) } else { body }.into());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if compressed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// Extracts the coding the request prefers.
pub fn wanted() -> impl Filter<Extract = (Coding,), Error = Infallible> + Copy {
    warp::header::headers_cloned().map(|headers: HeaderMap| Coding::wanted(&headers))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("writing to memory cannot fail")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use flate2::read::GzDecoder;
    use http_body_util::BodyExt;
    use proptest::prelude::*;

    use super::*;

    fn wanted(accept: &'static str) -> Coding {
        Coding::wanted(
            &[(ACCEPT_ENCODING, HeaderValue::from_static(accept))]
                .into_iter()
                .collect(),
        )
    }

    #[test]
    fn clients_get_the_coding_they_prefer() {
        use Coding::{Gzip, Identity, OnlyGzip};
        for (accept, coding) in [
            ("gzip", Gzip),
            ("GZIP;q=0.1", Gzip),
            ("x-gzip", Gzip),
            ("gzip, deflate, br", Gzip),
            ("*", Gzip),
            ("gzip;q=0", Identity),
            ("gzip;q=0, *", Identity),
            ("*;q=0", Identity),
            ("br", Identity),
            ("", Identity),
            ("identity", Identity),
            ("identity;q=0.5, gzip;q=0.4", Identity),
            ("identity;q=0.5, gzip;q=0.5", Gzip),
            ("identity;q=0, gzip", OnlyGzip),
            ("*;q=0, gzip", OnlyGzip),
            ("*;q=0, identity, gzip;q=0.5", Identity),
            ("identity;q=0", Identity),
        ] {
            assert_eq!(wanted(accept), coding, "{accept}");
        }
        assert_eq!(Coding::wanted(&HeaderMap::new()), Identity);
    }

    /// The answer's coding, and its body decoded.
    fn decoded(response: Response) -> (bool, Vec<u8>) {
        assert_eq!(response.headers()[VARY], "accept-encoding");
        let compressed = response.headers().get(CONTENT_ENCODING).is_some();
        let body = futures_util::FutureExt::now_or_never(response.into_body().collect())
            .unwrap()
            .unwrap()
            .to_bytes();
        if !compressed {
            return (false, body.to_vec());
        }
        let mut plain = Vec::new();
        GzDecoder::new(&*body).read_to_end(&mut plain).unwrap();
        (true, plain)
    }

    #[test]
    fn small_answers_stay_as_they_are_unless_the_client_insists() {
        for (coding, size, compressed) in [
            (Coding::Gzip, WORTH_IT - 1, false),
            (Coding::Gzip, WORTH_IT, true),
            (Coding::OnlyGzip, 1, true),
            (Coding::Identity, 1 << 20, false),
        ] {
            let body = vec![b'a'; size];
            let answer = coding.answer("text/plain", body.clone());
            assert_eq!(decoded(answer), (compressed, body), "{coding:?} {size}");
        }
    }

    proptest! {
        #[test]
        fn what_is_compressed_is_decompressed_to_the_same(body in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let answer = Coding::OnlyGzip.answer("application/octet-stream", body.clone());
            prop_assert_eq!(decoded(answer), (true, body));
        }
    }
}
