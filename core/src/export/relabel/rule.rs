//! Rules as Prometheus has them.

use std::collections::BTreeMap;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The label that stands for a metric's name.
pub(super) const NAME: &str = "__name__";

/// One rule, as in Prometheus' `relabel_config`; `__name__` is the metric's name. Rules are applied
/// one after the other, each to what the one before left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// The labels whose values are looked at, joined by `separator`. A label that is not there has an
    /// empty value.
    pub source_labels: Vec<String>,
    /// What stands between the values of several labels.
    pub separator: String,
    /// What the joined values, or of `labelmap`, `labeldrop` and `labelkeep` the labels' names, must
    /// match as a whole.
    pub regex: String,
    /// The label that is set, or compared with.
    pub target_label: String,
    /// What it is set to: `$1` stands for the first group of `regex`. Empty: the label goes.
    pub replacement: String,
    /// What is done.
    pub action: Action,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Sets `target_label` to `replacement` where `regex` matches.
    #[default]
    Replace,
    /// Drops series that `regex` does not match.
    Keep,
    /// Drops series that `regex` matches.
    Drop,
    /// Drops series whose joined values differ from `target_label`'s.
    KeepEqual,
    /// Drops series whose joined values are `target_label`'s.
    DropEqual,
    /// Copies each label whose name `regex` matches to the one that `replacement` names.
    LabelMap,
    /// Takes away labels whose names `regex` matches.
    LabelDrop,
    /// Takes away labels whose names `regex` does not match.
    LabelKeep,
    /// Sets `target_label` to the joined values in small letters.
    Lowercase,
    /// Sets `target_label` to the joined values in capital letters.
    Uppercase,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            source_labels: Vec::new(),
            separator: ";".to_owned(),
            regex: "(.*)".to_owned(),
            target_label: String::new(),
            replacement: "$1".to_owned(),
            action: Action::default(),
        }
    }
}

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// The expression is none.
    #[error("regex: {0}")]
    Regex(String),
    /// There is no label to set or to compare with.
    #[error("target_label: {action} needs one")]
    NoTarget {
        /// The rule's action.
        action: &'static str,
    },
}

/// A rule whose expression has been read.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    rule: Rule,
    regex: Regex,
}

/// The labels of a series, its name among them. None has an empty value.
pub(super) type Labels = BTreeMap<String, String>;

impl Rule {
    /// Reads the expression.
    pub(super) fn compile(&self) -> Result<Compiled, RuleError> {
        let action = match self.action {
            Action::Replace => Some("replace"),
            Action::KeepEqual => Some("keepequal"),
            Action::DropEqual => Some("dropequal"),
            Action::Lowercase => Some("lowercase"),
            Action::Uppercase => Some("uppercase"),
            _ => None,
        };
        if let Some(action) = action.filter(|_| self.target_label.is_empty()) {
            return Err(RuleError::NoTarget { action });
        }
        let whole = format!("^(?s:{})$", self.regex);
        let regex = Regex::new(&whole).map_err(|error| RuleError::Regex(error.to_string()))?;
        Ok(Compiled {
            rule: self.clone(),
            regex,
        })
    }
}

impl Compiled {
    /// Changes the labels; answers whether the series stays.
    pub(super) fn apply(&self, labels: &mut Labels) -> bool {
        let Self { rule, regex } = self;
        let joined = || {
            let value = |name: &String| labels.get(name).map_or("", String::as_str);
            let values: Vec<&str> = rule.source_labels.iter().map(value).collect();
            values.join(&rule.separator)
        };
        match rule.action {
            Action::Keep => regex.is_match(&joined()),
            Action::Drop => !regex.is_match(&joined()),
            Action::KeepEqual => joined() == value(labels, &rule.target_label),
            Action::DropEqual => joined() != value(labels, &rule.target_label),
            Action::Replace => {
                let joined = joined();
                if let Some(groups) = regex.captures(&joined) {
                    let (mut target, mut replacement) = (String::new(), String::new());
                    groups.expand(&rule.target_label, &mut target);
                    groups.expand(&rule.replacement, &mut replacement);
                    set(labels, &target, replacement);
                }
                true
            }
            Action::Lowercase => {
                let value = joined().to_lowercase();
                set(labels, &rule.target_label, value);
                true
            }
            Action::Uppercase => {
                let value = joined().to_uppercase();
                set(labels, &rule.target_label, value);
                true
            }
            Action::LabelMap => {
                let copies = labels.iter().filter_map(|(name, value)| {
                    let mut copy = String::new();
                    regex.captures(name)?.expand(&rule.replacement, &mut copy);
                    Some((copy, value.clone()))
                });
                for (name, value) in copies.collect::<Vec<_>>() {
                    set(labels, &name, value);
                }
                true
            }
            Action::LabelDrop => {
                labels.retain(|name, _| name == NAME || !regex.is_match(name));
                true
            }
            Action::LabelKeep => {
                labels.retain(|name, _| name == NAME || regex.is_match(name));
                true
            }
        }
    }
}

fn value<'a>(labels: &'a Labels, name: &str) -> &'a str {
    labels.get(name).map_or("", String::as_str)
}

/// Sets a label; an empty value takes it away. What can be no label's name is passed over, as is a
/// name that no metric can have.
fn set(labels: &mut Labels, name: &str, value: String) {
    if !is_label(name) || (name == NAME && !value.is_empty() && !is_metric(&value)) {
        return;
    }
    if value.is_empty() {
        labels.remove(name);
    } else {
        labels.insert(name.to_owned(), value);
    }
}

/// Whether this can be the name of a label: `[a-zA-Z_][a-zA-Z0-9_]*`.
pub fn is_label(name: &str) -> bool {
    let rest = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(rest)
}

/// Whether this can be the name of a metric: that of a label, and with colons.
fn is_metric(name: &str) -> bool {
    !name.is_empty() && is_label(&name.replace(':', "_"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What is left of the labels by rules in YAML; nothing where the series is dropped.
    fn left(rules: &str, labels: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        let rules: Vec<Rule> = serde_yaml::from_str(rules).unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut labels: Labels = labels.iter().map(owned).collect();
        let mut rules = rules.iter().map(|rule| rule.compile().unwrap());
        rules
            .all(|rule| rule.apply(&mut labels))
            .then(|| labels.into_iter().collect())
    }

    const CPU: [(&str, &str); 3] = [("__name__", "cpu_seconds"), ("cpu", "0"), ("mode", "Idle")];

    #[track_caller]
    fn check(rules: &str, expected: &[(&str, &str)]) {
        let left = left(rules, &CPU).expect("it stays");
        let left: Vec<_> = left.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(left, expected, "{rules}");
    }

    #[test]
    fn series_are_kept_and_dropped_by_whole_matches() {
        let stays = |rules| left(rules, &CPU).is_some();
        assert!(stays(
            "[{source_labels: [__name__], regex: 'cpu_.*', action: keep}]"
        ));
        assert!(!stays(
            "[{source_labels: [__name__], regex: 'cpu', action: keep}]"
        ));
        assert!(!stays(
            "[{source_labels: [cpu, mode], regex: '0;Idle', action: drop}]"
        ));
        assert!(stays(
            "[{source_labels: [missing], regex: '.+', action: drop}]"
        ));
        assert!(!stays(
            "[{source_labels: [cpu], target_label: mode, action: keepequal}]"
        ));
        assert!(stays(
            "[{source_labels: [cpu], target_label: mode, action: dropequal}]"
        ));
    }

    #[test]
    fn labels_are_set_renamed_and_taken_away() {
        let name = CPU[0];
        check(
            "[{target_label: job, replacement: gaxx}]",
            &[name, CPU[1], ("job", "gaxx"), CPU[2]],
        );
        check(
            "[{source_labels: [__name__], regex: '(.*)_seconds', target_label: __name__, replacement: '${1}_s'}]",
            &[("__name__", "cpu_s"), CPU[1], CPU[2]],
        );
        check(
            "[{source_labels: [mode], target_label: mode, action: lowercase}]",
            &[name, CPU[1], ("mode", "idle")],
        );
        check("[{target_label: mode, replacement: ''}]", &[name, CPU[1]]);
        check(
            "[{regex: 'c(.*)', replacement: 'x$1', action: labelmap}]",
            &[name, CPU[1], CPU[2], ("xpu", "0")],
        );
        check(
            "[{regex: 'cpu|__name__', action: labeldrop}]",
            &[name, CPU[2]],
        );
        check("[{regex: 'cpu', action: labelkeep}]", &[name, CPU[1]]);
    }

    #[test]
    fn what_can_be_no_name_is_passed_over() {
        check(
            "[{source_labels: [mode], target_label: '9$1'}, {target_label: __name__, replacement: 'a b'}]",
            &CPU,
        );
    }

    #[test]
    fn a_rule_that_cannot_work_is_an_error() {
        let error = |rule: &str| {
            serde_yaml::from_str::<Rule>(rule)
                .unwrap()
                .compile()
                .unwrap_err()
                .to_string()
        };
        assert!(error("{regex: '(', action: keep}").starts_with("regex: "));
        assert_eq!(
            error("{source_labels: [a]}"),
            "target_label: replace needs one"
        );
        assert!(serde_yaml::from_str::<Rule>("{action: hashmod}").is_err());
    }
}
