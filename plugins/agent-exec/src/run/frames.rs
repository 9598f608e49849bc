//! What a streamed answer is made of.

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_sdk::serde_json::{self, Value, json};

use crate::{
    report::{Report, Stream},
    request::Form,
};

/// Makes frames of what a command prints, as it comes. A frame is JSON: in a line of its own, or as
/// the data of an event.
#[derive(Debug)]
pub(crate) struct Frames {
    form: Form,
    /// The beginnings of characters of UTF-8 whose rest has not come yet.
    unfinished: [Vec<u8>; 2],
}

impl Frames {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            unfinished: [Vec::new(), Vec::new()],
        }
    }

    /// The type of the answer.
    pub(crate) fn content_type(&self) -> &'static str {
        match self.form {
            Form::Ndjson => "application/x-ndjson",
            Form::Sse => "text/event-stream; charset=utf-8",
        }
    }

    /// The first frame: the command runs.
    pub(crate) fn started(&self, id: &str, pid: Option<u32>) -> Vec<u8> {
        self.frame("started", &json!({ "started": { "id": id, "pid": pid } }))
    }

    /// A piece of a stream; nothing where it is all the beginning of a character.
    pub(crate) fn output(&mut self, stream: Stream, piece: &[u8]) -> Option<Vec<u8>> {
        let unfinished = &mut self.unfinished[stream as usize];
        let joined;
        let mut bytes = piece;
        if !unfinished.is_empty() {
            joined = [std::mem::take(unfinished).as_slice(), piece].concat();
            bytes = &joined;
        }
        if let Err(error) = std::str::from_utf8(bytes)
            && error.error_len().is_none()
        {
            let (whole, rest) = bytes.split_at(error.valid_up_to());
            *unfinished = rest.to_vec();
            bytes = whole;
        }
        (!bytes.is_empty()).then(|| self.piece(stream, bytes))
    }

    /// What is left of the streams, and the last frame: without it an answer was cut.
    pub(crate) fn ended(&mut self, report: &Report) -> Vec<u8> {
        let mut last = Vec::new();
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = std::mem::take(&mut self.unfinished[stream as usize]);
            if !rest.is_empty() {
                last.extend(self.piece(stream, &rest));
            }
        }
        let bare = Report {
            output: None,
            ..report.clone()
        };
        last.extend(self.frame("ended", &json!({ "ended": bare })));
        last
    }

    /// All frames of a run that has ended before.
    pub(crate) fn replay(&mut self, report: &Report) -> Vec<u8> {
        let mut all = self.started(&report.id, None);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let output = report.output.as_ref().map(|output| output.get(stream));
            let (text, base64) = output.unwrap_or_default();
            for (suffix, value) in [("", text), ("_base64", base64)] {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    let key = format!("{}{suffix}", stream.name());
                    all.extend(self.frame(stream.name(), &json!({ key: value })));
                }
            }
        }
        all.extend(self.ended(report));
        all
    }

    fn piece(&self, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        let name = stream.name();
        match std::str::from_utf8(bytes) {
            Ok(text) => self.written(name, name, text),
            Err(_) => self.written(name, &format!("{name}_base64"), &STANDARD.encode(bytes)),
        }
    }

    /// A frame of one text, written without a copy of it.
    fn written(&self, event: &str, key: &str, text: &str) -> Vec<u8> {
        let mut frame = Vec::with_capacity(text.len() + text.len() / 8 + 64);
        self.begin(&mut frame, event);
        frame.extend_from_slice(b"{\"");
        frame.extend_from_slice(key.as_bytes());
        frame.extend_from_slice(b"\":");
        // A text is always JSON, and a vector takes all.
        let _ = serde_json::to_writer(&mut frame, text);
        frame.push(b'}');
        self.end(&mut frame);
        frame
    }

    fn frame(&self, event: &str, value: &Value) -> Vec<u8> {
        let mut frame = Vec::new();
        self.begin(&mut frame, event);
        frame.extend_from_slice(value.to_string().as_bytes());
        self.end(&mut frame);
        frame
    }

    fn begin(&self, frame: &mut Vec<u8>, event: &str) {
        if self.form == Form::Sse {
            frame.extend_from_slice(format!("event: {event}\ndata: ").as_bytes());
        }
    }

    fn end(&self, frame: &mut Vec<u8>) {
        frame.extend_from_slice(match self.form {
            Form::Ndjson => b"\n",
            Form::Sse => b"\n\n",
        });
    }
}

impl Stream {
    /// Its name in answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}
