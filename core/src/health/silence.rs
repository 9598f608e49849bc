//! Checks that are known to be ill, and of which nobody wants to be told for a while.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    config::{Silence as Section, Timestamp},
    durable,
    plugin::text::one_line,
};

/// How many there may be beside those of the configuration.
const MOST: usize = 1000;
/// Names and tags that one may have, together.
const MOST_NAMES: usize = 100;
/// Letters of a name, of a tag and of a comment.
const LONGEST: usize = 300;
/// How long one may last.
const LONGEST_TIME: Duration = Duration::from_hours(366 * 24);

/// A silence: of the checks that have one of these names and one of these tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// By what it is known; `config/N` for those of the configuration.
    pub id: String,
    /// Names; `*` at the end stands for any rest. Empty: any.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Tags. Empty: any.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it ends.
    pub until: Timestamp,
    /// For people.
    #[serde(default)]
    pub comment: String,
    /// Who asked for it; empty where nobody is known.
    #[serde(default)]
    pub author: String,
}

/// A silence that is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// See [`Silence`].
    pub checks: Vec<String>,
    /// See [`Silence`].
    pub tags: Vec<String>,
    /// When it ends.
    pub until: Option<Timestamp>,
    /// How long it lasts, in place of `until`.
    pub r#for: Option<crate::config::Duration>,
    /// For people.
    pub comment: String,
}

/// Why a silence is not taken.
#[derive(Debug, Error)]
pub enum SilenceError {
    /// It says of nothing that it is to be silent.
    #[error("it names neither checks nor tags: say which, \"*\" for all")]
    OfNothing,
    /// It says not when it ends, or twice.
    #[error("it needs one of \"for\" and \"until\"")]
    NoEnd,
    /// It would have ended already, or never.
    #[error("it ends in the past, or in more than a year")]
    Time,
    /// It is too long.
    #[error("it has more than {MOST_NAMES} names and tags, or one of more than {LONGEST} letters")]
    TooLong,
    /// There are too many.
    #[error("there are {MOST} already: end some of them")]
    TooMany,
    /// It is of the configuration.
    #[error("it is of the configuration: take it out of health.silences there")]
    Configured,
    /// There is none of this name.
    #[error("there is no such silence")]
    Unknown,
    /// It cannot be kept.
    #[error("it cannot be written to {file}: {error}")]
    Write {
        /// Where to.
        file: String,
        /// Why.
        error: io::Error,
    },
}

/// All silences.
#[derive(Debug, Default)]
pub(super) struct Silences {
    configured: Vec<Silence>,
    added: Vec<Silence>,
    /// Where those that were added are kept, where they are.
    file: Option<PathBuf>,
}

impl Silence {
    fn of(section: &Section, number: usize) -> Self {
        Self {
            id: format!("config/{number}"),
            checks: section.checks.clone(),
            tags: section.tags.clone(),
            until: section.until,
            comment: section.comment.clone(),
            author: String::new(),
        }
    }

    fn covers(&self, check: &str, tags: &[String]) -> bool {
        let is_named = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => check.starts_with(start),
            None => pattern == check,
        };
        let of_nothing = self.checks.is_empty() && self.tags.is_empty();
        !of_nothing
            && (self.checks.is_empty() || self.checks.iter().any(is_named))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| tags.contains(tag)))
    }
}

impl Wanted {
    fn check(self, author: &str, now: SystemTime) -> Result<Silence, SilenceError> {
        let Self {
            checks,
            tags,
            until,
            r#for,
            comment,
        } = self;
        if checks.is_empty() && tags.is_empty() {
            return Err(SilenceError::OfNothing);
        }
        let texts = || checks.iter().chain(&tags).chain([&comment]);
        let is_long = |text: &String| text.chars().count() > LONGEST;
        if checks.len() + tags.len() > MOST_NAMES || texts().any(is_long) {
            return Err(SilenceError::TooLong);
        }
        let until = match (until, r#for) {
            (Some(until), None) => until.get(),
            (None, Some(time)) => now + time.get(),
            _ => return Err(SilenceError::NoEnd),
        };
        if until <= now || until > now + LONGEST_TIME {
            return Err(SilenceError::Time);
        }
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Silence {
            id: format!("{:x}", since.as_nanos()),
            checks,
            tags,
            until: until.into(),
            comment: one_line(&comment, LONGEST),
            author: one_line(author, LONGEST),
        })
    }
}

impl Silences {
    /// Takes in what an earlier program has kept in this folder, and keeps what is added there.
    pub(super) fn keep_in(&mut self, folder: &Path, now: SystemTime) {
        let file = folder.join("silences.json");
        match fs::read(&file) {
            Ok(bytes) => match serde_json::from_slice::<Vec<Silence>>(&bytes) {
                Ok(kept) => self.added.extend(kept),
                Err(error) => {
                    let aside = file.with_extension("damaged");
                    let moved = fs::rename(&file, &aside);
                    tracing::warn!(file = %file.display(), %error, ?moved, "silences cannot be read; they are kept aside as silences.damaged");
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(file = %file.display(), %error, "silences cannot be read");
            }
        }
        self.added.truncate(MOST);
        self.file = Some(file);
        self.forget_old(now);
    }

    pub(super) fn configure(&mut self, sections: &[Section]) {
        let silences = sections.iter().enumerate();
        self.configured = silences.map(|(at, it)| Silence::of(it, at)).collect();
    }

    /// Adds one. Waits for the disk.
    pub(super) fn add(
        &mut self,
        wanted: Wanted,
        author: &str,
        now: SystemTime,
    ) -> Result<Silence, SilenceError> {
        let silence = wanted.check(author, now)?;
        self.forget_old(now);
        if self.added.len() >= MOST {
            return Err(SilenceError::TooMany);
        }
        self.added.push(silence.clone());
        self.write().inspect_err(|_| drop(self.added.pop()))?;
        Ok(silence)
    }

    /// Ends one. Waits for the disk.
    pub(super) fn end(&mut self, id: &str) -> Result<(), SilenceError> {
        if self.configured.iter().any(|silence| silence.id == id) {
            return Err(SilenceError::Configured);
        }
        let at = self.added.iter().position(|silence| silence.id == id);
        let at = at.ok_or(SilenceError::Unknown)?;
        let ended = self.added.remove(at);
        self.write().inspect_err(|_| self.added.insert(at, ended))
    }

    fn write(&self) -> Result<(), SilenceError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let put = || {
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            durable::put(file, &serde_json::to_vec_pretty(&self.added)?, 0o600)
        };
        put().map_err(|error| SilenceError::Write {
            file: file.display().to_string(),
            error,
        })
    }

    fn forget_old(&mut self, now: SystemTime) {
        self.added.retain(|silence| silence.until.get() > now);
    }

    /// Those in force.
    pub(super) fn current(&self, now: SystemTime) -> Vec<Silence> {
        let all = self.configured.iter().chain(&self.added);
        all.filter(|silence| silence.until.get() > now)
            .cloned()
            .collect()
    }

    /// Until when a check is silenced.
    pub(super) fn until(&self, check: &str, tags: &[String]) -> Option<SystemTime> {
        let all = self.configured.iter().chain(&self.added);
        let covering = all.filter(|silence| silence.covers(check, tags));
        covering.map(|silence| silence.until.get()).max()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn wanted(json: &str) -> Wanted {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_it_covers_is_named() {
        let mut silences = Silences::default();
        let now = SystemTime::now();
        let covered = |silences: &Silences, check: &str, tag: &str| {
            silences
                .until(check, &[tag.to_owned()])
                .is_some_and(|until| until > now)
        };
        let json = r#"{"checks": ["disk*", "net"], "for": "2h"}"#;
        silences.add(wanted(json), "", now).unwrap();
        assert!(covered(&silences, "disk/home", "") && covered(&silences, "net", ""));
        assert!(!covered(&silences, "net2", ""));
        let json = r#"{"checks": ["a*"], "tags": ["db", "x"], "for": "1h"}"#;
        silences.add(wanted(json), "", now).unwrap();
        assert!(covered(&silences, "ab", "db"));
        assert!(!covered(&silences, "ab", "web") && !covered(&silences, "b", "db"));
    }

    #[test]
    fn they_outlast_the_program_and_not_their_time() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let mut first = Silences::default();
        first.keep_in(folder.path(), now);
        let silence = first
            .add(
                wanted(r#"{"tags": ["a"], "for": "1h", "comment": "x\ny"}"#),
                "op",
                now,
            )
            .unwrap();
        first
            .add(wanted(r#"{"tags": ["b"], "for": "1m"}"#), "", now)
            .unwrap();
        let mut second = Silences::default();
        second.keep_in(folder.path(), now + Duration::from_mins(2));
        // Milliseconds are kept.
        assert_eq!(second.added.len(), 1);
        assert_eq!(
            (&second.added[0].id, &second.added[0].author),
            (&silence.id, &"op".to_owned())
        );
        second.end(&silence.id).unwrap();
        assert!(matches!(
            second.end(&silence.id),
            Err(SilenceError::Unknown)
        ));
        fs::write(folder.path().join("silences.json"), "[{").unwrap();
        let mut third = Silences::default();
        third.keep_in(folder.path(), now);
        assert!(third.added.is_empty());
        assert!(folder.path().join("silences.damaged").exists());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let now = SystemTime::now();
        let mut silences = Silences::default();
        for json in [
            r#"{"for": "1h"}"#,
            r#"{"checks": ["a"]}"#,
            r#"{"checks": ["a"], "until": "2001-01-01T00:00:00Z"}"#,
            r#"{"checks": ["a"], "until": "2999-01-01T00:00:00Z"}"#,
            r#"{"checks": ["a"], "until": "2999-01-01T00:00:00Z", "for": "1h"}"#,
        ] {
            assert!(silences.add(wanted(json), "", now).is_err(), "{json}");
        }
        let long = Wanted {
            tags: vec!["a".repeat(LONGEST + 1)],
            ..wanted(r#"{"for": "1h"}"#)
        };
        assert!(silences.add(long, "", now).is_err());
        let until = "2999-01-01T00:00:00Z".parse().unwrap();
        let section = Section {
            checks: vec!["a".to_owned()],
            tags: vec![],
            until,
            comment: String::new(),
        };
        silences.configure(&[section]);
        assert!(matches!(
            silences.end("config/0"),
            Err(SilenceError::Configured)
        ));
        assert!(silences.until("a", &[]).is_some());
    }
}
