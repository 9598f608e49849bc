//! The plugin as a whole: its components and their settings.

use std::{collections::BTreeMap, path::Path};

use gaxx_sdk::serde_json::Value;

/// Components and the schemas of their settings.
fn components() -> BTreeMap<String, Value> {
    let plugins = gaxx_sdk::linked();
    let manifest = plugins.first().expect("this crate is a plugin").manifest();
    assert_eq!(manifest.name, "system");
    let component = |component: &gaxx_sdk::abi::Component| {
        let schema = gaxx_sdk::serde_json::from_str(&component.settings).expect("a JSON schema");
        (component.name.to_string(), schema)
    };
    manifest.components.iter().map(component).collect()
}

#[test]
fn components_agree_on_the_settings_that_they_share() {
    let mut shared: BTreeMap<String, (String, Value)> = BTreeMap::new();
    for (component, schema) in components() {
        let properties = schema.get("properties").and_then(Value::as_object).cloned();
        for (key, own) in properties.unwrap_or_default() {
            let own = gaxx_sdk::json!([own, schema.get("$defs")]);
            let (first, other) = shared
                .entry(key.clone())
                .or_insert_with(|| (component.clone(), own.clone()));
            let name = own[0]["$ref"]
                .as_str()
                .and_then(|path| path.rsplit('/').next());
            let definition = |schema: &Value| name.map(|name| schema[1][name].clone());
            assert!(
                own[0] == other[0] && definition(&own) == definition(other),
                "{key} differs between {first} and {component}:\n{other}\n{own}"
            );
        }
    }
    for key in ["procfs", "sysfs", "rootfs", "filesystem"] {
        assert!(shared.contains_key(key), "{key}");
    }
}

#[test]
fn the_readme_names_all_components_and_settings() {
    let readme = include_str!("../README.md");
    for (component, schema) in components() {
        assert!(
            readme.contains(&format!("| `{component}` |")),
            "{component}"
        );
        let properties = schema.get("properties").and_then(Value::as_object).cloned();
        for (key, _) in properties.unwrap_or_default() {
            assert!(
                readme.contains(&format!("| `{key}")),
                "{key} of {component}"
            );
        }
    }
}

/// Metrics that bear the kernel's names of things, or a unit that `node_exporter` gave them.
const NAMED_BY_OTHERS: [&str; 6] = [
    "node_entropy_available_bits",
    "node_entropy_pool_size_bits",
    "node_memory_*",
    "node_netstat_*",
    "node_sockstat_*",
    "node_vmstat_*",
];

#[test]
fn it_complies() {
    let examination = gaxx_sdk::testing::comply("system");
    examination.except(&NAMED_BY_OTHERS).assert();
}

/// On the files of a machine that has everything, where this one has little.
#[test]
fn it_complies_on_a_server() {
    let mut examination = gaxx_sdk::testing::comply("system").except(&NAMED_BY_OTHERS);
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/server");
    for (component, schema) in components() {
        let mut roots = gaxx_sdk::json!({
            "procfs": server.join("proc"),
            "sysfs": server.join("sys"),
            "rootfs": server.join("root"),
        });
        if let Some(roots) = roots.as_object_mut() {
            roots.retain(|key, _| schema["properties"].get(key).is_some());
        }
        examination = examination.settings(&component, roots);
    }
    examination.assert();
}
