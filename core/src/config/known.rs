//! What the loaded plugins say of themselves, as far as the configuration needs it.

use serde_json::Value;

/// Keys of a plugin's section that core reads itself. A plugin must not have settings of these
/// names.
pub const PLUGIN_KEYS: [&str; 10] = [
    "enabled",
    "isolation",
    "process",
    "min_version",
    "interval",
    "deadline",
    "max_series",
    "keep_values",
    "components",
    "instances",
];

/// Keys of an exporter's section that core reads itself. An exporter must not have settings of
/// these names.
pub const EXPORTER_KEYS: [&str; 8] = [
    "use", "enabled", "interval", "deadline", "queue", "spool", "relabel", "labels",
];

/// Keys outside their section that exporters may claim.
pub const CLAIMABLE_KEYS: [&str; 1] = ["telemetry.otlp_endpoint"];

/// All that is known once plugins are loaded. The default knows none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownPlugins {
    /// Each plugin that is there.
    pub plugins: Vec<PluginSchema>,
    /// Each exporter that a plugin brings.
    pub exporters: Vec<ExporterSchema>,
    /// Keys that exporters claim.
    pub claims: Vec<Claim>,
    /// The names of all health checks; if there are none the names in `health.checks` are not
    /// checked.
    pub checks: Vec<String>,
    /// Plugins that are there and could not be loaded. Their sections are not checked.
    pub failed: Vec<String>,
}

/// One plugin's name and settings.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginSchema {
    /// The plugin's name.
    pub name: String,
    /// The JSON Schema (2020-12) of its settings: an object's.
    pub schema: Value,
    /// The names of its components.
    pub components: Vec<String>,
}

/// One exporter's name and settings.
#[derive(Clone, Debug, PartialEq)]
pub struct ExporterSchema {
    /// The exporter's name.
    pub name: String,
    /// The plugin that brings it.
    pub plugin: String,
    /// The JSON Schema (2020-12) of its settings: an object's.
    pub schema: Value,
}

/// A key that turns an exporter on: if it is set, the exporter runs with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The key, one of [`CLAIMABLE_KEYS`].
    pub key: String,
    /// The exporter that runs.
    pub exporter: String,
    /// The exporter's setting that gets the value.
    pub setting: String,
}

/// Why a plugin's own schema of its settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsSchemaError {
    /// Not a JSON Schema.
    #[error("the schema of the settings cannot be used: {0}")]
    Invalid(String),
    /// A setting has the name of a key that core reads.
    #[error("the setting `{0}` has the name of a key that the core reads itself; rename it")]
    Reserved(String),
}

/// Whether a plugin's schema (`reserved` is [`PLUGIN_KEYS`] or [`EXPORTER_KEYS`]) can be used.
/// A loader asks this first, so that a plugin with a broken schema is refused by itself.
pub fn check_settings_schema(schema: &Value, reserved: &[&str]) -> Result<(), SettingsSchemaError> {
    super::validate::compile(schema).map_err(SettingsSchemaError::Invalid)?;
    let taken = super::walk::Node::root(schema)
        .properties()
        .into_iter()
        .find(|(name, _)| reserved.contains(name));
    match taken {
        Some((name, _)) => Err(SettingsSchemaError::Reserved(name.to_owned())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn broken_schemas_are_told() {
        let check = |schema: Value| check_settings_schema(&schema, &PLUGIN_KEYS);
        assert_eq!(
            check(json!({"properties": {"path": {"type": "string"}}})),
            Ok(())
        );
        assert_eq!(
            check(json!({"properties": {"interval": {}}})),
            Err(SettingsSchemaError::Reserved("interval".into()))
        );
        assert!(matches!(
            check(json!({"type": 5})),
            Err(SettingsSchemaError::Invalid(_))
        ));
        let remote = json!({"$ref": "http://127.0.0.1:9/schema"});
        assert!(matches!(
            check(remote),
            Err(SettingsSchemaError::Invalid(_))
        ));
    }
}
