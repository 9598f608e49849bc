#![allow(clippy::unwrap_used)]

use gaxx_sdk::{json, serde_json};
use proptest::prelude::*;

use super::*;

fn parse(json: &serde_json::Value) -> Result<Request, BadRequest> {
    Request::parse(json.to_string().as_bytes())
}

#[test]
fn a_request_of_the_original_is_understood() {
    let request = parse(&json!({
        "command": "/bin/cat", "args": ["-n"], "env": ["A=1", "B=x=y"], "timeout_seconds": 2,
        "work_dir": "/tmp", "input": "text",
    }));
    let expected = Request {
        command: "/bin/cat".into(),
        args: vec!["-n".into()],
        env: vec![("A".into(), "1".into()), ("B".into(), "x=y".into())],
        timeout: Some(Duration::from_secs(2)),
        work_dir: Some("/tmp".into()),
        input: b"text".to_vec(),
        user: None,
        form: None,
    };
    assert_eq!(request, Ok(expected));
    let least =
        parse(&json!({ "command": "a", "args": null, "work_dir": "", "timeout_seconds": 0 }));
    assert_eq!(least, parse(&json!({ "command": "a" })));
}

#[test]
fn what_is_wrong_is_named() {
    let long = "x".repeat(MOST_TEXT + 1);
    for (json, part) in [
        (json!(["a"]), "not a JSON object"),
        (json!({ "args": [] }), "missing field `command`"),
        (json!({ "command": 1 }), "invalid type: integer"),
        (json!({ "command": "" }), "`command` is empty"),
        (
            json!({ "command": "a", "comand": "b" }),
            "unknown field `comand`",
        ),
        (json!({ "command": "a\0b" }), "`command` has a zero byte"),
        (
            json!({ "command": "a", "args": ["\0"] }),
            "`args` has a zero byte",
        ),
        (
            json!({ "command": "a", "args": [long] }),
            "`args` is longer than",
        ),
        (
            json!({ "command": "a", "args": vec!["y"; MOST_TEXTS + 1] }),
            "`args` has more than",
        ),
        (
            json!({ "command": "a", "args": vec!["z".repeat(MOST_TEXT); 9] }),
            "args and env together",
        ),
        (json!({ "command": "a", "env": ["=x"] }), "item 0 of `env`"),
        (
            json!({ "command": "a", "env": ["A=1", "A=2"] }),
            "item 1 of `env`",
        ),
        (
            json!({ "command": "a", "timeout_seconds": -1 }),
            "timeout_seconds",
        ),
        (
            json!({ "command": "a", "timeout_seconds": 1e300 }),
            "timeout_seconds",
        ),
        (
            json!({ "command": "a", "work_dir": "tmp" }),
            "`work_dir` is no absolute path",
        ),
        (
            json!({ "command": "a", "input": "", "input_base64": "" }),
            "both there",
        ),
        (json!({ "command": "a", "input_base64": "*" }), "not base64"),
        (
            json!({ "command": "a", "stream": "xml" }),
            "neither `ndjson` nor `sse`",
        ),
    ] {
        let error = parse(&json).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let twice = Request::parse(br#"{"command": "a", "command": "b"}"#).unwrap_err();
    assert!(
        twice.to_string().contains("duplicate field `command`"),
        "{twice}"
    );
}

#[test]
fn an_error_does_not_repeat_what_was_sent() {
    let error = parse(&json!({ "command": "a", "args": "hunter2" })).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn types_of_bodies_and_answers_are_told_apart() {
    for (text, body) in [
        ("application/json", Some(Body::Json)),
        ("Application/JSON; charset=UTF-8", Some(Body::Json)),
        ("application/x-ndjson", Some(Body::Lines)),
        ("application/json; charset=latin1", None),
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("", None),
    ] {
        assert_eq!(Body::of(text), body, "{text}");
    }
    assert_eq!(wanted("text/event-stream"), Some(Form::Sse));
    assert_eq!(wanted("application/x-ndjson;q=1, */*"), Some(Form::Ndjson));
    assert_eq!(wanted("application/json, text/event-stream"), None);
    assert_eq!(wanted("*/*"), None);
}

#[test]
fn a_key_is_visible_text() {
    assert_eq!(Key::parse("a-1").unwrap().as_str(), "a-1");
    for text in ["", "a b", "a\u{e9}", &"x".repeat(256)] {
        assert_eq!(Key::parse(text), Err(BadRequest::Key), "{text}");
    }
}

#[test]
fn lines_of_input_are_understood() {
    let bytes = |text: &str| input(text.as_bytes(), 2);
    assert_eq!(
        bytes(r#"{"stdin": "a\n"}"#),
        Ok(Input::Bytes(b"a\n".to_vec()))
    );
    assert_eq!(
        bytes(r#"{"stdin_base64": "/w=="}"#),
        Ok(Input::Bytes(vec![255]))
    );
    assert_eq!(bytes(r#"{"eof": true}"#), Ok(Input::End));
    for wrong in [
        r#"{"eof": false}"#,
        "{}",
        "[]",
        "x",
        r#"{"stdin": 1}"#,
        r#"{"stdin": "", "eof": true}"#,
        r#"{"a": 1}"#,
    ] {
        assert!(
            matches!(bytes(wrong), Err(BadRequest::Line { line: 2, .. })),
            "{wrong}"
        );
    }
}

#[test]
fn the_digest_tells_requests_and_callers_apart() {
    let request = |json| parse(&json).unwrap();
    let one = request(json!({ "command": "a", "args": ["b", "c"] }));
    let all = [
        one.digest("me"),
        one.digest("you"),
        request(json!({ "command": "a", "args": ["bc"] })).digest("me"),
        request(json!({ "command": "a", "args": ["b"], "env": ["c="] })).digest("me"),
        request(json!({ "command": "a", "args": ["b", "c"], "input": "d" })).digest("me"),
        request(json!({ "command": "a", "args": ["b", "c"], "user": "d" })).digest("me"),
        request(json!({ "command": "a", "args": ["b", "c"], "work_dir": "/d" })).digest("me"),
        request(json!({ "command": "a", "args": ["b", "c"], "timeout_seconds": 1 })).digest("me"),
    ];
    let different: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len());
    let streamed = request(json!({ "command": "a", "args": ["b", "c"], "stream": "sse" }));
    assert_eq!(
        streamed.digest("me"),
        all[0],
        "how it is answered is not what is asked"
    );
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(bytes: Vec<u8>) {
        let _ = (Request::parse(&bytes), input(&bytes, 1));
    }

    #[test]
    fn nearly_a_request_is_no_trouble(text in r#"\{("(command|args|env|input|eof|stdin)":("[a-z\\"]{0,3}"|\[\]|1|null),?){0,4}\}?"#) {
        let _ = (Request::parse(text.as_bytes()), input(text.as_bytes(), 1));
    }

    #[test]
    fn what_is_written_is_read(command in "[^\0]{1,40}", args: Vec<String>, input: String, eighths in 1_u32..1_000_000) {
        let seconds = f64::from(eighths) / 8.0;
        let fits = !args.iter().any(|argument| argument.contains('\0'));
        let json = json!({ "command": command, "args": args, "input": input, "timeout_seconds": seconds });
        match parse(&json) {
            Ok(request) => {
                prop_assert_eq!((request.command, request.args, request.input), (command, args, input.into_bytes()));
                prop_assert_eq!(request.timeout, Some(Duration::from_secs_f64(seconds)));
            }
            Err(error) => prop_assert!(!fits, "{}", error),
        }
    }

    #[test]
    fn lines_do_not_depend_on_how_they_arrive(
        texts in proptest::collection::vec("[a-z ]{0,9}", 0..9),
        cuts in proptest::collection::vec(1_usize..6, 0..40),
    ) {
        let whole: String = texts.iter().flat_map(|text| [text, "\n"]).collect();
        let mut lines = Lines::new(20);
        let mut found = Vec::new();
        let mut rest = whole.as_bytes();
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            lines.push(piece);
            rest = after;
            while let Some(line) = lines.next().unwrap() {
                found.push(String::from_utf8(line.to_vec()).unwrap());
            }
        }
        let expected: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_has_a_limit(length in 0_usize..40, end: bool) {
        let mut lines = Lines::new(20);
        let text = "x".repeat(length) + if end { "\n" } else { "" };
        lines.push(text.as_bytes());
        prop_assert_eq!(lines.next().is_err(), length > 20);
    }
}
