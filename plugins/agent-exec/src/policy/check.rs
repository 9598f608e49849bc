//! What the schema of the settings cannot say.

use std::{collections::HashSet, path::Path};

use gaxx_sdk::{Error, Result};

use super::{ANY, environment};
use crate::settings::{Allow, Confine, Rule, Settings};

/// The most that is kept of a stream: it is held in memory.
const MOST_KEPT: u64 = 1 << 30;

/// Refuses settings with which nothing could run, or something else than was meant.
pub(super) fn settings(settings: &Settings) -> Result<()> {
    range(
        "max_concurrent",
        u64::from(settings.max_concurrent),
        1,
        1024,
    )?;
    range("max_queue", u64::from(settings.max_queue), 0, 4096)?;
    range("max_recent", u64::from(settings.max_recent), 0, 10_000)?;
    range(
        "idempotency.max_keys",
        u64::from(settings.idempotency.max_keys),
        1,
        10_000_000,
    )?;
    for (key, size) in [
        ("max_output", settings.max_output),
        ("max_request", settings.max_request),
    ] {
        range(key, size.bytes(), 1, MOST_KEPT)?;
    }
    for (key, time) in [
        ("max_time", settings.max_time),
        ("queue_time", settings.queue_time),
        ("idempotency.keep", settings.idempotency.keep),
    ] {
        if time.is_zero() {
            return Err(wrong(key, "is zero", "write a duration such as 30s"));
        }
    }
    if settings.path.is_empty() {
        return Err(wrong("path", "is empty", "name at least one folder"));
    }
    for folder in &settings.path {
        absolute("path", folder)?;
        if folder.to_string_lossy().contains(':') {
            return Err(wrong(
                "path",
                "has a folder with a colon in its name",
                "write a list of folders",
            ));
        }
    }
    confine("confine", &settings.confine)?;
    if settings.allow == Allow::Rules && settings.rules.is_empty() {
        let remedy = "write rules, or `allow: nothing`";
        return Err(wrong(
            "rules",
            "is empty, and `allow: rules` needs some",
            remedy,
        ));
    }
    let mut names = HashSet::from([ANY]);
    for (at, one) in settings.rules.iter().enumerate() {
        rule(at, one)?;
        if !names.insert(&one.name) {
            let remedy = "give each rule a name of its own, and none the name `any`";
            return Err(wrong(&format!("rules[{at}].name"), "is taken", remedy));
        }
    }
    Ok(())
}

fn rule(at: usize, rule: &Rule) -> Result<()> {
    let key = |name: &str| format!("rules[{at}].{name}");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if rule.name.is_empty() || rule.name.len() > 64 || !rule.name.chars().all(plain) {
        let remedy = "use 1 to 64 letters, digits, dashes, dots and underscores";
        return Err(wrong(&key("name"), "is no name", remedy));
    }
    absolute(&key("program"), &rule.program)?;
    for folder in &rule.work_folders {
        absolute(&key("work_folders"), folder)?;
    }
    let allowed = rule.env.iter().map(|name| ("env", name));
    let variables = allowed.chain(rule.set_env.keys().map(|name| ("set_env", name)));
    for (setting, name) in variables {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(wrong(
                &key(setting),
                "has a name that no variable can have",
                "correct it",
            ));
        }
        if setting == "env" && environment::is_the_loaders(name) {
            let reason =
                format!("names {name}, by which a caller could make any program do anything");
            return Err(wrong(
                &key(setting),
                &reason,
                "set it in `set_env` if it is needed",
            ));
        }
    }
    if rule.set_env.values().any(|value| value.contains('\0')) {
        return Err(wrong(
            &key("set_env"),
            "has a value with a zero byte",
            "remove it",
        ));
    }
    if rule.max_time.is_some_and(|time| time.is_zero()) {
        return Err(wrong(
            &key("max_time"),
            "is zero",
            "write a duration such as 30s",
        ));
    }
    if let Some(count) = rule.max_concurrent {
        range(&key("max_concurrent"), u64::from(count), 1, 1024)?;
    }
    rule.confine
        .as_ref()
        .map_or(Ok(()), |one| confine(&key("confine"), one))
}

fn confine(key: &str, confine: &Confine) -> Result<()> {
    umask(key, confine)?;
    let least = [
        ("max_open_files", confine.max_open_files, 16),
        ("max_processes", confine.max_processes, 1),
    ];
    for (name, value, least) in least {
        if let Some(value) = value {
            range(&format!("{key}.{name}"), value, least, u64::MAX)?;
        }
    }
    if confine.max_cpu.is_some_and(|time| time.is_zero()) {
        return Err(wrong(
            &format!("{key}.max_cpu"),
            "is zero",
            "write a duration such as 30s",
        ));
    }
    for folder in confine.landlock.iter().flatten() {
        absolute(&format!("{key}.landlock"), folder)?;
    }
    Ok(())
}

/// The umask that a section says.
pub(super) fn umask(key: &str, confine: &Confine) -> Result<u32> {
    let parsed = u32::from_str_radix(&confine.umask, 8).ok();
    parsed.filter(|bits| *bits <= 0o777).ok_or_else(|| {
        let remedy = "write it as text in octal, such as \"022\"";
        wrong(&format!("{key}.umask"), "is no umask", remedy)
    })
}

fn absolute(key: &str, path: &Path) -> Result<()> {
    if path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&0) {
        return Ok(());
    }
    Err(wrong(
        key,
        "is no absolute path",
        "write a path that begins with /",
    ))
}

fn range(key: &str, value: u64, least: u64, most: u64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(wrong(
        key,
        &format!("is {value}"),
        &format!("write {least} to {most}"),
    ))
}

fn wrong(key: &str, reason: &str, remedy: &str) -> Error {
    Error::settings(format!("{key} {reason}")).remedy(remedy)
}
