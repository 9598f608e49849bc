//! Why a request is not understood.

use gaxx_sdk::serde_json;

/// Why a request is not understood. Values that were sent are not repeated: they may be secrets.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum BadRequest {
    #[error("the request is not a JSON object")]
    NoObject,
    #[error("the request is wrong at line {line}, column {column}: {reason}")]
    Json {
        line: usize,
        column: usize,
        reason: String,
    },
    #[error("`{0}` is empty")]
    Empty(&'static str),
    #[error("`{0}` has a zero byte, which no program can be given")]
    Zero(&'static str),
    #[error("`{field}` is longer than {most} bytes")]
    TooLong { field: &'static str, most: usize },
    #[error("`{field}` has more than {most} items")]
    TooMany { field: &'static str, most: usize },
    #[error("`work_dir` is no absolute path")]
    Relative,
    #[error("`timeout_seconds` is no time that can be waited for")]
    Timeout,
    #[error("item {at} of `env` is not NAME=VALUE")]
    Variable { at: usize },
    #[error("item {at} of `env` has a name that was there before")]
    VariableTwice { at: usize },
    #[error("`input` and `input_base64` are both there")]
    TwoInputs,
    #[error("`{field}` is not base64: {error}")]
    Base64 {
        field: &'static str,
        error: base64::DecodeError,
    },
    #[error("`input` stands in the first line of a body whose other lines are the input")]
    InputBeforeLines,
    #[error("the body ended before its first line, which is the request")]
    NoFirstLine,
    #[error("line {line} of the body: {reason}")]
    Line { line: u64, reason: String },
    #[error("a line of the body is longer than {most} bytes")]
    LongLine { most: usize },
    #[error("the header Idempotency-Key is not 1 to 255 visible ASCII characters")]
    Key,
    #[error("a request with an Idempotency-Key has its input in further lines")]
    KeyBeforeLines,
}

/// Characters of an error of serde that are passed on.
const MOST_REASON: usize = 300;

impl BadRequest {
    /// What serde found.
    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
            reason: reason(error),
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::NoObject => {
                "send an object such as {\"command\": \"/usr/bin/uptime\", \"args\": []}"
            }
            Self::Json { .. } => {
                "the keys are command, args, env, timeout_seconds, work_dir, input, input_base64, user, stream"
            }
            Self::Empty(_) => "name a program",
            Self::Zero(_) => "remove it",
            Self::TooLong { .. } | Self::TooMany { .. } => "send less, or what is large as input",
            Self::Relative => "write a path that begins with /",
            Self::Timeout => {
                "write seconds, more than zero; leave it out for as long as is allowed"
            }
            Self::Variable { .. } => "write NAME=VALUE, with a name",
            Self::VariableTwice { .. } => "name each variable once",
            Self::TwoInputs => "send one of them",
            Self::Base64 { .. } => "use the standard alphabet, with padding",
            Self::InputBeforeLines => "send it as a line {\"stdin\": \"...\"}",
            Self::NoFirstLine => "send the request as one line, then the lines of the input",
            Self::Line { .. } => {
                "a line is {\"stdin\": \"text\"}, {\"stdin_base64\": \"...\"} or {\"eof\": true}"
            }
            Self::LongLine { .. } => "send the input in smaller pieces",
            Self::KeyBeforeLines => {
                "send the input in `input` or `input_base64`, so that two requests can be compared"
            }
            Self::Key => "send another key, a UUID for instance",
        }
    }
}

/// An error of serde without the place, which stands elsewhere, and without texts that were sent.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(reason, _)| reason);
    let text = match (text.find(" string \""), text.rfind("\", expected ")) {
        (Some(start), Some(end)) if start < end => {
            format!("{} string{}", &text[..start], &text[end + 1..])
        }
        _ => text.to_owned(),
    };
    text.chars().take(MOST_REASON).collect()
}
