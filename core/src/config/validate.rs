//! Checking a document against a JSON Schema, with all that is wrong in the words of a user.

use jsonschema::{Draft, ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::explain;
use super::pointer;
use super::problem::Severity;
use super::suggest;
use super::values::FORMATS;
use super::walk::Node;

/// The most keys that are listed in a message.
const LISTED: usize = 12;

/// Something wrong with the value, or the key, at a pointer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    pub(super) pointer: String,
    /// Whether the key is wrong, and not its value.
    pub(super) on_key: bool,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
    pub(super) severity: Severity,
}

impl Finding {
    /// A wrong value.
    pub(super) fn value(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            on_key: false,
            message: message.into(),
            suggestion: None,
            severity: Severity::Error,
        }
    }
}

/// A schema that can be checked against.
pub(super) fn compile(schema: &Value) -> Result<jsonschema::Validator, String> {
    // Unknown formats are a plugin author's own business, so they are passed over.
    let mut options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true);
    for format in FORMATS {
        options = options.with_format(format.name, |text: &str| (format.check)(text).is_ok());
    }
    options
        .build(schema)
        .map_err(|error| error.masked().to_string())
}

/// Everything in `document` that the schema does not allow. A key without a value counts as not
/// set, whatever its type.
pub(super) fn validate(schema: &Value, document: &Value) -> Result<Vec<Finding>, String> {
    let validator = compile(schema)?;
    let root = Node::root(schema);
    let findings = validator
        .iter_errors(document)
        .flat_map(|error| {
            leaves(&error)
                .into_iter()
                .flat_map(|leaf| explained(leaf, root))
                .collect::<Vec<_>>()
        })
        .collect();
    Ok(findings)
}

/// Of a choice between forms, the errors of the one form that was meant, if that is clear.
fn leaves<'e>(error: &'e ValidationError<'e>) -> Vec<&'e ValidationError<'e>> {
    let (ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context }) =
        error.kind()
    else {
        return vec![error];
    };
    let another_kind = |branch: &&Vec<ValidationError<'_>>| {
        branch.iter().any(|inner| {
            inner.instance_path() == error.instance_path()
                && matches!(inner.kind().keyword(), "type" | "enum" | "const")
        })
    };
    let another_tag = |branch: &&Vec<ValidationError<'_>>| {
        branch.iter().any(|inner| inner.kind().keyword() == "const")
    };
    let mut meant: Vec<_> = context
        .iter()
        .filter(|branch| !another_kind(branch))
        .collect();
    if meant.len() > 1 {
        meant.retain(|branch| !another_tag(branch));
    }
    match meant.as_slice() {
        [branch] => branch.iter().flat_map(leaves).collect(),
        _ => vec![error],
    }
}

fn explained(error: &ValidationError<'_>, root: Node<'_>) -> Vec<Finding> {
    let at = error.instance_path().as_str();
    let value = error.instance();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|key| unknown_key(root, at, key))
            .collect(),
        _ if value.is_null() && !at.is_empty() => Vec::new(),
        ValidationErrorKind::Required { property } => {
            vec![Finding::value(
                at,
                format!("`{}` is missing", explain::plain(property)),
            )]
        }
        ValidationErrorKind::MinLength { limit: 1 } => {
            vec![Finding::value(at, "must not be empty")]
        }
        // The format decides; a pattern beside it is for editors.
        ValidationErrorKind::Pattern { .. }
            if root.find(at).and_then(explain::format_of).is_some() =>
        {
            Vec::new()
        }
        kind => {
            let key = pointer::segments(at).last().unwrap_or_default();
            let described = matches!(
                kind.keyword(),
                "type"
                    | "enum"
                    | "const"
                    | "format"
                    | "minimum"
                    | "maximum"
                    | "exclusiveMinimum"
                    | "exclusiveMaximum"
                    | "anyOf"
                    | "oneOf"
            );
            match root.find(at) {
                Some(node) if described => vec![Finding {
                    suggestion: explain::meant(node, value),
                    ..Finding::value(at, explain::mismatch(node, &key, value))
                }],
                // The crate's own words, which name the limit; the value is left out of them.
                _ => vec![Finding::value(at, error.masked().to_string())],
            }
        }
    }
}

/// A key that is not there in the schema, with the nearest one that is.
fn unknown_key(root: Node<'_>, parent: &str, key: &str) -> Finding {
    let section = root.find(parent);
    let known: Vec<&str> = section
        .map(Node::properties)
        .unwrap_or_default()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let noun = section
        .and_then(|section| section.keyword("x-noun"))
        .and_then(Value::as_str)
        .unwrap_or("key");
    let suggestion = suggest::nearest(key, known.iter().copied())
        .map(str::to_owned)
        .or_else(|| (noun == "key").then(|| elsewhere(root, key)).flatten());
    let message = match (&suggestion, known.as_slice()) {
        (Some(_), _) => format!("unknown {noun}"),
        (None, []) => format!("unknown {noun}; there is none here"),
        (None, known) => {
            let listed: Vec<String> = known
                .iter()
                .take(LISTED)
                .map(|key| format!("`{key}`"))
                .collect();
            let more = if known.len() > LISTED { ", …" } else { "" };
            format!("unknown {noun}; known are {}{more}", listed.join(", "))
        }
    };
    Finding {
        on_key: true,
        suggestion,
        ..Finding::value(pointer::join(parent, key), message)
    }
}

/// The place of a key of exactly this name in another section.
fn elsewhere(root: Node<'_>, key: &str) -> Option<String> {
    root.properties().into_iter().find_map(|(section, node)| {
        let inner = node.properties();
        inner
            .into_iter()
            .find_map(|(name, _)| (name == key).then(|| format!("{section}.{name}")))
    })
}
