//! What a component gives to be recorded.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// The longest record, in bytes.
pub const LONGEST: usize = 256 << 10;

/// The names that the log itself puts in front.
pub(super) const OWN_NAMES: [&str; 4] = ["seq", "time", "prev", "component"];

/// Why a record is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It has more than [`LONGEST`] bytes.
    #[error("it has {0} bytes")]
    TooLong(usize),
    /// It is not JSON, or has a name twice.
    #[error("{0}")]
    Json(String),
    /// It is JSON, but not an object.
    #[error("it is not an object")]
    NotAnObject,
    /// It has a field that is the log's to set.
    #[error("the field `{0}` is the log's own")]
    OwnName(&'static str),
}

/// The record's fields as they stand in a line, without the braces: compact, on one line, each name
/// once in its object.
pub(super) fn fields(record: &str) -> Result<String, RecordError> {
    if record.len() > LONGEST {
        return Err(RecordError::TooLong(record.len()));
    }
    let parsed: Unique =
        serde_json::from_str(record).map_err(|error| RecordError::Json(error.to_string()))?;
    let Value::Object(object) = parsed.0 else {
        return Err(RecordError::NotAnObject);
    };
    if let Some(name) = OWN_NAMES.iter().find(|name| object.contains_key(**name)) {
        return Err(RecordError::OwnName(name));
    }
    let mut text = Value::Object(object).to_string();
    // Numbers can get longer.
    if text.len() > LONGEST {
        return Err(RecordError::TooLong(text.len()));
    }
    text.pop();
    text.remove(0);
    Ok(text)
}

/// A value in which no object has a name twice: of two, readers would see different ones.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build).map(Self)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number is not finite"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = access.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if object.contains_key(&name) {
                let message = format!("the name {name:?} is there twice");
                return Err(de::Error::custom(message));
            }
            let Unique(value) = access.next_value()?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_keep_their_order_and_lose_their_room() {
        let given = "{\n \"event\": \"exec.start\",\r\n \"argv\": [\"a\\nb\", 1.5, -2, null, true],\n \"b\": {}\n}";
        assert_eq!(
            fields(given).unwrap(),
            r#""event":"exec.start","argv":["a\nb",1.5,-2,null,true],"b":{}"#
        );
        assert_eq!(fields("{}").unwrap(), "");
    }

    #[test]
    fn what_is_no_record_is_refused_and_says_why() {
        let why = |record: &str| fields(record).unwrap_err().to_string();
        assert_eq!(why("[1]"), "it is not an object");
        assert_eq!(why(r#"{"seq":1}"#), "the field `seq` is the log's own");
        assert!(why(r#"{"a":1,"a":2}"#).contains("\"a\" is there twice"));
        assert!(why(r#"{"x":{"a":1,"\u0061":2}}"#).contains("\"a\" is there twice"));
        assert!(why("{").contains("EOF"));
        assert!(why("{} {}").contains("trailing"));
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST));
        assert_eq!(why(&long), format!("it has {} bytes", long.len()));
    }

    proptest! {
        #[test]
        fn a_record_is_one_line_whatever_it_holds(text in any::<String>(), name in any::<String>()) {
            let record = serde_json::json!({ "event": "e", format!("n{name}"): text });
            let fields = fields(&serde_json::to_string_pretty(&record).unwrap()).unwrap();
            prop_assert!(!fields.contains(['\n', '\r']));
            let read: Value = serde_json::from_str(&format!("{{{fields}}}")).unwrap();
            prop_assert_eq!(read, record);
        }

        #[test]
        fn any_text_is_taken_or_refused(text in any::<String>()) {
            let _ = fields(&text);
        }
    }
}
