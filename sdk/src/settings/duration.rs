//! Durations as people write them: `30s`, `1h 30m`, `250ms`.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Writes a duration as text.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    Text(*value).serialize(serializer)
}

/// Reads a duration from text.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0)
}

/// A duration that may be left out.
pub mod optional {
    use super::{Deserialize, Deserializer, Duration, Serialize, Serializer, Text};

    /// Writes a duration as text.
    #[allow(clippy::ref_option)] // As serde calls it.
    pub fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Text).serialize(serializer)
    }

    /// Reads a duration from text.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Text>::deserialize(deserializer)?.map(|text| text.0))
    }
}

/// A duration as the configuration and its JSON Schema have it.
#[derive(Debug)]
pub struct Text(Duration);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|error| {
            D::Error::custom(format!("{error}; write a duration such as 30s or 5m"))
        })
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "gaxx-duration",
            "pattern": r"^\s*(\d+\s*[a-zµ]+\s*)+$",
            "examples": ["30s", "5m", "1h 30m"],
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::prelude::*;

    #[settings]
    #[derive(PartialEq)]
    struct Times {
        needed: Duration,
        #[default(Duration::from_millis(1_500))]
        given: Duration,
        wished: Option<Duration>,
        #[default(Some(Duration::from_secs(1)))]
        assumed: Option<Duration>,
    }

    fn read(json: &serde_json::Value) -> Result<Times> {
        crate::settings::read(&json.to_string())
    }

    #[test]
    fn durations_are_text_and_may_be_left_out() {
        let times = read(&json!({ "needed": "1h 30m" })).unwrap();
        assert_eq!(times.needed, Duration::from_mins(90));
        assert_eq!(times.given, Duration::from_millis(1_500));
        assert_eq!(times.wished, None);
        assert_eq!(times.assumed, Some(Duration::from_secs(1)));
        let all = json!({ "needed": "1h 30m", "given": "2s", "wished": "3s", "assumed": null });
        let times = read(&all).unwrap();
        assert_eq!(times.wished, Some(Duration::from_secs(3)));
        assert_eq!(times.assumed, None);
        assert_eq!(serde_json::to_value(&times).unwrap(), all);
        assert_eq!(read(&all).unwrap(), times);
    }

    #[test]
    fn what_is_no_duration_is_named() {
        let error = read(&json!({ "needed": "1s", "wished": "soon" })).unwrap_err();
        assert!(error.message().starts_with("wished: "), "{error}");
        let error = read(&json!({ "needed": 5 })).unwrap_err();
        assert!(error.message().starts_with("needed: "), "{error}");
        let error = read(&json!({})).unwrap_err();
        assert!(error.message().contains("`needed`"), "{error}");
    }

    #[test]
    fn the_schema_shows_defaults_as_they_are_written() {
        let schema = schemars::schema_for!(Times).to_value();
        let properties = &schema["properties"];
        assert_eq!(properties["given"]["default"], "1s 500ms");
        assert_eq!(properties["assumed"]["default"], "1s");
        assert_eq!(properties["needed"]["format"], "gaxx-duration");
        assert_eq!(properties["wished"]["type"], json!(["string", "null"]));
        assert_eq!(schema["required"], json!(["needed"]));
    }
}
