#![allow(clippy::unwrap_used)]

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_sdk::serde_json::{self, Value};
use proptest::prelude::*;

use super::*;
use crate::{
    report::{Report, Stream},
    request::Form,
};

/// What a client reads of frames: of each stream its bytes, and whether the last was there.
fn read(form: Form, bytes: &[u8]) -> ([Vec<u8>; 2], bool) {
    let text = std::str::from_utf8(bytes).unwrap();
    let jsons: Vec<&str> = match form {
        Form::Ndjson => text.split_terminator('\n').collect(),
        Form::Sse => {
            let events = text.split_terminator("\n\n");
            events
                .map(|event| event.split_once("\ndata: ").unwrap().1)
                .collect()
        }
    };
    let mut streams = [Vec::new(), Vec::new()];
    let mut ended = false;
    for json in jsons {
        let frame: Value = serde_json::from_str(json).unwrap();
        assert!(!ended, "nothing comes after the end");
        ended = frame.get("ended").is_some();
        for (at, name) in ["stdout", "stderr"].iter().enumerate() {
            if let Some(text) = frame[name].as_str() {
                streams[at].extend_from_slice(text.as_bytes());
            }
            if let Some(text) = frame[format!("{name}_base64")].as_str() {
                streams[at].extend(STANDARD.decode(text).unwrap());
            }
        }
    }
    (streams, ended)
}

proptest! {
    #[test]
    fn what_is_streamed_arrives_byte_for_byte(
        pieces in proptest::collection::vec((any::<bool>(), prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..9),
            "\\PC{0,4}".prop_map(String::into_bytes),
            // A part of a character.
            Just(vec![0xe2]), Just(vec![0x82]), Just(vec![0xac]),
        ]), 0..20),
        sse: bool,
    ) {
        let form = if sse { Form::Sse } else { Form::Ndjson };
        let mut frames = Frames::new(form);
        let mut sent = frames.started("id", Some(1));
        let mut streams = [Vec::new(), Vec::new()];
        for (is_error, piece) in &pieces {
            let stream = if *is_error { Stream::Stderr } else { Stream::Stdout };
            streams[stream as usize].extend_from_slice(piece);
            sent.extend(frames.output(stream, piece).unwrap_or_default());
        }
        prop_assert!(!read(form, &sent).1);
        sent.extend(frames.ended(&Report::new("id", Outcome::Exited, "")));
        prop_assert_eq!(read(form, &sent), (streams, true));
    }

    #[test]
    fn a_character_that_comes_in_parts_stays_text(text: String, cut in 0_usize..20) {
        let mut frames = Frames::new(Form::Ndjson);
        let (one, other) = text.as_bytes().split_at(cut.min(text.len()));
        let mut sent = frames.output(Stream::Stdout, one).unwrap_or_default();
        sent.extend(frames.output(Stream::Stdout, other).unwrap_or_default());
        prop_assert!(!String::from_utf8(sent).unwrap().contains("base64"));
    }
}

#[test]
fn a_replay_is_a_whole_stream() {
    let mut report = Report::new("id", Outcome::Exited, "");
    report.output = Some(crate::report::Output::of(b"out".to_vec(), vec![0xff]));
    for form in [Form::Ndjson, Form::Sse] {
        let sent = Frames::new(form).replay(&report);
        assert_eq!(read(form, &sent), ([b"out".to_vec(), vec![0xff]], true));
    }
}
