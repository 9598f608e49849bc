//! Settings a plugin cannot do without.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::known::KnownPlugins;
use super::pointer;
use super::validate::Finding;

/// Each required setting that a section (or one of its instances) has not. A plugin without a
/// section, or one that is off, needs none.
pub(super) fn missing(document: &Value, known: &KnownPlugins) -> Vec<Finding> {
    let mut findings = Vec::new();
    for plugin in &known.plugins {
        let at = pointer::join("/plugins", &plugin.name);
        let Some(section) = active(document, &at) else {
            continue;
        };
        let instances = section.get("instances").and_then(Value::as_object);
        match instances.filter(|instances| !instances.is_empty()) {
            None => findings.extend(absent(&plugin.schema, &at, |key| is_set(section, key))),
            Some(instances) => {
                let at = pointer::join(&at, "instances");
                for (name, own) in instances {
                    let own = own.as_object();
                    findings.extend(absent(&plugin.schema, &pointer::join(&at, name), |key| {
                        is_set(section, key) || own.is_some_and(|own| is_set(own, key))
                    }));
                }
            }
        }
    }
    let sections = document.get("exporters").and_then(Value::as_object);
    for (name, exporter) in sections.into_iter().flat_map(|all| used(all, known)) {
        let at = pointer::join("/exporters", name);
        if let Some(section) = active(document, &at) {
            findings.extend(absent(exporter, &at, |key| is_set(section, key)));
        }
    }
    findings
}

/// The sections of exporters that are known, with the schema of their settings.
fn used<'a>(
    sections: &'a Map<String, Value>,
    known: &'a KnownPlugins,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    sections.iter().filter_map(|(key, section)| {
        let name = section.get("use").and_then(Value::as_str).unwrap_or(key);
        let exporter = known
            .exporters
            .iter()
            .find(|exporter| exporter.name == name)?;
        Some((key.as_str(), &exporter.schema))
    })
}

/// The section at `pointer`, unless it is off.
fn active<'d>(document: &'d Value, pointer: &str) -> Option<&'d Map<String, Value>> {
    static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    let section = match document.pointer(pointer)? {
        Value::Null => &EMPTY,
        section => section.as_object()?,
    };
    (section.get("enabled") != Some(&Value::Bool(false))).then_some(section)
}

fn is_set(section: &Map<String, Value>, key: &str) -> bool {
    section.get(key).is_some_and(|value| !value.is_null())
}

fn absent<'s>(
    schema: &'s Value,
    at: &'s str,
    is_set: impl Fn(&str) -> bool + 's,
) -> impl Iterator<Item = Finding> + 's {
    schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(move |key| !is_set(key))
        .map(move |key| {
            let meaning = schema["properties"][key]["description"]
                .as_str()
                .unwrap_or_default();
            let meaning = meaning.lines().next().unwrap_or_default();
            let message = match meaning {
                "" => format!("the setting `{key}` is missing"),
                _ => format!("the setting `{key}` is missing: {meaning}"),
            };
            Finding::value(at, message)
        })
}

#[cfg(test)]
mod tests {
    use super::super::known::{ExporterSchema, PluginSchema};
    use super::*;
    use serde_json::json;

    #[test]
    fn each_instance_and_section_is_looked_at() {
        let schema = json!({"required": ["host", "port"], "properties": {"host": {"description": "Where."}}});
        let known = KnownPlugins {
            plugins: vec![PluginSchema {
                name: "tcp".into(),
                schema: schema.clone(),
                components: vec![],
            }],
            exporters: vec![ExporterSchema {
                name: "file".into(),
                plugin: "x".into(),
                schema,
            }],
            ..KnownPlugins::default()
        };
        let check = |document: Value, expected: &[&str]| {
            let found: Vec<_> = missing(&document, &known)
                .into_iter()
                .map(|f| f.pointer)
                .collect();
            assert_eq!(found, expected, "{document}");
        };
        check(json!({}), &[]);
        check(json!({"plugins": {"tcp": {"enabled": false}}}), &[]);
        check(
            json!({"plugins": {"tcp": null}}),
            &["/plugins/tcp", "/plugins/tcp"],
        );
        check(json!({"plugins": {"tcp": {"host": "a", "port": 1}}}), &[]);
        let instances = json!({"a": {"host": "x"}, "b": {}});
        check(
            json!({"plugins": {"tcp": {"port": 1, "instances": instances}}}),
            &["/plugins/tcp/instances/b"],
        );
        check(
            json!({"exporters": {"copy": {"use": "file", "port": 1}, "other": {}}}),
            &["/exporters/copy"],
        );
    }
}
