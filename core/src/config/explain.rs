//! What a setting should be and what it is, in words.

use serde_json::Value;

use super::suggest;
use super::values::{FORMATS, Format};
use super::walk::Node;

/// The longest piece of a value that a message repeats, in characters.
const SHOWN: usize = 60;

/// What is expected where `node` is the schema.
pub(super) fn expected(node: Node<'_>) -> String {
    if let Some(choices) = node.choices() {
        let choices: Vec<String> = choices
            .into_iter()
            .map(|value| format!("`{}`", plain(value)))
            .collect();
        return match choices.as_slice() {
            [only] => only.clone(),
            _ => format!("one of {}", choices.join(", ")),
        };
    }
    let format = format_of(node);
    let kinds: Vec<String> = node
        .types()
        .into_iter()
        .map(|name| match (name, format) {
            ("string", Some(format)) => format.expected.to_owned(),
            ("string", None) => "text".to_owned(),
            ("boolean", _) => "`true` or `false`".to_owned(),
            (
                "integer",
                Some(Format {
                    name: "gaxx-size", ..
                }),
            ) => "a number of bytes".to_owned(),
            (
                "number",
                Some(Format {
                    name: "gaxx-interval",
                    ..
                }),
            ) => {
                format!("a number of seconds{}", range(node))
            }
            ("integer", Some(_)) => "a whole number".to_owned(),
            ("integer", None) => format!("a whole number{}", range(node)),
            ("number", _) => format!("a number{}", range(node)),
            ("array", _) => match node.child("0") {
                Some(item) => format!("a list, each entry {}", expected(item)),
                None => "a list".to_owned(),
            },
            ("object", _) => "a section with keys of its own".to_owned(),
            (other, _) => other.to_owned(),
        })
        .collect();
    if kinds.is_empty() {
        "another value".to_owned()
    } else {
        kinds.join(", or ")
    }
}

fn range(node: Node<'_>) -> String {
    let bound = |name| node.keyword(name).filter(|value| value.is_number());
    match (
        bound("minimum"),
        bound("maximum"),
        bound("exclusiveMinimum"),
    ) {
        (Some(low), Some(high), _) => format!(" from {low} to {high}"),
        (Some(low), None, _) => format!(" of at least {low}"),
        (None, Some(high), None) => format!(" of at most {high}"),
        (None, Some(high), Some(low)) => format!(" above {low}, at most {high}"),
        (None, None, Some(low)) => format!(" above {low}"),
        (None, None, None) => String::new(),
    }
}

/// The format of ours that `node` has.
pub(super) fn format_of(node: Node<'_>) -> Option<&'static Format> {
    let name = node.keyword("format")?.as_str()?;
    FORMATS.iter().find(|format| format.name == name)
}

/// Why `value` is not what `node` says, with an example. Says nothing of a secret's value.
pub(super) fn mismatch(node: Node<'_>, key: &str, value: &Value) -> String {
    let expected = expected(node);
    if node.is_secret() {
        return format!("expected {expected}, found something else (not shown)");
    }
    let mut message = format!("expected {expected}, found {}", found(value));
    let reason = format_of(node)
        .zip(value.as_str())
        .and_then(|(format, text)| (format.check)(text).err());
    if let Some(reason) = reason {
        message = format!("{message} ({reason})");
    } else if let Some(example) = example(node, key) {
        message = format!("{message}; for example `{example}`");
    }
    message
}

/// A line as it could stand in the file, from the default or the examples of the schema.
fn example(node: Node<'_>, key: &str) -> Option<String> {
    let examples = node
        .keyword("examples")
        .and_then(|examples| examples.get(0));
    [node.keyword("default"), examples]
        .into_iter()
        .flatten()
        .find(|value| {
            value.is_boolean()
                || value.is_number()
                || value.as_str().is_some_and(|text| !text.is_empty())
        })
        .map(|value| format!("{key}: {}", plain(value)))
}

/// What is probably meant by `value`, if it is text near to something allowed.
pub(super) fn meant(node: Node<'_>, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    if node.is_secret() {
        return None;
    }
    if node.types() == ["boolean"] {
        return match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("true".to_owned()),
            "no" | "off" | "n" | "false" => Some("false".to_owned()),
            _ => None,
        };
    }
    let listed = node
        .keyword("examples")
        .and_then(Value::as_array)
        .map(|all| all.iter().collect());
    let choices: Vec<&Value> = node.choices().or(listed)?;
    suggest::nearest(text, choices.into_iter().filter_map(Value::as_str)).map(str::to_owned)
}

/// A value as YAML writes it on one line.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text),
        other => shortened(&other.to_string()),
    }
}

fn found(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", shortened(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a section with keys".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(escaped).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters must not reach a terminal.
fn escaped(c: char) -> impl Iterator<Item = char> {
    let control = c.is_control();
    control
        .then(|| c.escape_debug())
        .into_iter()
        .flatten()
        .chain((!control).then_some(c))
}
