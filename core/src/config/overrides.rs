//! Settings from the environment: `GAXX_TELEMETRY__MONITORING_PORT=9191`.
//!
//! A variable names a key in capitals, with two underscores between the levels; dashes and other
//! signs in a key become single underscores.

use serde_json::{Map, Value, json};

use super::pointer;
use super::suggest;
use super::walk::Node;
use super::{source, yaml};
use crate::security::{Scope, Scopes, Token};

const PREFIX: &str = "GAXX_";
/// The variables that had a name before the others had a pattern, and the keys they set.
const NAMED: [(&str, &[&str]); 5] = [
    ("OTLP_ENDPOINT", &["TELEMETRY", "OTLP_ENDPOINT"]),
    ("AGENT_TLS_CERT", &["AGENT", "TLS", "CERTIFICATE"]),
    ("AGENT_TLS_KEY", &["AGENT", "TLS", "KEY"]),
    ("AGENT_CLIENT_CA", &["AGENT", "TLS", "CLIENT_CA"]),
    (
        "AGENT_REQUIRE_MTLS",
        &["AGENT", "TLS", "REQUIRE_CLIENT_CERTIFICATE"],
    ),
];
/// The variable that adds a token, which may do everything.
const AGENT_TOKEN: &str = "AGENT_TOKEN";
/// The list that it adds to.
const TOKENS: &str = "/auth/tokens";

/// Keys of a plugin's section that say whether and where its library is loaded.
const BEFORE_LOADING: [&str; 3] = ["ISOLATION", "MIN_VERSION", "PROCESS"];

/// A variable that is to override a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Override {
    pub(super) variable: String,
    segments: Vec<String>,
    what: What,
}

/// What becomes of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// It gets the value that this text means.
    Set(String),
    /// This is added to its list.
    Add(Value),
}

/// A variable that cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) variable: String,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}

/// The overrides in an environment, in the order of their names.
///
/// Names that are other settings of gaxx programs, and names without two underscores (such as
/// those Kubernetes makes for a service called `gaxx`), are passed over, unless they are those of
/// a key but for the number of underscores.
pub(super) fn collect(
    schema: &Value,
    environment: impl IntoIterator<Item = (String, String)>,
) -> (Vec<Override>, Vec<Refused>) {
    let root = Node::root(schema);
    let mut overrides = Vec::new();
    let mut refused = Vec::new();
    let mut variables: Vec<_> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    variables.sort();
    for (variable, text) in variables {
        let name = variable.strip_prefix(PREFIX).unwrap_or_default();
        if name == "CONFIG" {
            continue;
        }
        if name == AGENT_TOKEN {
            match token(variable, &text) {
                Ok(added) => overrides.push(added),
                Err(wrong) => refused.push(wrong),
            }
            continue;
        }
        let named = NAMED.iter().find(|(own, _)| *own == name);
        let segments: Vec<String> = match named {
            Some((_, keys)) => keys.iter().map(|key| (*key).to_owned()).collect(),
            None => name.split("__").map(str::to_owned).collect(),
        };
        let known_scalar = |name: &str| {
            root.properties()
                .into_iter()
                .any(|(key, node)| upper(key) == name && node.types() != ["object"])
        };
        if let [section, _, key, ..] = segments.as_slice()
            && section == "PLUGINS"
            && BEFORE_LOADING.contains(&key.as_str())
        {
            // Which plugin it means is known once the plugins are loaded, and then it is too late.
            refused.push(Refused {
                variable,
                message: format!(
                    "`{}` is needed before plugins are loaded; set it in the file",
                    key.to_lowercase()
                ),
                suggestion: None,
            });
        } else if segments.len() > 1 || known_scalar(name) {
            overrides.push(Override {
                variable,
                segments,
                what: What::Set(text),
            });
        } else if let Some(right) = misspelt(root, name) {
            refused.push(Refused {
                variable,
                message: "two underscores stand between the levels of a key".to_owned(),
                suggestion: Some(right),
            });
        } else if let Some(right) = nearly_named(name) {
            // One that asks for security must not be passed over.
            refused.push(Refused {
                variable,
                message: "there is no such variable".to_owned(),
                suggestion: Some(right),
            });
        }
    }
    (overrides, refused)
}

/// The token of an environment: whoever shows it may do everything.
fn token(variable: String, text: &str) -> Result<Override, Refused> {
    let token = match Token::from_text(&variable, text, Scopes::ALL) {
        Ok(token) => token,
        Err(fault) => {
            return Err(Refused {
                variable,
                message: format!("the token {fault}"),
                suggestion: None,
            });
        }
    };
    let scopes: Vec<&str> = token.scopes.iter().map(Scope::label).collect();
    let entry = json!({ "name": variable, "hash": token.hash.to_string(), "scopes": scopes });
    Ok(Override {
        variable,
        segments: pointer::segments(TOKENS).collect(),
        what: What::Add(entry),
    })
}

/// The variable with a name of its own that one probably means.
fn nearly_named(name: &str) -> Option<String> {
    let known = NAMED.iter().map(|(known, _)| *known).chain([AGENT_TOKEN]);
    suggest::nearest(name, known).map(|right| format!("{PREFIX}{right}"))
}

/// The variable of a core key whose name differs in the number of underscores only.
fn misspelt(root: Node<'_>, name: &str) -> Option<String> {
    root.properties().into_iter().find_map(|(section, node)| {
        let keys = node.properties();
        keys.into_iter().find_map(|(key, _)| {
            let (section, key) = (upper(section), upper(key));
            (format!("{section}_{key}") == name).then(|| format!("{PREFIX}{section}__{key}"))
        })
    })
}

impl Override {
    /// Whether it concerns a plugin's or exporter's own section, whose keys are known only once
    /// plugins are loaded. `schema` is that of the core's own keys: those beside the plugins'
    /// sections say how plugins are loaded, and must not wait.
    pub(super) fn waits_for_plugins(&self, schema: &Value) -> bool {
        let own = |section: &str, key: &str| {
            let sections = Node::root(schema).properties().into_iter();
            let mut keys = sections
                .filter(|(name, _)| upper(name) == section)
                .flat_map(|(_, node)| node.properties());
            keys.any(|(name, _)| upper(name) == key)
        };
        match self.segments.as_slice() {
            [first, second, ..] => {
                (first == "PLUGINS" && !own(first, second))
                    || first == "EXPORTERS"
                    || (first == "HEALTH" && second == "CHECKS")
            }
            _ => false,
        }
    }

    /// Puts the value where it belongs in `document` and gives the pointer to it.
    pub(super) fn apply(&self, schema: &Value, document: &mut Value) -> Result<String, Refused> {
        let text = match &self.what {
            What::Set(text) => text,
            What::Add(entry) => return Ok(add(document, TOKENS, entry)),
        };
        let (pointer, node) = self.place(Node::root(schema), document)?;
        let value = self.value(node, text)?;
        insert(document, &pointer, value);
        Ok(pointer)
    }

    fn place<'s>(&self, root: Node<'s>, document: &Value) -> Result<(String, Node<'s>), Refused> {
        let mut node = root;
        let mut pointer = String::new();
        for (level, segment) in self.segments.iter().enumerate() {
            let (key, child) = step(node, document.pointer(&pointer), segment)
                .ok_or_else(|| self.unknown(node, level, segment))?;
            pointer = pointer::join(&pointer, &key);
            node = child;
        }
        Ok((pointer, node))
    }

    fn unknown(&self, node: Node<'_>, level: usize, segment: &str) -> Refused {
        let keys: Vec<String> = node
            .properties()
            .into_iter()
            .map(|(key, _)| upper(key))
            .collect();
        let suggestion = suggest::nearest(segment, keys.iter().map(String::as_str)).map(|key| {
            let mut segments = self.segments.clone();
            if let Some(wrong) = segments.get_mut(level) {
                key.clone_into(wrong);
            }
            format!("{PREFIX}{}", segments.join("__"))
        });
        self.refuse(
            format!("there is no key for `{}` in it", segment.escape_debug()),
            suggestion,
        )
    }

    /// The value as YAML, or as it stands where only text is possible.
    fn value(&self, node: Node<'_>, text: &str) -> Result<Value, Refused> {
        if node.types() == ["string"] {
            return Ok(Value::String(text.to_owned()));
        }
        source::scan(text)
            .map_err(|fault| fault.message)
            .and_then(|(_, duplicates)| match duplicates.into_iter().next() {
                Some(duplicate) => Err(duplicate.message),
                None => yaml::read(text).map_err(|_| "not YAML".to_owned()),
            })
            .map_err(|message| self.refuse(format!("the value is {message}"), None))
    }

    fn refuse(&self, message: String, suggestion: Option<String>) -> Refused {
        Refused {
            variable: self.variable.clone(),
            message,
            suggestion,
        }
    }
}

/// The key that `segment` means below `node`, and its schema. Where keys are free, one that the
/// file has is preferred.
fn step<'s>(node: Node<'s>, written: Option<&Value>, segment: &str) -> Option<(String, Node<'s>)> {
    if segment.is_empty() {
        return None;
    }
    let listed = node
        .properties()
        .into_iter()
        .find(|(key, _)| upper(key) == segment);
    if let Some((key, child)) = listed {
        return Some((key.to_owned(), child));
    }
    let child = node.additional()?;
    let own = written
        .and_then(Value::as_object)
        .and_then(|map| map.keys().find(|key| upper(key) == segment));
    Some((
        own.cloned().unwrap_or_else(|| segment.to_lowercase()),
        child,
    ))
}

/// A key as it stands in a variable's name.
fn upper(key: &str) -> String {
    key.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// Adds to the list at `pointer`, and gives the pointer to what was added. Where something else
/// than a list is there it stays, and the schema refuses it.
fn add(document: &mut Value, pointer: &str, entry: &Value) -> String {
    if document.pointer(pointer).is_none_or(Value::is_null) {
        insert(document, pointer, Value::Array(Vec::new()));
    }
    let list = document.pointer_mut(pointer).and_then(Value::as_array_mut);
    let Some(list) = list else {
        return pointer.to_owned();
    };
    list.push(entry.clone());
    pointer::join(pointer, &(list.len() - 1).to_string())
}

/// Sets the value at `pointer`, making the maps on the way. Where something else than a map is in
/// the way it stays, and the schema refuses it.
pub(super) fn insert(document: &mut Value, pointer: &str, value: Value) {
    let mut keys: Vec<String> = pointer::segments(pointer).collect();
    let Some(last) = keys.pop() else { return };
    let mut current = document;
    for key in keys {
        let Some(map) = current.as_object_mut() else {
            return;
        };
        let next = map.entry(key).or_insert(Value::Null);
        if next.is_null() {
            *next = Value::Object(Map::new());
        }
        current = next;
    }
    if let Some(map) = current.as_object_mut() {
        map.insert(last, value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::base;
    use super::*;
    use serde_json::json;

    fn check(variable: &str, text: &str, mut document: Value, expected: Result<Value, &str>) {
        let schema = base();
        let (overrides, mut refused) = collect(&schema, [(variable.to_owned(), text.to_owned())]);
        for one in overrides {
            if let Err(refusal) = one.apply(&schema, &mut document) {
                refused.push(refusal);
            }
        }
        match expected {
            Ok(expected) => {
                assert!(refused.is_empty(), "{refused:?}");
                assert_eq!(document, expected, "{variable}");
            }
            Err(part) => {
                assert_eq!(refused.len(), 1, "{variable}");
                assert!(
                    refused
                        .iter()
                        .all(|refusal| format!("{refusal:?}").contains(part)),
                    "{refused:?}"
                );
            }
        }
    }

    #[test]
    fn variables_name_keys() {
        check(
            "GAXX_TELEMETRY__MONITORING_PORT",
            "9191",
            json!({}),
            Ok(json!({"telemetry": {"monitoring_port": 9191}})),
        );
        check(
            "GAXX_OTLP_ENDPOINT",
            "http://x",
            json!({}),
            Ok(json!({"telemetry": {"otlp_endpoint": "http://x"}})),
        );
        check(
            "GAXX_LOG__LEVEL",
            "off",
            json!({"log": null}),
            Ok(json!({"log": {"level": "off"}})),
        );
        check(
            "GAXX_STATE_FOLDER",
            "/x: y",
            json!({}),
            Ok(json!({"state_folder": "/x: y"})),
        );
        check(
            "GAXX_PLUGINS__FOLDERS",
            "[a, b]",
            json!({}),
            Ok(json!({"plugins": {"folders": ["a", "b"]}})),
        );
        let written = json!({"plugins": {"tcp-port": {"x": 1}}});
        let merged = json!({"plugins": {"tcp-port": {"x": 1, "enabled": false}}});
        check(
            "GAXX_PLUGINS__TCP_PORT__ENABLED",
            "false",
            written,
            Ok(merged),
        );
        let check_section = json!({"health": {"checks": {"tcp-port/web": {"rise": 3}}}});
        let empty = json!({"health": {"checks": {"tcp-port/web": null}}});
        check(
            "GAXX_HEALTH__CHECKS__TCP_PORT_WEB__RISE",
            "3",
            empty,
            Ok(check_section),
        );
    }

    /// What says which libraries are loaded must be known before they are.
    #[test]
    fn keys_beside_the_sections_of_plugins_do_not_wait_for_plugins() {
        let schema = base();
        let waits = |variable: &str| {
            let (overrides, refused) = collect(&schema, [(variable.to_owned(), String::new())]);
            assert!(refused.is_empty(), "{refused:?}");
            overrides[0].waits_for_plugins(&schema)
        };
        assert!(waits("GAXX_PLUGINS__TCP_PORT__DEADLINE"));
        assert!(waits("GAXX_EXPORTERS__JSONL__PATH"));
        assert!(!waits("GAXX_PLUGINS__FOLDERS"));
        assert!(!waits("GAXX_PLUGINS__ISOLATION"));
        assert!(!waits("GAXX_PLUGINS__PROCESS__MEMORY"));
        assert!(!waits("GAXX_PLUGINS__TRUST__REQUIRE_SIGNATURE"));
        for (late, value) in [
            ("GAXX_PLUGINS__TCP_PORT__MIN_VERSION", "1.0.0"),
            ("GAXX_PLUGINS__TCP_PORT__ISOLATION", "process"),
            ("GAXX_PLUGINS__TCP_PORT__PROCESS__MEMORY", "64MiB"),
        ] {
            check(late, value, json!({}), Err("in the file"));
        }
    }

    #[test]
    fn other_variables_are_passed_over() {
        for name in [
            "GAXX_CONFIG",
            "GAXX_PORT_9090_TCP",
            "GAXX_AGENT_SERVICE_HOST",
            "GAXX_AGENT_PORT_8088_TCP",
            "GAXX_SERVICE_HOST",
            "HOME",
            "GAXX_",
        ] {
            check(name, "x", json!({}), Ok(json!({})));
        }
    }

    #[test]
    fn variables_of_the_first_program_keep_their_names() {
        check(
            "GAXX_AGENT_TLS_CERT",
            "/x: y",
            json!({}),
            Ok(json!({"agent": {"tls": {"certificate": "/x: y"}}})),
        );
        check(
            "GAXX_AGENT_REQUIRE_MTLS",
            "true",
            json!({"agent": {"tls": null}}),
            Ok(json!({"agent": {"tls": {"require_client_certificate": true}}})),
        );
        let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let token = json!({
            "name": "GAXX_AGENT_TOKEN",
            "hash": abc,
            "scopes": ["read", "exec", "files", "tasks", "admin", "profile"],
        });
        let only = json!({"auth": {"tokens": [token]}});
        check("GAXX_AGENT_TOKEN", "abc", json!({"auth": null}), Ok(only));
        let another = json!({"auth": {"tokens": [1, token]}});
        let written = json!({"auth": {"tokens": [1]}});
        check("GAXX_AGENT_TOKEN", "abc", written, Ok(another));
        check("GAXX_AGENT_TOKEN", "", json!({}), Err("is empty"));
        check(
            "GAXX_AGENT_TOKEN",
            "two words",
            json!({}),
            Err("characters"),
        );
        let typo = Err("GAXX_AGENT_REQUIRE_MTLS");
        check("GAXX_AGENT_REQUIRE_MLTS", "true", json!({}), typo);
        let levels = Err("GAXX_AGENT__API_PORT");
        check("GAXX_AGENT_API_PORT", "1", json!({}), levels);
    }

    #[test]
    fn wrong_variables_are_named() {
        check(
            "GAXX_TELEMETRY__MONITORING_PRT",
            "1",
            json!({}),
            Err("GAXX_TELEMETRY__MONITORING_PORT"),
        );
        check(
            "GAXX_TELEMETRY_MONITORING_PORT",
            "1",
            json!({}),
            Err("GAXX_TELEMETRY__MONITORING_PORT"),
        );
        check("GAXX_TELEMETRY__", "1", json!({}), Err("no key"));
        check(
            "GAXX_TELEMETRY__MONITORING_PORT",
            "[",
            json!({}),
            Err("not YAML"),
        );
        check("GAXX_LOG__LEVEL__X", "1", json!({}), Err("no key"));
    }
}
