//! The tables of `docs/configuration.md`, made from the schema.

use std::fmt::Write;

use serde_json::Value;

use super::explain;
use super::schema;
use super::walk::Node;

/// A table of keys for each section, as Markdown.
pub fn reference() -> String {
    let schema = schema::base();
    let mut text = String::new();
    let root = Node::root(&schema);
    let single: Vec<_> = root
        .properties()
        .into_iter()
        .filter(|(_, node)| !is_section(*node))
        .collect();
    for (key, node) in root
        .properties()
        .into_iter()
        .filter(|(_, node)| is_section(*node))
    {
        section(&mut text, key, node);
    }
    heading(&mut text, "Keys outside a section", "");
    rows(&mut text, &single);
    text
}

/// A section and those inside it.
fn section(text: &mut String, path: &str, node: Node<'_>) {
    let keys = node.properties();
    if !keys.is_empty() {
        heading(text, &format!("`{path}`"), description(node));
        rows(text, &keys);
    }
    for (key, inner) in keys.into_iter().filter(|(_, inner)| is_section(*inner)) {
        section(text, &format!("{path}.{key}"), inner);
    }
    if let Some(inner) = node.additional().filter(|inner| is_section(*inner)) {
        section(text, &format!("{path}.NAME"), inner);
    }
}

/// Writing to a `String` cannot fail, so the results are dropped here and below.
fn heading(text: &mut String, title: &str, description: &str) {
    let _ = write!(text, "### {title}\n\n");
    if !description.is_empty() {
        let _ = write!(text, "{description}\n\n");
    }
}

fn rows(text: &mut String, keys: &[(&str, Node<'_>)]) {
    text.push_str("| Key | Value | Default | Meaning |\n|---|---|---|---|\n");
    for (key, node) in keys {
        let default = match node.keyword("default") {
            None => String::new(),
            Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
            Some(value) => format!("`{}`", explain::plain(value)),
        };
        let value = cell(&explain::expected(*node));
        let _ = writeln!(
            text,
            "| `{key}` | {value} | {default} | {} |",
            cell(description(*node))
        );
    }
    text.push('\n');
}

fn description(node: Node<'_>) -> &str {
    node.keyword("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_section(node: Node<'_>) -> bool {
    node.types() == ["object"]
}
