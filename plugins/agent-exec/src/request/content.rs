//! What the headers say of a request's body and of the answer.

use serde::Deserialize;

/// What the body of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// One JSON object.
    Json,
    /// Lines: the request, then its input piece by piece.
    Lines,
}

/// How output is sent as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Form {
    /// A JSON object in each line.
    Ndjson,
    /// Server-sent events.
    Sse,
}

/// By way of a text, since serde would take an object with the word as its key for the word.
impl TryFrom<String> for Form {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        match word.as_str() {
            "ndjson" => Ok(Self::Ndjson),
            "sse" => Ok(Self::Sse),
            _ => Err("`stream` is neither `ndjson` nor `sse`"),
        }
    }
}

impl Body {
    /// What a `Content-Type` says; nothing for one that is not taken.
    ///
    /// A form that a browser sends without asking its user first has another type.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        let (media, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        let foreign = |parameter: &str| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8")
        };
        if parameters.split(';').any(foreign) {
            return None;
        }
        match media.trim().to_ascii_lowercase().as_str() {
            "application/json" => Some(Self::Json),
            "application/x-ndjson" => Some(Self::Lines),
            _ => None,
        }
    }
}

/// The form of output that an `Accept` names first, if it names one.
pub(crate) fn wanted(accept: &str) -> Option<Form> {
    let mut ranges = accept
        .split(',')
        .map(|range| range.split(';').next().unwrap_or_default());
    let named = |range: &str| match range.trim().to_ascii_lowercase().as_str() {
        "application/json" => Some(None),
        "application/x-ndjson" => Some(Some(Form::Ndjson)),
        "text/event-stream" => Some(Some(Form::Sse)),
        _ => None,
    };
    ranges.find_map(named).flatten()
}
