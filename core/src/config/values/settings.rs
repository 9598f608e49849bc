//! The settings a plugin or an exporter reads itself.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::secret::MASK;

/// Keys and values that core passes on and does not understand.
///
/// Any of them may be a secret, and only the plugin's schema knows; so they print and serialize
/// as `<secret>`, and [`Settings::reveal`] is the way to the values.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// The keys and their values, to be handed to the plugin. Do not log them.
    #[must_use]
    pub fn reveal(&self) -> &Map<String, Value> {
        &self.0
    }

    /// These settings with those of `other` laid over them.
    #[must_use]
    pub fn overlaid(&self, other: &Self) -> Self {
        let mut merged = self.0.clone();
        merged.extend(other.0.clone());
        Self(merged)
    }
}

impl From<Map<String, Value>> for Settings {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.keys().map(|key| (key, MASK)))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.keys().map(|key| (key, MASK)))
            .finish()
    }
}

impl JsonSchema for Settings {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Settings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": true})
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_stay_hidden_and_can_be_laid_over() {
        let base: Settings = serde_yaml::from_str("{token: hunter2, port: 1}").unwrap();
        let over: Settings = serde_yaml::from_str("{port: 2}").unwrap();
        let merged = base.overlaid(&over);
        assert_eq!(merged.reveal()["port"], 2);
        let shown = format!("{merged:?} {}", serde_json::to_string(&merged).unwrap());
        assert!(
            shown.contains("token") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
