//! What a receiver answers by gRPC: <https://grpc.io/docs/guides/status-codes/>.

use std::time::Duration;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use gaxx_sdk::{Error, ErrorKind, Result};
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use prost::Message;

use crate::message::{RetryInfo, Status};

/// How much of a message is repeated.
const SHOWN: usize = 200;
/// Longer than that nobody is left alone.
const LONGEST: Duration = Duration::from_hours(1);

/// Whether a call has been taken. Which failures pass is what OTLP says.
///
/// <https://opentelemetry.io/docs/specs/otlp/#failures>
pub(super) fn judge(
    place: &str,
    status: StatusCode,
    headers: &HeaderMap,
    trailers: &HeaderMap,
) -> Result<()> {
    // Where there is no body the status stands in the head.
    let field = |name: &str| {
        trailers
            .get(name)
            .or_else(|| headers.get(name))?
            .to_str()
            .ok()
    };
    let Some(code) = field("grpc-status") else {
        let message = format!("{place} answered {status} and no status of gRPC");
        let kind = match status.as_u16() {
            429 | 502..=504 | 200 => ErrorKind::Failed,
            _ => ErrorKind::Permanent,
        };
        return Err(Error::new(kind, message).remedy("look at endpoint and protocol"));
    };
    let code: u32 = code.parse().unwrap_or(2);
    if code == 0 {
        return Ok(());
    }
    let delay = field("grpc-status-details-bin").and_then(delay);
    let kind = match code {
        1 | 4 | 10 | 11 | 14 | 15 => ErrorKind::Failed,
        // It has too much to do and says for how long; else the request is too long for it.
        8 if delay.is_some() => ErrorKind::Failed,
        _ => ErrorKind::Permanent,
    };
    let text = field("grpc-message").unwrap_or_default();
    let text = percent_decode_str(text).decode_utf8_lossy();
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let text: String = text.chars().map(plain).take(SHOWN).collect();
    let separator = if text.is_empty() { "" } else { ": " };
    let message = format!("{place} answered {}{separator}{text}", name(code));
    let error = Error::new(kind, message).remedy(remedy(code));
    Err(match delay {
        Some(delay) if kind == ErrorKind::Failed => error.retry_after(delay),
        _ => error,
    })
}

/// How long the receiver wants to be left alone, of the details of its status.
fn delay(details: &str) -> Option<Duration> {
    // Who sends it may pad it or not.
    let padding =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let base64 = GeneralPurpose::new(&alphabet::STANDARD, padding);
    let status = Status::decode(&base64.decode(details).ok()?[..]).ok()?;
    let detail = status
        .details
        .iter()
        .find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(&detail.value[..]).ok()?.retry_delay?;
    let seconds = u64::try_from(delay.seconds).ok()?;
    let nanos = u32::try_from(delay.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(seconds, nanos).min(LONGEST))
}

fn name(code: u32) -> String {
    let known = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let name = known.get(code as usize);
    name.map_or_else(|| code.to_string(), |name| (*name).to_owned())
}

fn remedy(code: u32) -> &'static str {
    match code {
        7 | 16 => "look at bearer_token_file, basic, or the certificate in tls",
        8 => "lower max_points, or have the receiver take more",
        12 => "look at endpoint: it is no receiver of metrics",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::message::{Any, Delay};

    fn judged(fields: &[(&'static str, String)]) -> Result<()> {
        let mut trailers = HeaderMap::new();
        for (name, value) in fields {
            trailers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        judge("h", StatusCode::OK, &HeaderMap::new(), &trailers)
    }

    fn status(code: u32) -> (&'static str, String) {
        ("grpc-status", code.to_string())
    }

    fn details() -> (&'static str, String) {
        let retry_delay = Some(Delay {
            seconds: 7,
            nanos: 0,
        });
        let any = Any {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: RetryInfo { retry_delay }.encode_to_vec(),
        };
        let status = Status { details: vec![any] };
        let text = STANDARD_NO_PAD.encode(status.encode_to_vec());
        ("grpc-status-details-bin", text)
    }

    #[test]
    fn which_failures_pass_is_as_otlp_says() {
        assert_eq!(judged(&[status(0)]), Ok(()));
        let kind = |code| judged(&[status(code)]).unwrap_err().kind();
        for code in 1..17 {
            let passes = [1, 4, 10, 11, 14, 15].contains(&code);
            assert_eq!(kind(code) == ErrorKind::Failed, passes, "{code}");
        }
        let busy = judged(&[status(8), details()]).unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::Failed);
        assert_eq!(delay(&details().1), Some(Duration::from_secs(7)));
        assert_eq!(judged(&[]).unwrap_err().kind(), ErrorKind::Failed);
    }

    #[test]
    fn messages_are_decoded_and_named() {
        let error = judged(&[status(3), ("grpc-message", "no%0Asuch".to_owned())]).unwrap_err();
        assert_eq!(error.message(), "h answered INVALID_ARGUMENT: no such");
    }

    proptest! {
        #[test]
        fn any_details_are_a_delay_or_not(bytes: Vec<u8>, text in "[ -~]*") {
            delay(&STANDARD_NO_PAD.encode(bytes));
            delay(&text);
        }
    }
}
