//! OTLP over HTTP, as protocol buffers.

use std::io::{self, Write};

use flate2::{Compression as Level, write::GzEncoder};
use gaxx_sdk::{
    client::{Client, Secret},
    prelude::*,
};
use prost::Message;

use crate::{
    message::{ExportMetricsServiceRequest, ExportMetricsServiceResponse},
    settings::{Compression, Reach},
};

const PROTOBUF: &str = "application/x-protobuf";

/// A receiver that is spoken to by HTTP.
pub(crate) struct Http {
    url: Secret,
    client: Client,
    compression: Compression,
}

impl Http {
    pub(crate) fn new(reach: &Reach) -> Result<Self> {
        Ok(Self {
            url: reach.url.clone(),
            client: Client::new(&reach.client)?,
            compression: reach.compression,
        })
    }

    /// Sends a request; gives what the receiver says of it.
    ///
    /// 500 is tried again, too. The specification would have it given up; but what stands before a
    /// receiver answers so when the receiver is away.
    pub(crate) fn send(
        &self,
        request: &ExportMetricsServiceRequest,
        deadline: Deadline,
    ) -> Result<ExportMetricsServiceResponse> {
        let plain = request.encode_to_vec();
        let kind = ("Content-Type", PROTOBUF);
        let answer = match self.compression {
            Compression::None => self
                .client
                .post(self.url.reveal(), &[kind], &plain, deadline),
            Compression::Gzip => {
                let body = gzip(&plain).explain(|| "cannot compress".to_owned())?;
                let headers = [kind, ("Content-Encoding", "gzip")];
                self.client
                    .post(self.url.reveal(), &headers, &body, deadline)
            }
        }?;
        answer.judge()?;
        let is_message = answer.content_type.starts_with(PROTOBUF);
        let body = if is_message { &answer.body[..] } else { &[] };
        // It took the request: an answer that cannot be read takes nothing back.
        Ok(ExportMetricsServiceResponse::decode(body).unwrap_or_default())
    }
}

/// The bytes, compressed: fast, since the other end is often on the same network.
pub(crate) fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Level::fast());
    encoder.write_all(plain)?;
    encoder.finish()
}
