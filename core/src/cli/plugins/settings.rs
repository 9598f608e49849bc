//! `plugins inspect --settings`: what the components of a library may be told, as it says itself.

use std::process::ExitCode;

use gaxx_abi::manifest;
use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::load::{launcher, refuse},
    config::Config,
    loader::Inspected,
    monitor::Source,
    plugin::Kind,
};

/// A component as its plugin describes it.
#[derive(Serialize)]
pub(super) struct ComponentRow {
    name: String,
    kind: &'static str,
    description: String,
    /// JSON Schema.
    settings: Value,
    /// The paths of an endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<String>,
}

/// The components of a library, which a process that is thrown away loads to say so.
pub(super) fn components(
    library: &Inspected,
    source: &Source,
    config: &Config,
) -> Result<Vec<ComponentRow>, ExitCode> {
    let launcher = launcher(source, config)?;
    let described = launcher.describe(library, &config.plugins);
    launcher.loader().remove_copies();
    let manifest =
        described.map_err(|failed| refuse(&format!("{}; {}", failed.error, failed.remedy)))?;
    Ok(manifest.components.iter().map(ComponentRow::of).collect())
}

impl ComponentRow {
    fn of(component: &manifest::Component) -> Self {
        let kind = Kind::from_number(component.kind).map_or("unknown", Kind::label);
        let routes = component.routes.iter();
        Self {
            name: component.name.to_string(),
            kind,
            description: component.description.to_string(),
            // The loader has checked that it is an object.
            settings: serde_json::from_str(&component.settings).unwrap_or_default(),
            routes: routes
                .map(|route| format!("{} {}", route.method, route.path))
                .collect(),
        }
    }

    /// The lines of a table: the component, then its routes and settings.
    pub(super) fn lines(&self) -> Vec<Vec<String>> {
        let line = |name: &str, what: String| vec![String::new(), name.to_owned(), what];
        let mut lines = vec![line(
            self.kind,
            format!("{}: {}", self.name, self.description),
        )];
        let routes = self.routes.iter();
        lines.extend(routes.map(|route| line("", format!("  {route}"))));
        let properties = self.settings.get("properties").and_then(Value::as_object);
        for (name, schema) in properties.into_iter().flatten() {
            let text = |key| schema.get(key).and_then(Value::as_str).unwrap_or_default();
            let default = match schema.get("default") {
                Some(default) => format!(" [default: {default}]"),
                None => String::new(),
            };
            let said = format!("  {name}: {}{default}", text("description"));
            lines.push(line("", said));
        }
        lines
    }
}
