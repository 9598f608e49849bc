//! YAML text as a JSON value, which the schema and the plugins understand.
//!
//! The text has been through [`super::source::scan`], which bounds what it unfolds to.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::walk::Node as SchemaNode;

/// Reads a document. An empty one is `null`.
pub(super) fn read(text: &str) -> Result<Value, serde_yaml::Error> {
    serde_yaml::from_str::<Node>(text).map(|node| node.0)
}

/// Settles keys without a value: a section without keys is an empty one, and any other key counts
/// as not there.
pub(super) fn settle_nulls(value: &mut Value, node: SchemaNode<'_>) {
    let Value::Object(map) = value else { return };
    map.retain(|key, value| {
        let Some(child) = node.child(key) else {
            return !value.is_null();
        };
        if value.is_null() && child.types() == ["object"] {
            *value = Value::Object(Map::new());
        }
        settle_nulls(value, child);
        !value.is_null()
    });
}

/// A JSON value that takes keys of any scalar type as text, and numbers JSON does not have as the
/// text they were written as.
struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor).map(Node)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a YAML tag")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // `30.0` is as good as `30` where a whole number is expected. Below 2^53 every whole
        // number is exact.
        if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "whole and in range, see above"
            )]
            let whole = value as i64;
            return Ok(whole.into());
        }
        let text = || Value::String(format!(".{value}").replace(".-", "-.").to_lowercase());
        Ok(Number::from_f64(value).map_or_else(text, Value::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Node(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let Node(value) = map.next_value()?;
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_json() {
        let text = "{1: a, b: [1.5, 2.0, true, ~, .nan, -.inf, 'x'], huge: 99999999999999999999}";
        let expected =
            json!({"1": "a", "b": [1.5, 2, true, null, ".nan", "-.inf", "x"], "huge": 1e20});
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(read("").unwrap(), Value::Null);
    }

    #[test]
    fn a_section_without_keys_is_empty_and_a_key_without_value_is_not_there() {
        let schema = json!({"properties": {"a": {"type": ["string", "null"]}, "b": {
            "type": "object", "additionalProperties": {"type": "object"}}}});
        let mut value = json!({"a": null, "b": {"c": null, "d": {"e": null}}, "f": null});
        settle_nulls(&mut value, SchemaNode::root(&schema));
        assert_eq!(value, json!({"b": {"c": {}, "d": {}}}));
    }
}
