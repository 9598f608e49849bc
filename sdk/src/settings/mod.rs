//! Reading settings: typed, with defaults, and errors that name the key.

pub mod duration;
mod size;

pub use size::Size;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, ErrorKind, Result, settings};

/// For a component that has nothing to configure.
#[settings]
pub struct NoSettings {}

/// What the expansion of the attribute needs to find by these names.
#[doc(hidden)]
pub mod names {
    pub use serde;
}

/// Reads settings from the JSON object that the host hands over.
pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    attempt(json).map_err(|(path, reason)| {
        let path = culprit::<T>(json, &path, &reason).unwrap_or(path);
        let message = match path.as_str() {
            "." => reason,
            path => format!("{path}: {reason}"),
        };
        Error::new(ErrorKind::Settings, message)
            .remedy("`gaxx-mon check-config` shows where it stands and what is allowed")
    })
}

/// The settings, or the path to what is wrong and the reason.
fn attempt<T: DeserializeOwned>(json: &str) -> Result<T, (String, String)> {
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let reason = without_text(&error.into_inner().to_string());
        // The position is one in the JSON, which nobody wrote.
        let reason = reason.split(" at line ").next().unwrap_or(&reason);
        (path, reason.to_owned())
    })
}

/// The key of a section without which it is not wrong in this way: a type that is flattened into
/// another does not tell which of its keys it is.
fn culprit<T: DeserializeOwned>(json: &str, path: &str, reason: &str) -> Option<String> {
    let whole: Value = serde_json::from_str(json).ok()?;
    let pointer = match path {
        "." => String::new(),
        path => format!("/{}", path.replace('.', "/")),
    };
    let keys = whole.pointer(&pointer)?.as_object()?.keys();
    let reason_without = |key: &str| {
        let mut without = whole.clone();
        let section = without.pointer_mut(&pointer)?.as_object_mut()?;
        section.remove(key)?;
        let other = attempt::<T>(&without.to_string()).err();
        Some(other.map_or_else(String::new, |(_, reason)| reason))
    };
    // A reason that names its key says enough.
    let keys = keys.filter(|key| !reason.contains(&format!("`{key}`")));
    let changes = keys.filter_map(|key| Some((key, reason_without(key)?)));
    let changes: Vec<_> = changes.filter(|(_, other)| other != reason).collect();
    // Without one that must be given it is wrong in another way, whatever else is.
    let must_be = |key: &str, other: &str| other == format!("missing field `{key}`");
    let likely = changes.iter().find(|(key, other)| !must_be(key, other));
    let (key, _) = likely.or(changes.first())?;
    let path = match path {
        "." => (*key).clone(),
        path => format!("{path}.{key}"),
    };
    // It may be a section in which only one key is wrong.
    culprit::<T>(json, &path, reason).or(Some(path))
}

/// The reason without the text that was found, which may be a secret: serde repeats it.
fn without_text(reason: &str) -> String {
    match (reason.find(" string \""), reason.rfind("\", expected ")) {
        (Some(start), Some(end)) if start < end => {
            format!("{} string{}", &reason[..start], &reason[end + 1..])
        }
        _ => reason.to_owned(),
    }
}

/// The JSON Schema of a settings type.
pub(crate) fn schema<T: schemars::JsonSchema>() -> String {
    schemars::schema_for!(T).to_value().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    /// What to watch.
    #[settings]
    #[derive(PartialEq)]
    struct Watch {
        /// Where it is.
        place: String,
        #[default(3)]
        tries: u32,
        #[default]
        names: Vec<String>,
        #[default(Mode::VeryStrict)]
        mode: Mode,
        note: Option<String>,
        #[default]
        inner: Inner,
        #[default]
        many: BTreeMap<String, Inner>,
    }

    #[settings]
    #[derive(PartialEq)]
    struct Inner {
        #[default(1.5)]
        factor: f64,
    }

    #[settings]
    enum Mode {
        VeryStrict,
        Lax,
    }

    fn watch(json: &Value) -> Result<Watch> {
        read(&json.to_string())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let settings = watch(&json!({ "place": "here" })).unwrap();
        let expected = Watch {
            place: "here".into(),
            tries: 3,
            names: vec![],
            mode: Mode::VeryStrict,
            note: None,
            inner: Inner { factor: 1.5 },
            many: BTreeMap::new(),
        };
        assert_eq!(settings, expected);
        assert_eq!(Inner::default(), expected.inner);
    }

    #[test]
    fn an_enum_is_written_in_small_letters() {
        let settings = watch(&json!({ "place": "", "mode": "lax" })).unwrap();
        assert_eq!(settings.mode, Mode::Lax);
    }

    #[test]
    fn errors_name_the_key_and_what_would_be_right() {
        for (settings, parts) in [
            (json!({}), ["missing field", "`place`"]),
            (json!({ "place": 1 }), ["place: ", "expected a string"]),
            (json!({ "place": "", "tires": 1 }), ["tires", "`tries`"]),
            (
                json!({ "place": "", "mode": "loose" }),
                ["mode: ", "`very_strict` or `lax`"],
            ),
            (
                json!({ "place": "", "tries": -1 }),
                ["tries: ", "expected u32"],
            ),
            (
                json!({ "place": "", "inner": { "factor": "x" } }),
                ["inner.factor: ", "expected f64"],
            ),
            (
                json!({ "place": "", "many": { "a": { "b": 1 } } }),
                ["many.a", "`b`"],
            ),
            (
                json!({ "place": "", "names": ["a", 2] }),
                ["names[1]: ", "expected a string"],
            ),
        ] {
            let error = watch(&settings).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Settings);
            let message = error.message();
            assert!(
                parts.iter().all(|part| message.contains(part)),
                "{settings}: {message}"
            );
            assert!(!message.contains("at line"), "{message}");
            assert!(error.remedy_text().contains("check-config"), "{error}");
        }
    }

    #[settings]
    struct Flat {
        #[default(1)]
        own: u8,
        #[serde(flatten)]
        #[default]
        inner: Inner,
    }

    #[test]
    fn errors_name_a_key_of_a_type_that_is_flattened() {
        #[derive(Debug, serde::Deserialize)]
        struct Outer {
            #[serde(default)]
            _flat: Option<Flat>,
        }
        for (settings, expected) in [
            (
                json!({ "own": 2, "factor": "x" }),
                "factor: invalid type: string",
            ),
            (
                json!({ "own": 2, "factor": null }),
                "factor: invalid type: null",
            ),
            (
                json!({ "own": "x", "factor": 1 }),
                "own: invalid type: string",
            ),
        ] {
            let error = read::<Flat>(&settings.to_string()).unwrap_err();
            assert!(error.message().starts_with(expected), "{error}");
            let within = json!({ "_flat": settings }).to_string();
            let error = read::<Outer>(&within).unwrap_err();
            let expected = format!("_flat.{expected}");
            assert!(error.message().starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn a_key_that_must_be_given_is_not_the_wrong_one_for_that() {
        #[settings]
        struct Outer {
            place: String,
            #[serde(flatten)]
            flat: Whole,
        }
        #[settings]
        struct Whole {
            #[default]
            inner: Inner,
        }
        for (settings, expected) in [
            (json!({ "place": "", "inner": 5 }), "inner: "),
            (
                json!({ "place": "", "inner": { "factor": "x" } }),
                "inner.factor: ",
            ),
            (json!({ "place": 5, "inner": {} }), "place: "),
            (json!({ "inner": {} }), "missing field `place`"),
        ] {
            let error = read::<Outer>(&settings.to_string()).unwrap_err();
            assert!(error.message().starts_with(expected), "{error}");
        }
    }

    #[test]
    fn errors_do_not_repeat_a_text() {
        for secret in ["hunter2", "a\", expected b at line 7", " string \"hunter2"] {
            let error = watch(&json!({ "place": "", "tries": secret })).unwrap_err();
            assert_eq!(error.message(), "tries: invalid type: string, expected u32");
        }
    }

    #[test]
    fn the_schema_has_what_the_source_says() {
        let schema: Value = serde_json::from_str(&schema::<Watch>()).unwrap();
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["description"], "What to watch.");
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], json!(["place"]));
        let properties = &schema["properties"];
        assert_eq!(properties["place"]["description"], "Where it is.");
        assert_eq!(properties["tries"]["default"], 3);
        assert_eq!(properties["mode"]["default"], "very_strict");
        assert_eq!(properties["inner"]["default"], json!({ "factor": 1.5 }));
    }

    #[test]
    fn nothing_to_configure_is_an_empty_object() {
        assert!(read::<NoSettings>("{}").is_ok());
        let error = read::<NoSettings>(r#"{"a":1}"#).unwrap_err();
        assert!(error.message().contains("`a`"), "{error}");
        let schema: Value = serde_json::from_str(&schema::<NoSettings>()).unwrap();
        assert_eq!(schema["additionalProperties"], false);
    }
}
