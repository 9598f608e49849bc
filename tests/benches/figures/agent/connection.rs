//! A kept HTTP/1.1 connection that adds as little as can be to what is measured.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

/// A kept connection.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    authorization: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Connection {
    /// To `ADDRESS:PORT`; with a token, where it is not empty.
    pub(super) fn open(address: &str, token: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let authorization = if token.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {token}\r\n")
        };
        Self {
            stream: BufReader::with_capacity(256 << 10, stream),
            host: address.to_owned(),
            authorization,
        }
    }

    /// One request. `headers` is whole lines.
    pub(super) fn ask(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let (host, authorization, length) = (&self.host, &self.authorization, body.len());
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}{headers}Content-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> Answer {
        let head = self.line();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            chunked |= line == "transfer-encoding: chunked";
        }
        let mut body = Vec::new();
        if chunked {
            loop {
                let size = usize::from_str_radix(&self.line(), 16).unwrap();
                self.take(size, &mut body);
                self.line();
                if size == 0 {
                    break;
                }
            }
        } else {
            self.take(length, &mut body);
        }
        Answer { status, body }
    }

    fn take(&mut self, size: usize, body: &mut Vec<u8>) {
        let from = body.len();
        body.resize(from + size, 0);
        self.stream.read_exact(&mut body[from..]).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).unwrap();
        assert!(read > 0, "the connection was closed");
        line.trim_end().to_owned()
    }
}
