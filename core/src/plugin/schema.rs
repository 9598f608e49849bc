//! The settings that plugins understand.

use std::collections::BTreeMap;

use gaxx_abi::{Manifest, manifest};
use serde_json::{Map, Value, json};

use super::{Discovery, Kind};
use crate::{
    config::{
        Claim, Config, EXPORTER_KEYS, ExporterSchema, KnownPlugins, PLUGIN_KEYS, PluginSchema,
        PluginSection, SettingsSchemaError, check_settings_schema,
    },
    export::{self, Takes},
    health,
    registry::Owner,
    role::Role,
};

/// Where the definitions of a schema are.
const DEFINITIONS: &str = "#/$defs/";

/// What the configuration may say about the plugins that were found. `config` is what is read of
/// it so far: it names the instances.
pub fn known(found: &Discovery, config: &Config) -> KnownPlugins {
    let mut known = KnownPlugins::default();
    for candidate in &found.candidates {
        let manifest = &candidate.manifest;
        let section = config.plugins.section(&manifest.name);
        let (mut components, mut own) = (Vec::new(), Vec::new());
        for component in &manifest.components {
            let schema = parse(component);
            match Kind::from_number(component.kind) {
                Some(Kind::Exporter) => known.exporters.push(ExporterSchema {
                    name: component.name.to_string(),
                    plugin: manifest.name.to_string(),
                    schema,
                }),
                Some(kind) => {
                    own.push(schema);
                    if kind == Kind::HealthCheck {
                        known
                            .checks
                            .extend(checks(&manifest.name, component, &section));
                    }
                }
                None => continue,
            }
            components.push(component.name.to_string());
        }
        known.plugins.push(PluginSchema {
            name: manifest.name.to_string(),
            schema: union(&own),
            components,
        });
        let claims = manifest
            .attributes
            .iter()
            .filter(|attribute| attribute.name == "claim");
        known
            .claims
            .extend(claims.filter_map(|attribute| claim(&attribute.value)));
    }
    known.checks.extend(health::OWN_CHECKS.map(str::to_owned));
    let exporters = config.exporters.keys();
    known
        .checks
        .extend(exporters.map(|name| format!("{}{name}", export::CHECKS)));
    known.failed = found
        .failed
        .iter()
        .map(|failed| failed.name.clone())
        .collect();
    known
}

/// The names of a check: one for each instance, or the only one.
fn checks(plugin: &str, component: &manifest::Component, section: &PluginSection) -> Vec<String> {
    let mut owner = Owner::new(plugin, component.name.as_str());
    let instances = section.instances().into_iter();
    let asked = instances.filter(|(_, settings)| is_asked_for(settings.reveal(), component));
    let named = asked.map(|(instance, _)| {
        instance.unwrap_or_default().clone_into(&mut owner.instance);
        health::check_name(&owner)
    });
    named.collect()
}

/// Why a plugin cannot be configured, if a schema of its settings is unusable.
pub(super) fn unusable(manifest: &Manifest) -> Option<SettingsSchemaError> {
    manifest.components.iter().find_map(|component| {
        let reserved: &[&str] = match Kind::from_number(component.kind)? {
            Kind::Exporter => &EXPORTER_KEYS,
            _ => &PLUGIN_KEYS,
        };
        check_settings_schema(&parse(component), reserved).err()
    })
}

/// The settings that one component understands, of all that its section has.
///
/// The section of a plugin is the union of what its components understand.
pub(super) fn pick(section: &Map<String, Value>, component: &manifest::Component) -> String {
    let schema = parse(component);
    let understood = schema.get("properties").and_then(Value::as_object);
    let own: Map<String, Value> = section
        .iter()
        .filter(|(key, _)| understood.is_some_and(|keys| keys.contains_key(*key)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(own).to_string()
}

/// Whether the settings have the key that the component waits for, if it waits for one.
pub(super) fn is_asked_for(section: &Map<String, Value>, component: &manifest::Component) -> bool {
    let keys = component
        .attributes
        .iter()
        .filter(|attribute| attribute.name == "asked-by");
    keys.map(|attribute| attribute.value.as_str())
        .all(|key| section.get(key).is_some_and(|value| !value.is_null()))
}

/// What an exporter is given.
pub(super) fn takes(component: &manifest::Component) -> Takes {
    let mut attributes = component.attributes.iter();
    if attributes.any(|attribute| attribute.name == "takes" && attribute.value == "health") {
        Takes::Health
    } else {
        Takes::Measurements
    }
}

/// Whether the component is made where the program is run as this.
pub(super) fn is_for(role: Role, component: &manifest::Component) -> bool {
    let mut roles = component
        .attributes
        .iter()
        .filter(|attribute| attribute.name == "role")
        .peekable();
    roles.peek().is_none() || roles.any(|attribute| attribute.value == role.label())
}

/// The loader has checked that it is an object.
fn parse(component: &manifest::Component) -> Value {
    serde_json::from_str(&component.settings).unwrap_or_else(|_| json!({ "type": "object" }))
}

/// Each schema, with other names for definitions that mean something else in one before it: two
/// components may call their own types alike.
fn told_apart(schemas: &[Value]) -> Vec<Value> {
    let mut known: Map<String, Value> = Map::new();
    let mut apart = Vec::new();
    for (number, schema) in schemas.iter().enumerate() {
        let own = schema.get("$defs").and_then(Value::as_object);
        let own = own.cloned().unwrap_or_default();
        let mut both = own
            .iter()
            .filter_map(|(name, it)| Some((it, known.get(name)?)));
        let clash = both.any(|(one, other)| one != other);
        // All of them then: those that are alike may refer to those that are not.
        let renamed: BTreeMap<&str, String> = own
            .keys()
            .filter(|_| clash)
            .map(|name| (name.as_str(), format!("{name}.{number}")))
            .collect();
        let mut schema = schema.clone();
        rename(&mut schema, &renamed);
        if let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
            for (name, new) in &renamed {
                let definition = definitions.remove(*name);
                definitions.extend(definition.map(|definition| (new.clone(), definition)));
            }
            known.extend(definitions.clone());
        }
        apart.push(schema);
    }
    apart
}

/// Gives references to definitions their new names.
fn rename(schema: &mut Value, renamed: &BTreeMap<&str, String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(DEFINITIONS)
                && let Some(new) = renamed.get(name)
            {
                *reference = format!("{DEFINITIONS}{new}");
            }
            object.values_mut().for_each(|part| rename(part, renamed));
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| rename(part, renamed)),
        _ => {}
    }
}

/// The schema of a section that several components read.
fn union(schemas: &[Value]) -> Value {
    let schemas = &told_apart(schemas);
    let mut whole = Map::new();
    for part in ["properties", "$defs"] {
        let entries = schemas
            .iter()
            .filter_map(|schema| schema.get(part)?.as_object());
        let merged: Map<String, Value> = entries
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !merged.is_empty() {
            whole.insert(part.to_owned(), Value::Object(merged));
        }
    }
    let mut required: Vec<Value> = Vec::new();
    for key in schemas
        .iter()
        .filter_map(|schema| schema.get("required")?.as_array())
        .flatten()
    {
        if !required.contains(key) {
            required.push(key.clone());
        }
    }
    whole.insert("type".to_owned(), json!("object"));
    whole.insert("required".to_owned(), Value::Array(required));
    whole.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(whole)
}

/// Reads `telemetry.otlp_endpoint=otlp.endpoint`.
fn claim(text: &str) -> Option<Claim> {
    let (key, target) = text.split_once('=')?;
    let (exporter, setting) = target.split_once('.')?;
    Some(Claim {
        key: key.to_owned(),
        exporter: exporter.to_owned(),
        setting: setting.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_abi::{Attribute, abi_std::RVec};

    use super::*;

    fn component(schema: &Value) -> manifest::Component {
        manifest::Component {
            kind: 0,
            name: "a".into(),
            description: "".into(),
            settings: schema.to_string().into(),
            interval: 0,
            routes: RVec::new(),
            attributes: RVec::new(),
        }
    }

    #[test]
    fn a_component_is_given_what_it_understands() {
        let component = component(&json!({ "properties": { "procfs": {}, "cpu": {} } }));
        let section = json!({ "procfs": "/proc", "disk": 1 });
        assert_eq!(
            pick(section.as_object().unwrap(), &component),
            r#"{"procfs":"/proc"}"#
        );
    }

    #[test]
    fn a_component_may_wait_for_a_key() {
        let mut component = component(&json!({}));
        let asked =
            |component: &_, section: Value| is_asked_for(section.as_object().unwrap(), component);
        assert!(asked(&component, json!({})));
        let (name, value) = ("asked-by".into(), "run".into());
        component.attributes.push(Attribute { name, value });
        assert!(asked(&component, json!({ "run": {} })));
        assert!(!asked(&component, json!({ "run": null, "other": 1 })));
    }

    #[test]
    fn a_section_is_the_union_of_its_components() {
        let one = json!({ "properties": { "a": { "type": "string" } }, "required": ["a"] });
        let other = json!({ "properties": { "b": {} }, "required": ["a"], "$defs": { "T": {} } });
        let whole = union(&[one, other]);
        assert_eq!(whole["properties"].as_object().unwrap().len(), 2);
        assert_eq!(whole["required"], json!(["a"]));
        assert!(whole["$defs"]["T"].is_object());
        assert_eq!(whole["additionalProperties"], json!(false));
    }

    #[test]
    fn a_claim_names_key_exporter_and_setting() {
        let read = claim("telemetry.otlp_endpoint=otlp.endpoint").unwrap();
        assert_eq!(
            (read.exporter.as_str(), read.setting.as_str()),
            ("otlp", "endpoint")
        );
        assert!(claim("nonsense").is_none());
    }

    #[test]
    fn types_of_one_name_stay_those_of_their_component() {
        let of = |key: &str, kind: &str| {
            json!({
                "properties": { key: { "anyOf": [{ "$ref": "#/$defs/T" }, { "type": "null" }] } },
                "$defs": { "T": { "properties": { "x": { "$ref": "#/$defs/U" } } }, "U": { "type": kind } },
            })
        };
        let whole = union(&[of("a", "string"), of("b", "number"), of("c", "string")]);
        let kind = |key: &str| {
            let get = |reference: &Value| {
                let name = reference
                    .as_str()
                    .unwrap()
                    .strip_prefix(DEFINITIONS)
                    .unwrap();
                whole["$defs"][name].clone()
            };
            let own = get(&whole["properties"][key]["anyOf"][0]["$ref"]);
            get(&own["properties"]["x"]["$ref"])["type"].clone()
        };
        assert_eq!(
            [kind("a"), kind("b"), kind("c")],
            ["string", "number", "string"]
        );
    }
}
