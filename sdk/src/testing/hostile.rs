//! Settings that nobody should write.

use serde_json::{Map, Value, json};

use crate::{Component, settings};

/// How long a text is that no setting expects, in bytes.
const HUGE: usize = 1 << 20;

/// Settings with one fault.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// The setting that is wrong, such as `retry.times`.
    pub setting: String,
    /// What is wrong with it.
    pub fault: &'static str,
    /// All settings, the wrong one among them.
    pub settings: Value,
    /// Whether the schema forbids it, so that an error must name the setting. Otherwise it may
    /// pass.
    pub forbidden: bool,
}

/// For each setting of a component values of the wrong type, null, huge texts, negative and extreme
/// numbers, durations that no clock holds, and a key that it does not know.
///
/// `valid` are settings that work, whole. Sections within the section are gone through as well;
/// what stands in lists and maps is not.
///
/// ```
/// # use gaxx_sdk::{json, prelude::*, testing::{collector, hostile_settings}};
/// # #[settings]
/// # struct Settings { #[default(1)] times: u32 }
/// # struct Load;
/// # impl Component for Load {
/// #     type Settings = Settings;
/// #     fn new(_: Settings, _: &Context) -> Result<Self> { Ok(Self) }
/// # }
/// # impl Collector for Load { fn collect(&mut self, _: Deadline) -> Result<()> { Ok(()) } }
/// for hostile in hostile_settings::<Load>(&json!({ "times": 3 })) {
///     match collector::<Load>(hostile.settings) {
///         Ok(_) => assert!(!hostile.forbidden, "{} {}", hostile.setting, hostile.fault),
///         Err(error) => assert_ne!(error.kind(), gaxx_sdk::ErrorKind::Panic, "{error}"),
///     }
/// }
/// ```
pub fn hostile_settings<T: Component>(valid: &Value) -> Vec<Hostile> {
    let schema = settings::schema::<T::Settings>();
    of_schema(&serde_json::from_str(&schema).unwrap_or_default(), valid)
}

/// The same for a schema.
pub(super) fn of_schema(schema: &Value, valid: &Value) -> Vec<Hostile> {
    let mut found = Vec::new();
    section(schema, schema, valid, &mut Vec::new(), &mut found);
    found
}

/// Goes through the keys of a section. `path` leads to it.
fn section(
    root: &Value,
    schema: &Value,
    valid: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<Hostile>,
) {
    if schema["additionalProperties"] == false {
        path.push("no_such_setting".to_owned());
        found.push(hostile(valid, path, "is not known", json!(1), true));
        path.pop();
    }
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        path.push(key.clone());
        let kinds = Kinds::of(root, schema);
        for (fault, value) in values(&kinds) {
            let forbidden = !kinds.allow(&value);
            found.push(hostile(valid, path, fault, value, forbidden));
        }
        // Of a section that lacks what it needs the error would tell that.
        let given = path.iter().fold(valid, |value, key| &value[key.as_str()]);
        let is_whole = |inner: &&Value| given.is_object() || inner["required"].is_null();
        if let Some(inner) = kinds.section.filter(is_whole) {
            section(root, inner, valid, path, found);
        }
        path.pop();
    }
}

fn hostile(
    valid: &Value,
    path: &[String],
    fault: &'static str,
    value: Value,
    forbidden: bool,
) -> Hostile {
    let mut settings = valid.clone();
    let mut place = &mut settings;
    for key in path {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[key.as_str()];
    }
    *place = value;
    Hostile {
        setting: path.join("."),
        fault,
        settings,
        forbidden,
    }
}

/// What the schema of a setting allows.
#[derive(Default)]
struct Kinds<'a> {
    /// Types of JSON.
    types: Vec<&'a str>,
    /// Where only certain words are allowed.
    words: bool,
    duration: bool,
    /// The schema of a section.
    section: Option<&'a Value>,
    /// The schema says nothing that is understood here.
    anything: bool,
}

impl<'a> Kinds<'a> {
    fn of(root: &'a Value, schema: &'a Value) -> Self {
        let mut kinds = Self::default();
        kinds.add(root, schema, 0);
        kinds
    }

    fn add(&mut self, root: &'a Value, schema: &'a Value, depth: usize) {
        // A type that holds itself has no end.
        const DEEPEST: usize = 8;
        let reference = schema["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix('#'));
        let choices = ["anyOf", "oneOf", "allOf"].map(|key| schema[key].as_array());
        let kind = &schema["type"];
        let kinds = kind.as_array().map(Vec::as_slice);
        let kinds = kinds.unwrap_or(std::slice::from_ref(kind)).iter();
        if depth > DEEPEST {
            self.anything = true;
        } else if let Some(meant) = reference.and_then(|path| root.pointer(path)) {
            self.add(root, meant, depth + 1);
        } else if choices.iter().any(Option::is_some) {
            for choice in choices.into_iter().flatten().flatten() {
                self.add(root, choice, depth + 1);
            }
        } else if kind.is_null() && schema["const"].is_null() {
            self.anything = true;
        } else {
            self.types.extend(kinds.filter_map(Value::as_str));
            self.words |= schema["enum"].is_array() || !schema["const"].is_null();
            self.duration |= schema["format"] == "gaxx-duration";
            if schema["properties"].is_object() {
                self.section = Some(schema);
            }
        }
    }

    fn allow(&self, value: &Value) -> bool {
        let kinds: &[&str] = match value {
            Value::Null => &["null"],
            Value::Bool(_) => &["boolean"],
            Value::Number(number) if number.is_f64() => &["number"],
            Value::Number(_) => &["integer", "number"],
            // Only certain words, and nothing but durations: the hostile ones are neither.
            Value::String(text) if self.words || self.duration && !is_duration(text) => &[],
            Value::String(_) => &["string"],
            Value::Array(_) => &["array"],
            Value::Object(_) => &["object"],
        };
        self.anything || kinds.iter().any(|kind| self.types.contains(kind))
    }
}

/// The hostile durations that are ones.
fn is_duration(text: &str) -> bool {
    text.ends_with('s') && text.starts_with(|c: char| c.is_ascii_digit())
}

/// Values of every type, and the odd ones of those that are allowed.
fn values(kinds: &Kinds<'_>) -> Vec<(&'static str, Value)> {
    let huge = "x".repeat(HUGE);
    let mut values = vec![
        ("is null", Value::Null),
        ("is a boolean", json!(true)),
        ("is a list", json!([[[]]])),
        ("is a section", json!({ "no_such_setting": {} })),
        ("is a number", json!(7)),
        ("is negative", json!(-1)),
        ("is the least number", json!(i64::MIN)),
        ("is the greatest number", json!(u64::MAX)),
        ("is a fraction", json!(0.1)),
        ("is a huge fraction", json!(f64::MAX)),
        ("is an empty text", json!("")),
        ("is a text with control characters", json!("\0\n\u{1b}")),
        ("is a huge text", json!(huge)),
    ];
    if kinds.duration {
        values.push(("is no time at all", json!("0s")));
        values.push((
            "is a time that no clock holds",
            json!(format!("{}s", u64::MAX)),
        ));
    }
    if kinds.types.contains(&"array") {
        values.push(("is an empty list", json!([])));
        values.push(("is a list with a huge text", json!([huge])));
        values.push(("is a list with null", json!([null])));
    }
    values
}
