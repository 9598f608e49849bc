//! File, environment and command line together, and everything that is wrong with them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::document::Argument;
use super::known::KnownPlugins;
use super::overrides::{self, Override, Refused};
use super::pointer;
use super::problem::{Origin, Problem, Problems, Severity};
use super::sections::Config;
use super::source::Fault;
use super::spots::Spots;
use super::validate::{self, Finding};
use super::walk::Node;
use super::{claims, file, required, rules, schema, yaml};

/// A configuration that can be read, whether it is right or not.
///
/// `check-config` uses it to say all that is wrong at once; to start with a configuration use
/// [`super::Document`].
#[derive(Debug)]
pub struct Draft {
    path: Option<PathBuf>,
    spots: Spots,
    value: Value,
    /// Where values that the file does not hold come from, by pointer.
    overridden: Vec<(String, Origin)>,
    /// Overrides whose keys only loaded plugins know.
    waiting: Vec<Override>,
    problems: Vec<Problem>,
}

impl Draft {
    /// Reads the file (none is an empty one), the overrides among the environment's variables,
    /// and the arguments. Fails if the file cannot be read or is not YAML.
    pub fn read(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        arguments: &[Argument],
    ) -> Result<Self, Problems> {
        let contents = match path {
            Some(path) => file::read(path).map_err(|problem| Problems::sorted(vec![*problem]))?,
            None => file::Contents::default(),
        };
        let mut draft = Self {
            path: path.map(Path::to_owned),
            spots: contents.spots,
            value: contents.value,
            overridden: Vec::new(),
            waiting: Vec::new(),
            problems: Vec::new(),
        };
        for Fault {
            at,
            pointer,
            message,
        } in contents.duplicates
        {
            let origin = draft
                .path
                .clone()
                .map_or(Origin::Default, |path| Origin::File { path, at: Some(at) });
            draft
                .problems
                .push(problem(origin, &pointer, Finding::value("", message)));
        }
        draft.override_keys(environment, arguments);
        Ok(draft)
    }

    fn override_keys(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
        arguments: &[Argument],
    ) {
        let schema = schema::base();
        let (overrides, refused) = overrides::collect(&schema, environment);
        self.problems.extend(refused.into_iter().map(refusal));
        for one in overrides {
            if one.waits_for_plugins(&schema) {
                self.waiting.push(one);
                continue;
            }
            match one.apply(&schema, &mut self.value) {
                Ok(pointer) => self
                    .overridden
                    .push((pointer, Origin::Variable(one.variable))),
                Err(refused) => self.problems.push(refusal(refused)),
            }
        }
        for Argument { flag, key, value } in arguments {
            let pointer = pointer::from_dotted(key);
            overrides::insert(&mut self.value, &pointer, value.clone());
            self.overridden.retain(|(other, _)| *other != pointer);
            self.overridden
                .push((pointer, Origin::CommandLine(flag.clone())));
        }
    }

    /// Everything wrong that can be seen without knowing the plugins.
    pub fn problems(&self) -> Problems {
        self.evaluate(None).1
    }

    /// Everything wrong, plugins' and exporters' sections included.
    pub fn check(&self, known: &KnownPlugins) -> Problems {
        self.evaluate(Some(known)).1
    }

    /// The configuration with the default in place of everything that is wrong: for finding the
    /// plugins' folders where the rest is to be checked too. Never start with it.
    ///
    /// Fails with all that is wrong if that leaves open which libraries are trusted: the default,
    /// which asks for nothing, must not stand in for what the file may ask for.
    pub fn usable(&self) -> Result<Config, Problems> {
        let (config, problems) = self.evaluate(None);
        if problems.iter().any(Problem::concerns_trust) {
            return Err(problems);
        }
        Ok(config)
    }

    /// The configuration and what is wrong with it. With errors, the configuration has defaults
    /// in place of what is wrong.
    pub(super) fn evaluate(&self, known: Option<&KnownPlugins>) -> (Config, Problems) {
        let mut value = self.value.clone();
        let mut problems = self.problems.clone();
        let mut overridden = self.overridden.clone();
        let mut findings = Vec::new();
        let mut moved = Vec::new();
        let schema = match known {
            None => schema::base(),
            Some(known) => {
                let names = schema::schema(known);
                for one in &self.waiting {
                    match one.apply(&names, &mut value) {
                        Ok(pointer) => {
                            overridden.push((pointer, Origin::Variable(one.variable.clone())));
                        }
                        Err(refused) => problems.push(refusal(refused)),
                    }
                }
                let (claimed, refused) = claims::apply(&known.claims, &mut value);
                moved = claimed;
                // A plugin that failed may be the one that would claim the key.
                let severity = if known.failed.is_empty() {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                findings.extend(refused.into_iter().map(|finding| Finding {
                    severity,
                    ..finding
                }));
                findings.extend(required::missing(&value, known));
                schema::compose(known, &exporters(&value))
            }
        };
        match validate::validate(&schema, &value) {
            Ok(found) => findings.extend(found),
            Err(reason) => findings.push(Finding {
                severity: Severity::Warning,
                ..Finding::value(
                    "",
                    format!("a plugin's settings could not be checked: {reason}"),
                )
            }),
        }
        let mut sound = value;
        for finding in &findings {
            if finding.severity == Severity::Error {
                remove(&mut sound, &finding.pointer);
            }
        }
        yaml::settle_nulls(&mut sound, Node::root(&schema));
        let config: Config = match serde_path_to_error::deserialize(sound) {
            Ok(config) => config,
            Err(error) => {
                let pointer = pointer::from_dotted(&error.path().to_string());
                findings.push(Finding::value(pointer, error.inner().to_string()));
                Config::default()
            }
        };
        let refused: Vec<String> = findings
            .iter()
            .map(|finding| finding.pointer.clone())
            .collect();
        findings.extend(rules::broken(&config, |pointer| {
            !refused.iter().any(|wrong| {
                pointer::is_within(pointer, wrong) || pointer::is_within(wrong, pointer)
            })
        }));

        problems.extend(findings.into_iter().map(|finding| {
            let written = moved
                .iter()
                .find(|moved| moved.to == finding.pointer)
                .map_or(finding.pointer.as_str(), |moved| moved.from.as_str());
            let origin = self.origin(&overridden, written, finding.on_key);
            problem(origin, &finding.pointer.clone(), finding)
        }));
        (
            self.with_base_folder(config, &overridden),
            Problems::sorted(problems),
        )
    }

    /// Where the value at `pointer` was written.
    fn origin(&self, overridden: &[(String, Origin)], pointer: &str, on_key: bool) -> Origin {
        let above = |(own, _): &&(String, Origin)| pointer::is_within(pointer, own);
        let below = |(own, _): &&(String, Origin)| {
            !self.spots.has(pointer) && !pointer.is_empty() && pointer::is_within(own, pointer)
        };
        let other = overridden
            .iter()
            .rev()
            .find(above)
            .or_else(|| overridden.iter().rev().find(below));
        match (other, &self.path) {
            (Some((_, origin)), _) => origin.clone(),
            (None, Some(path)) => {
                let spot = self.spots.nearest(pointer);
                let at = if on_key { spot.key } else { spot.value };
                Origin::File {
                    path: path.clone(),
                    at: Some(at),
                }
            }
            (None, None) => Origin::Default,
        }
    }

    /// Relative paths in the file count from its folder, so that it means the same wherever the
    /// program is started.
    fn with_base_folder(&self, mut config: Config, overridden: &[(String, Origin)]) -> Config {
        let Some(base) = self.path.as_deref().and_then(Path::parent) else {
            return config;
        };
        let from_file = |pointer: &str| !overridden.iter().any(|(own, _)| own == pointer);
        for (pointer, path) in config.paths() {
            if from_file(&pointer) {
                *path = base.join(&*path);
            }
        }
        config
    }
}

/// The sections below `exporters`, each with what it says it uses.
fn exporters(document: &Value) -> Vec<(&str, Option<&str>)> {
    let sections = document.get("exporters").and_then(Value::as_object);
    sections
        .into_iter()
        .flatten()
        .map(|(key, section)| (key.as_str(), section.get("use").and_then(Value::as_str)))
        .collect()
}

fn problem(origin: Origin, pointer: &str, finding: Finding) -> Problem {
    Problem {
        origin,
        key: pointer::dotted(pointer),
        message: finding.message,
        suggestion: finding.suggestion,
        severity: finding.severity,
    }
}

fn refusal(refused: Refused) -> Problem {
    let finding = Finding {
        suggestion: refused.suggestion,
        ..Finding::value("", refused.message)
    };
    problem(Origin::Variable(refused.variable), "", finding)
}

/// Takes the value at `pointer` out; the whole list if it is an entry of one.
fn remove(document: &mut Value, pointer: &str) {
    let Some(parent) = pointer::parent(pointer) else {
        *document = Value::Null;
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            if let Some(key) = pointer::segments(pointer).last() {
                map.remove(&key);
            }
        }
        Some(Value::Array(_)) => remove(document, parent),
        _ => {}
    }
}
