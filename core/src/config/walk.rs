//! Finding one's way in a JSON Schema.

use serde_json::Value;

use super::pointer;

/// How many references are followed from one node; a plugin's schema may refer to itself.
const MAX_HOPS: usize = 16;

/// A JSON Schema together with the document its `$ref`s point into.
#[derive(Clone, Copy)]
pub(super) struct Node<'s> {
    root: &'s Value,
    schema: &'s Value,
}

impl<'s> Node<'s> {
    /// The root of a schema document.
    pub(super) fn root(root: &'s Value) -> Self {
        Self { root, schema: root }
    }

    /// One keyword of this node, or of what it refers to or is composed of.
    pub(super) fn keyword(self, name: &str) -> Option<&'s Value> {
        self.parts()
            .into_iter()
            .find_map(|part| part.schema.get(name))
    }

    /// This node and everything it refers to or is composed of, nearest first.
    pub(super) fn parts(self) -> Vec<Self> {
        let mut parts = vec![self];
        let mut next = 0;
        while let Some(part) = parts.get(next).copied() {
            next += 1;
            if parts.len() >= MAX_HOPS {
                break;
            }
            if let Some(target) = part.referred() {
                parts.push(target);
            }
            for composer in ["allOf", "anyOf", "oneOf"] {
                let members = part.schema.get(composer).and_then(Value::as_array);
                parts.extend(members.into_iter().flatten().map(|schema| part.at(schema)));
            }
        }
        parts
    }

    /// The settings this object has, with their schemas.
    pub(super) fn properties(self) -> Vec<(&'s str, Self)> {
        self.parts()
            .into_iter()
            .filter_map(|part| Some((part, part.schema.get("properties")?.as_object()?)))
            .flat_map(|(part, properties)| {
                properties
                    .iter()
                    .map(move |(key, schema)| (key.as_str(), part.at(schema)))
            })
            .collect()
    }

    /// The schema of keys that are not listed, if such keys are allowed.
    pub(super) fn additional(self) -> Option<Self> {
        self.parts()
            .into_iter()
            .find_map(|part| match part.schema.get("additionalProperties")? {
                Value::Bool(false) => None,
                schema => Some(part.at(schema)),
            })
    }

    /// The schema of the value under `key`.
    pub(super) fn child(self, key: &str) -> Option<Self> {
        self.properties()
            .into_iter()
            .find_map(|(name, node)| (name == key).then_some(node))
            .or_else(|| self.additional())
            .or_else(|| {
                key.parse::<usize>().ok()?;
                let items = self
                    .parts()
                    .into_iter()
                    .find_map(|part| Some(part.at(part.schema.get("items")?)))?;
                Some(items)
            })
    }

    /// The schema of the value at `pointer` of a document that this is the schema of.
    pub(super) fn find(self, pointer: &str) -> Option<Self> {
        pointer::segments(pointer).try_fold(self, |node, key| node.child(&key))
    }

    /// The values this may have, if they are listed.
    pub(super) fn choices(self) -> Option<Vec<&'s Value>> {
        self.choices_within(MAX_HOPS)
    }

    fn choices_within(self, hops: usize) -> Option<Vec<&'s Value>> {
        let hops = hops.checked_sub(1)?;
        let schema = self.schema.as_object()?;
        if let Some(target) = self.referred() {
            return target.choices_within(hops);
        }
        if let Some(value) = schema.get("const") {
            return Some(vec![value]);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return Some(values.iter().filter(|value| !value.is_null()).collect());
        }
        let members = schema
            .get("oneOf")
            .or_else(|| schema.get("anyOf"))?
            .as_array()?;
        let mut choices = Vec::new();
        for member in members.iter().filter(|member| !is_null_type(member)) {
            choices.extend(self.at(member).choices_within(hops)?);
        }
        Some(choices)
    }

    /// The names of the types this may have, `null` left out.
    pub(super) fn types(self) -> Vec<&'s str> {
        let mut types: Vec<&str> = Vec::new();
        for part in self.parts() {
            match part.schema.get("type") {
                Some(Value::String(name)) => types.push(name),
                Some(Value::Array(names)) => types.extend(names.iter().filter_map(Value::as_str)),
                _ => {}
            }
        }
        types.retain(|name| *name != "null");
        types.dedup();
        types
    }

    /// Whether the value must not be shown.
    pub(super) fn is_secret(self) -> bool {
        self.keyword("writeOnly") == Some(&Value::Bool(true))
    }

    fn at(self, schema: &'s Value) -> Self {
        Self {
            root: self.root,
            schema,
        }
    }

    fn referred(self) -> Option<Self> {
        let reference = self.schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        Some(self.at(self.root.pointer(reference)?))
    }
}

fn is_null_type(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn references_and_compositions_are_followed() {
        let schema = json!({
            "$defs": {
                "Mode": {"oneOf": [{"enum": ["a"]}, {"const": "b", "description": "x"}]},
                "Loop": {"$ref": "#/$defs/Loop"},
                "Part": {"properties": {"mode": {"$ref": "#/$defs/Mode"}}},
            },
            "properties": {
                "part": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]},
                "list": {"items": {"properties": {"token": {"writeOnly": true}}}},
                "loop": {"$ref": "#/$defs/Loop"},
            },
            "additionalProperties": {"type": ["integer", "null"]},
        });
        let root = Node::root(&schema);
        assert_eq!(
            root.find("/part/mode").unwrap().choices().unwrap(),
            ["a", "b"]
        );
        assert!(root.find("/list/3/token").unwrap().is_secret());
        assert_eq!(root.find("/other").unwrap().types(), ["integer"]);
        assert!(root.find("/loop/x").is_none());
        assert!(root.find("/loop").unwrap().types().is_empty());
    }

    #[test]
    fn a_loop_of_choices_ends() {
        let schema = json!({"$defs": {"Loop": {"$ref": "#/$defs/Loop"}}, "$ref": "#/$defs/Loop"});
        assert!(Node::root(&schema).choices().is_none());
    }
}
