//! The JSON Schema of the whole file.

use serde_json::{Map, Value, json};

use super::known::KnownPlugins;
use super::sections::Config;

/// The JSON Schema (2020-12) of the configuration file for editors, with the settings of all
/// known plugins and exporters.
pub fn schema(known: &KnownPlugins) -> Value {
    compose(known, &[])
}

/// The schema of everything but the plugins' own settings, which it leaves open.
pub(super) fn base() -> Value {
    let mut schema = schemars::schema_for!(Config).to_value();
    tidy(&mut schema);
    schema["title"] = "gaxx-mon".into();
    for (name, noun) in [
        ("Plugins", "plugin"),
        ("PluginSection", "setting"),
        ("ExporterSection", "setting"),
    ] {
        schema["$defs"][name]["x-noun"] = noun.into();
    }
    schema
}

/// The schema with the plugins' settings. `exporters` are the sections below `exporters`, each
/// with what it says it uses.
pub(super) fn compose(known: &KnownPlugins, exporters: &[(&str, Option<&str>)]) -> Value {
    let mut schema = base();
    let section = schema["$defs"]["PluginSection"].clone();
    let mut sections = Map::new();
    for plugin in &known.plugins {
        let mut own = section.clone();
        own["properties"]["components"] =
            named("component", &plugin.components, "ComponentSection");
        let (settings, instance) = embed(
            &mut schema,
            &format!("plugin.{}", plugin.name),
            &plugin.schema,
        );
        own["properties"]["instances"]["additionalProperties"] = instance;
        sections.insert(plugin.name.clone(), with_reserved(settings, &own));
    }
    for name in &known.failed {
        sections
            .entry(name.clone())
            .or_insert(json!({"$ref": "#/$defs/PluginSection"}));
    }
    let plugins = &mut schema["$defs"]["Plugins"];
    if let Some(properties) = plugins["properties"].as_object_mut() {
        properties.extend(sections);
    }
    plugins["additionalProperties"] = false.into();

    let mut section = schema["$defs"]["ExporterSection"].clone();
    let names: Vec<&str> = known
        .exporters
        .iter()
        .map(|exporter| exporter.name.as_str())
        .collect();
    if known.failed.is_empty() {
        section["properties"]["use"]["enum"] = names.into();
    }
    let mut sections = Map::new();
    let own = known
        .exporters
        .iter()
        .map(|exporter| (exporter.name.as_str(), None));
    for (key, used) in own.chain(exporters.iter().copied()) {
        let name = used.unwrap_or(key);
        let exporter = known
            .exporters
            .iter()
            .find(|exporter| exporter.name == name);
        if let Some(exporter) = exporter {
            let (settings, _) = embed(&mut schema, &format!("exporter.{key}"), &exporter.schema);
            sections.insert(key.to_owned(), with_reserved(settings, &section));
        } else if used.is_some() {
            // The key is right, and what it uses is not.
            sections.insert(key.to_owned(), section.clone());
        }
    }
    let exporters = &mut schema["properties"]["exporters"];
    exporters["properties"] = sections.into();
    exporters["x-noun"] = "exporter".into();
    // An unknown exporter may be one of a plugin that failed.
    if known.failed.is_empty() {
        exporters["additionalProperties"] = false.into();
    }
    if !known.checks.is_empty() && known.failed.is_empty() {
        schema["$defs"]["Health"]["properties"]["checks"] =
            named("check", &known.checks, "CheckSection");
    }
    schema
}

/// A map with a section for each of `names`, and no others.
fn named(noun: &str, names: &[String], section: &str) -> Value {
    let properties: Map<String, Value> = names
        .iter()
        .map(|name| (name.clone(), json!({"$ref": format!("#/$defs/{section}")})))
        .collect();
    json!({
        "type": "object",
        "x-noun": noun,
        "properties": properties,
        "additionalProperties": false,
    })
}

/// Puts the definitions of a plugin's schema among those of `schema`, under `name`, and gives the
/// schema of its settings and that of one instance.
///
/// What is required is left out of both: it may stand in the section or in each instance, which
/// [`super::required`] looks at.
fn embed(schema: &mut Value, name: &str, settings: &Value) -> (Value, Value) {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut settings = settings.clone();
    rename_references(&mut settings, &name);
    let mut body = match settings {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    for keyword in ["$defs", "definitions"] {
        if let (Some(Value::Object(own)), Some(all)) =
            (body.remove(keyword), schema["$defs"].as_object_mut())
        {
            all.extend(
                own.into_iter()
                    .map(|(key, value)| (format!("{name}.{key}"), value)),
            );
        }
    }
    for keyword in ["$schema", "$id", "title", "required"] {
        body.remove(keyword);
    }
    // Settings of no fields may describe themselves as `null`.
    body.insert("type".to_owned(), "object".into());
    body.insert("x-noun".to_owned(), "setting".into());
    let closed = ["additionalProperties", "unevaluatedProperties"];
    if !closed.iter().any(|keyword| body.contains_key(*keyword)) {
        let composed = ["$ref", "allOf", "anyOf", "oneOf"]
            .iter()
            .any(|keyword| body.contains_key(*keyword));
        let [plain, unevaluated] = closed;
        let keyword = if composed { unevaluated } else { plain };
        body.insert(keyword.to_owned(), false.into());
    }
    schema["$defs"][&name] = Value::Object(body.clone());
    (
        Value::Object(body),
        json!({"$ref": format!("#/$defs/{name}")}),
    )
}

/// The settings together with the keys that core reads itself.
fn with_reserved(mut settings: Value, section: &Value) -> Value {
    let mut properties = section["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    if let Some(own) = settings["properties"].as_object() {
        for (key, value) in own {
            properties
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
    }
    settings["properties"] = properties.into();
    settings
}

fn rename_references(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(inner) = ["#/$defs/", "#/definitions/"]
                            .iter()
                            .find_map(|at| target.strip_prefix(at))
                        {
                            *target = format!("#/$defs/{name}.{inner}");
                        } else if target == "#" {
                            *target = format!("#/$defs/{name}");
                        }
                    }
                    other => rename_references(other, name),
                }
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| rename_references(value, name)),
        _ => {}
    }
}

/// Takes out what schemars adds and nobody needs: defaults of whole sections, which repeat those
/// of their keys, and names of machine types, which are no formats.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.retain(|key, value| match key.as_str() {
                "default" => !(value.is_object() || value.is_array() || value.is_null()),
                "format" => !value.as_str().is_some_and(|name| name.starts_with("uint")),
                _ => true,
            });
            map.values_mut().for_each(tidy);
        }
        Value::Array(list) => list.iter_mut().for_each(tidy),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::known::{EXPORTER_KEYS, ExporterSchema, PLUGIN_KEYS, PluginSchema};
    use super::super::validate::validate;
    use super::*;

    fn known() -> KnownPlugins {
        let settings = json!({
            "$defs": {"Mode": {"enum": ["fast", "slow"]}},
            "properties": {"mode": {"$ref": "#/$defs/Mode"}, "next": {"$ref": "#"}},
            "required": ["mode"],
        });
        KnownPlugins {
            plugins: vec![PluginSchema {
                name: "probe".into(),
                schema: settings.clone(),
                components: vec!["a".into()],
            }],
            exporters: vec![ExporterSchema {
                name: "file".into(),
                plugin: "probe".into(),
                schema: settings,
            }],
            ..KnownPlugins::default()
        }
    }

    #[test]
    fn the_reserved_keys_are_those_of_the_sections() {
        let base = base();
        for (section, keys) in [
            ("PluginSection", PLUGIN_KEYS.as_slice()),
            ("ExporterSection", &EXPORTER_KEYS),
        ] {
            let properties = base["$defs"][section]["properties"].as_object().unwrap();
            assert!(properties.keys().eq(keys.iter()), "{section}");
        }
    }

    #[test]
    fn plugins_settings_are_part_of_it() {
        let schema = schema(&known());
        let wrong = |document: Value| -> Vec<String> {
            validate(&schema, &document)
                .unwrap()
                .into_iter()
                .map(|finding| finding.pointer)
                .collect()
        };
        assert!(wrong(json!({})).is_empty());
        assert!(
            wrong(json!({"plugins": {"probe": {"interval": "5s", "mode": "fast"}}})).is_empty()
        );
        let nested = json!({"plugins": {"probe": {"next": {"next": {"mode": "no"}}}}});
        assert_eq!(wrong(nested), ["/plugins/probe/next/next/mode"]);
        let instance =
            json!({"plugins": {"probe": {"instances": {"x": {"mode": 1, "interval": "1s"}}}}});
        assert_eq!(
            wrong(instance),
            [
                "/plugins/probe/instances/x/mode",
                "/plugins/probe/instances/x/interval"
            ]
        );
        assert_eq!(
            wrong(json!({"exporters": {"file": {"mde": 1}}})),
            ["/exporters/file/mde"]
        );
        assert_eq!(wrong(json!({"plugins": {"prob": {}}})), ["/plugins/prob"]);
    }

    #[test]
    fn plugins_that_failed_are_left_alone() {
        let known = KnownPlugins {
            failed: vec!["broken".into()],
            ..known()
        };
        let schema = schema(&known);
        let document = json!({"plugins": {"broken": {"x": 1}}, "exporters": {"other": {"y": 1}}});
        assert!(validate(&schema, &document).unwrap().is_empty());
    }
}
