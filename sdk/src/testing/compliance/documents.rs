//! What a plugin says of itself.

use std::collections::HashSet;

use gaxx_abi::{Manifest, manifest::kind};
use serde_json::Value;

use crate::testing::naming::is_sentence;

const NAME: &str = "its name is not made of lower-case words joined by dashes";
const SENTENCE: &str =
    "its description is no sentence: a capital or a digit first, a full stop last";

/// What is wrong with a manifest.
pub(super) fn of_manifest(manifest: &Manifest) -> Vec<String> {
    let mut findings = Vec::new();
    let mut find = |what: &str, is_right: bool, wrong: &str| {
        if !is_right {
            findings.push(format!("{what}: {wrong}"));
        }
    };
    let plugin = manifest.name.as_str();
    find(plugin, is_name(plugin), NAME);
    find(plugin, is_sentence(&manifest.description), SENTENCE);
    find(plugin, !manifest.version.is_empty(), "it has no version");
    find(
        plugin,
        !manifest.components.is_empty(),
        "it has no components",
    );
    let mut names = HashSet::new();
    for component in &manifest.components {
        let name = component.name.as_str();
        let what = format!("{plugin}/{name}");
        find(&what, is_name(name), NAME);
        find(&what, names.insert(name), "another component has its name");
        find(&what, is_sentence(&component.description), SENTENCE);
        find(
            &what,
            component.kind <= kind::ENDPOINT,
            "its kind is unknown",
        );
        let (is_endpoint, routes) = (component.kind == kind::ENDPOINT, &component.routes);
        find(
            &what,
            is_endpoint != routes.is_empty(),
            "endpoints have routes, others none",
        );
        for route in routes {
            find(&what, route.path.starts_with('/'), "a path is not absolute");
        }
    }
    findings
}

/// What is wrong with the schema of settings, sections within it included.
pub(super) fn of_settings(schema: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let definitions = schema["$defs"].as_object().into_iter().flatten();
    let sections = definitions.filter(|(_, it)| it["properties"].is_object());
    for (name, section) in [(&String::new(), schema)].into_iter().chain(sections) {
        let before = if name.is_empty() {
            String::new()
        } else {
            format!("{name}.")
        };
        if section["additionalProperties"] != false {
            findings.push(format!("settings {name}: unknown keys are not refused"));
        }
        for (key, setting) in section["properties"].as_object().into_iter().flatten() {
            let mut find = |text| findings.push(format!("setting {before}{key} {text}"));
            // A doc comment has lines.
            let description = setting["description"].as_str().unwrap_or_default();
            if !is_sentence(&description.replace('\n', " ")) {
                find("has no description that is a sentence: write a doc comment");
            }
            let required = section["required"].as_array().into_iter().flatten();
            let has_default = setting.get("default").is_some();
            if !has_default && !required.into_iter().any(|it| it == key) && !may_be_null(setting) {
                find("has no default, need not be given and may not be left out");
            }
        }
    }
    findings
}

fn may_be_null(setting: &Value) -> bool {
    let choices = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|key| setting[key].as_array());
    let kind = &setting["type"];
    let kinds = kind.as_array().into_iter().flatten();
    kind == "null" || kinds.into_iter().any(|it| it == "null") || choices.flatten().any(may_be_null)
}

/// As gaxx-mon wants names: lower-case words joined by dashes, a letter first, at most 64 bytes.
fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(plain))
}
