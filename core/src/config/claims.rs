//! Keys outside an exporter's section that turn it on.

use serde_json::{Map, Value};

use super::known::{CLAIMABLE_KEYS, Claim};
use super::pointer;
use super::validate::Finding;

/// A value that was put into an exporter's section: the pointers it came from and went to.
#[derive(Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) from: String,
    pub(super) to: String,
}

/// Puts the value of each claimed key that is set into the section of the exporter that claims
/// it, which turns the exporter on unless its section says `enabled: false`.
pub(super) fn apply(claims: &[Claim], document: &mut Value) -> (Vec<Moved>, Vec<Finding>) {
    let mut moved = Vec::new();
    let mut findings = Vec::new();
    for key in CLAIMABLE_KEYS {
        let from = pointer::from_dotted(key);
        let value = match document.pointer(&from) {
            // What is not text is refused by the schema.
            Some(Value::String(text)) if !text.is_empty() => Value::String(text.clone()),
            _ => continue,
        };
        let mut claiming = claims.iter().filter(|claim| claim.key == key);
        match (claiming.next(), claiming.next()) {
            (None, _) => findings.push(Finding::value(
                from,
                "no loaded plugin provides this; add the plugin to `plugins.folders`, or remove the value",
            )),
            (Some(one), Some(other)) => findings.push(Finding::value(
                from,
                format!(
                    "both exporters `{}` and `{}` claim this; remove one of their plugins, or configure them below `exporters`",
                    one.exporter, other.exporter
                ),
            )),
            (Some(claim), None) => match put(document, claim, value) {
                Ok(to) => moved.push(Moved { from, to }),
                Err(message) => findings.push(Finding::value(from, message)),
            },
        }
    }
    (moved, findings)
}

/// Puts `value` into the exporter's section and gives the pointer to it.
fn put(document: &mut Value, claim: &Claim, value: Value) -> Result<String, String> {
    let Claim {
        exporter, setting, ..
    } = claim;
    let refused = || format!("`exporters.{exporter}` is not a section");
    let root = document.as_object_mut().ok_or_else(refused)?;
    let exporters = section(root, "exporters").ok_or_else(refused)?;
    let own = section(exporters, exporter).ok_or_else(refused)?;
    match own.get("use").and_then(Value::as_str) {
        Some(used) if used != exporter => {
            return Err(format!(
                "this is for the exporter `{exporter}`, and the section `exporters.{exporter}` runs another one; rename that section"
            ));
        }
        _ => {}
    }
    match own.get(setting) {
        Some(other) if !other.is_null() && *other != value => {
            return Err(format!(
                "`exporters.{exporter}.{setting}` sets it too, to something else; keep one of them"
            ));
        }
        _ => {}
    }
    own.insert(setting.clone(), value);
    Ok(pointer::join(
        &pointer::join("/exporters", exporter),
        setting,
    ))
}

/// The map under `key`, made if there is none.
fn section<'m>(map: &'m mut Map<String, Value>, key: &str) -> Option<&'m mut Map<String, Value>> {
    let value = map.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(claims: &[Claim], mut document: Value, result: Result<Value, &str>) {
        let (moved, findings) = apply(claims, &mut document);
        match result {
            Ok(exporters) => {
                assert_eq!(
                    document.get("exporters").cloned().unwrap_or_default(),
                    exporters
                );
                assert!(findings.is_empty(), "{findings:?}");
                assert_eq!(moved.is_empty(), exporters.is_null());
            }
            Err(part) => {
                assert_eq!(findings.len(), 1);
                assert!(
                    findings.iter().any(|f| f.message.contains(part)),
                    "{findings:?}"
                );
            }
        }
    }

    #[test]
    fn a_claimed_key_turns_its_exporter_on() {
        let claim = |exporter: &str| Claim {
            key: "telemetry.otlp_endpoint".into(),
            exporter: exporter.into(),
            setting: "endpoint".into(),
        };
        let one = [claim("otlp")];
        let set = || json!({"otlp_endpoint": "http://x"});
        check(&one, json!({}), Ok(Value::Null));
        check(
            &[],
            json!({"telemetry": {"otlp_endpoint": ""}}),
            Ok(Value::Null),
        );
        check(
            &one,
            json!({"telemetry": set()}),
            Ok(json!({"otlp": {"endpoint": "http://x"}})),
        );
        let off = json!({"telemetry": set(), "exporters": {"otlp": {"enabled": false}}});
        check(
            &one,
            off,
            Ok(json!({"otlp": {"enabled": false, "endpoint": "http://x"}})),
        );
        check(
            &[],
            json!({"telemetry": set()}),
            Err("no loaded plugin provides"),
        );
        check(
            &[claim("a"), claim("b")],
            json!({"telemetry": set()}),
            Err("`a` and `b`"),
        );
        let twice = json!({"telemetry": set(), "exporters": {"otlp": {"endpoint": "http://y"}}});
        check(&one, twice, Err("to something else"));
        let other = json!({"telemetry": set(), "exporters": {"otlp": {"use": "file"}}});
        check(&one, other, Err("rename that section"));
        check(
            &one,
            json!({"telemetry": set(), "exporters": 5}),
            Err("not a section"),
        );
    }
}
