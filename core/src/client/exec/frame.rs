//! Frames of a stream of output.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;

use super::report::Report;

/// Where output was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Output,
    /// Standard error.
    Errors,
}

/// A frame.
#[derive(Debug)]
pub(super) enum Frame {
    /// The command runs.
    Started { id: String, pid: Option<u32> },
    /// It wrote.
    Output(Channel, Bytes),
    /// It ended, and this is the last frame.
    Ended(Box<Report>),
    /// One that this version does not know, or that says only that the node is there.
    Other,
}

/// A frame as it is written: one of these. Names that are not known are passed over, so that a
/// newer agent may say more.
#[derive(Deserialize)]
struct Written {
    started: Option<Started>,
    stdout: Option<String>,
    stdout_base64: Option<String>,
    stderr: Option<String>,
    stderr_base64: Option<String>,
    ended: Option<Box<Report>>,
}

#[derive(Deserialize)]
struct Started {
    id: String,
    pid: Option<u32>,
}

impl Frame {
    /// Reads a line.
    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        if line.trim_ascii().is_empty() {
            return Ok(Self::Other);
        }
        let written: Written =
            serde_json::from_slice(line).map_err(|error| format!("a frame: {error}"))?;
        if let Some(report) = written.ended {
            return Ok(Self::Ended(report));
        }
        if let Some(Started { id, pid }) = written.started {
            return Ok(Self::Started { id, pid });
        }
        let channels = [
            (Channel::Output, written.stdout, written.stdout_base64),
            (Channel::Errors, written.stderr, written.stderr_base64),
        ];
        for (channel, text, base64) in channels {
            if let Some(text) = text {
                return Ok(Self::Output(channel, text.into()));
            }
            if let Some(base64) = base64 {
                let bytes = STANDARD.decode(base64);
                let bytes = bytes.map_err(|error| format!("a frame's base64: {error}"))?;
                return Ok(Self::Output(channel, bytes.into()));
            }
        }
        Ok(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::client::exec::Outcome;

    fn output(line: &str) -> (Channel, Bytes) {
        match Frame::parse(line.as_bytes()).unwrap() {
            Frame::Output(channel, bytes) => (channel, bytes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn frames_are_read() {
        assert_eq!(
            output(r#"{"stdout":"a\n"}"#),
            (Channel::Output, "a\n".into())
        );
        let errors = output(r#"{"stderr_base64":"/w=="}"#);
        assert_eq!(errors, (Channel::Errors, Bytes::from_static(b"\xff")));
        let started = Frame::parse(br#"{"started":{"id":"r1","pid":7,"new":true}}"#).unwrap();
        assert!(matches!(started, Frame::Started { id, pid: Some(7) } if id == "r1"));
        let ended = br#"{"ended":{"id":"r1","outcome":"signalled","signal":9,"duration_ms":1.5}}"#;
        let Frame::Ended(report) = Frame::parse(ended).unwrap() else {
            panic!("it ended");
        };
        assert_eq!(
            (report.outcome, report.signal),
            (Outcome::Signalled, Some(9))
        );
        assert_eq!(report.rest["duration_ms"], 1.5);
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_what_is_broken_is_not() {
        for line in ["", " ", "{}", r#"{"alive":1}"#] {
            assert!(
                matches!(Frame::parse(line.as_bytes()), Ok(Frame::Other)),
                "{line}"
            );
        }
        for line in [
            "x",
            "[]",
            r#"{"stdout":1}"#,
            r#"{"stdout_base64":"*"}"#,
            r#"{"ended":{}}"#,
        ] {
            assert!(Frame::parse(line.as_bytes()).is_err(), "{line}");
        }
        let new = br#"{"ended":{"outcome":"vanished"}}"#;
        let Ok(Frame::Ended(report)) = Frame::parse(new) else {
            panic!("it ended");
        };
        assert_eq!(report.outcome, Outcome::Unknown);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_an_error(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::parse(&line);
        }

        #[test]
        fn output_comes_as_it_was(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let line = serde_json::json!({"stdout_base64": STANDARD.encode(&bytes)}).to_string();
            prop_assert_eq!(&output(&line).1[..], &bytes[..]);
        }
    }
}
