//! The configuration as it may be shown.

use serde_json::{Map, Value};

use super::known::KnownPlugins;
use super::sections::Config;
use super::values::{MASK, Settings};
use super::walk::Node;

impl Config {
    /// The configuration in effect, without secrets: a plugin's settings are shown as far as its
    /// schema lists them and does not mark them `writeOnly`.
    pub fn shown(&self, known: &KnownPlugins) -> Value {
        // Every part of a configuration is a map with text keys, which JSON can always hold.
        let mut shown = serde_json::to_value(self).unwrap_or_default();
        for plugin in &known.plugins {
            let Some(section) = self.plugins.sections.get(&plugin.name) else {
                continue;
            };
            let own = &mut shown["plugins"][&plugin.name];
            reveal(own, &section.settings, &plugin.schema);
            for (name, instance) in &section.instances {
                reveal(&mut own["instances"][name], instance, &plugin.schema);
            }
        }
        for (key, section) in &self.exporters {
            let name = section.exporter.as_ref().unwrap_or(key);
            if let Some(exporter) = known
                .exporters
                .iter()
                .find(|exporter| exporter.name == *name)
            {
                reveal(
                    &mut shown["exporters"][key],
                    &section.settings,
                    &exporter.schema,
                );
            }
        }
        shown
    }
}

fn reveal(shown: &mut Value, settings: &Settings, schema: &Value) {
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(masked_map(Node::root(schema), settings.reveal()));
    }
}

fn masked_map(node: Node<'_>, map: &Map<String, Value>) -> Map<String, Value> {
    let listed = node.properties();
    map.iter()
        .map(|(key, value)| {
            let child = listed
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, child)| *child);
            let child = child.or_else(|| node.additional());
            (
                key.clone(),
                child.map_or_else(|| MASK.into(), |child| masked(child, value)),
            )
        })
        .collect()
}

fn masked(node: Node<'_>, value: &Value) -> Value {
    match value {
        _ if node.is_secret() => MASK.into(),
        Value::Object(map) => masked_map(node, map).into(),
        Value::Array(list) => list
            .iter()
            .map(|entry| {
                node.child("0")
                    .map_or_else(|| MASK.into(), |child| masked(child, entry))
            })
            .collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::known::PluginSchema;
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_and_the_rest_is_shown() {
        let config: Config = serde_yaml::from_str(
            "telemetry: {otlp_endpoint: 'https://me:pw1@host/v1'}\n\
             plugins: {probe: {port: 1, token: pw2, odd: pw3, nested: {list: [{token: pw4, port: 2}]}, \
                       instances: {a: {token: pw5, port: 3}}}, unknown: {x: pw6}}",
        )
        .unwrap();
        let leaf =
            json!({"token": {"type": "string", "writeOnly": true}, "port": {"type": "integer"}});
        let mut properties = leaf.clone();
        properties["nested"] = json!({"properties": {"list": {"items": {"properties": leaf}}}});
        let known = KnownPlugins {
            plugins: vec![PluginSchema {
                name: "probe".into(),
                schema: json!({"properties": properties}),
                components: vec![],
            }],
            ..KnownPlugins::default()
        };
        let shown = config.shown(&known);
        assert_eq!(shown["plugins"]["probe"]["port"], 1);
        assert_eq!(
            shown["plugins"]["probe"]["nested"]["list"][0],
            json!({"token": MASK, "port": 2})
        );
        assert_eq!(
            shown["plugins"]["probe"]["instances"]["a"],
            json!({"token": MASK, "port": 3})
        );
        assert_eq!(
            shown["telemetry"]["otlp_endpoint"],
            "https://<secret>@host/v1"
        );
        assert!(!shown.to_string().contains("pw"), "{shown}");
        assert!(!format!("{config:?}").contains("pw"), "{config:?}");
    }
}
