//! What a caller asks for, read strictly: a request that is not wholly understood is not run.

mod content;
mod error;
mod key;
mod lines;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

pub(crate) use content::{Body, Form, wanted};
pub(crate) use error::BadRequest;
pub(crate) use key::Key;
pub(crate) use lines::{Input, Lines, input};

/// Bytes of a path, as the kernel limits it.
const MOST_PATH: usize = 4096;
/// Bytes of one argument or variable, as the kernel limits it (`MAX_ARG_STRLEN`).
const MOST_TEXT: usize = 128 << 10;
/// Arguments, or variables.
const MOST_TEXTS: usize = 4096;
/// Bytes of all arguments and variables together; the kernel takes a quarter of the stack's limit.
const MOST_TEXTS_TOGETHER: usize = 1 << 20;

/// A command that a caller wants to be run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// A path, or a name that is looked for.
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    /// Names and values; no name twice.
    pub(crate) env: Vec<(String, String)>,
    /// Nothing: as long as the policy allows.
    pub(crate) timeout: Option<Duration>,
    pub(crate) work_dir: Option<String>,
    pub(crate) input: Vec<u8>,
    pub(crate) user: Option<String>,
    pub(crate) form: Option<Form>,
}

/// The request as it is sent. What is `null` counts as left out, as the original's clients write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    command: String,
    args: Option<Vec<String>>,
    env: Option<Vec<String>>,
    timeout_seconds: Option<f64>,
    work_dir: Option<String>,
    input: Option<String>,
    input_base64: Option<String>,
    user: Option<String>,
    stream: Option<Form>,
}

impl Request {
    /// Reads a JSON object, of which nothing may be unknown, there twice, or of another type.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, BadRequest> {
        // serde would take a list for an object whose keys are left out.
        if json.trim_ascii_start().first() != Some(&b'{') {
            return Err(BadRequest::NoObject);
        }
        let sent: Sent =
            gaxx_sdk::serde_json::from_slice(json).map_err(|e| BadRequest::json(&e))?;
        let request = Self {
            input: decoded(sent.input, sent.input_base64)?,
            timeout: timeout(sent.timeout_seconds)?,
            env: variables(sent.env.unwrap_or_default())?,
            command: sent.command,
            args: sent.args.unwrap_or_default(),
            work_dir: sent.work_dir.filter(|folder| !folder.is_empty()),
            user: sent.user.filter(|user| !user.is_empty()),
            form: sent.stream,
        };
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), BadRequest> {
        if self.command.is_empty() {
            return Err(BadRequest::Empty("command"));
        }
        let paths = [
            ("command", Some(&self.command)),
            ("work_dir", self.work_dir.as_ref()),
            ("user", self.user.as_ref()),
        ];
        for (field, text) in paths {
            plain(field, text.map_or("", String::as_str), MOST_PATH)?;
        }
        if self
            .work_dir
            .as_ref()
            .is_some_and(|folder| !folder.starts_with('/'))
        {
            return Err(BadRequest::Relative);
        }
        let mut together = 0;
        for (field, count) in [("args", self.args.len()), ("env", self.env.len())] {
            if count > MOST_TEXTS {
                return Err(BadRequest::TooMany {
                    field,
                    most: MOST_TEXTS,
                });
            }
        }
        for argument in &self.args {
            plain("args", argument, MOST_TEXT)?;
            together += argument.len();
        }
        for (name, value) in &self.env {
            plain("env", name, MOST_TEXT)?;
            plain("env", value, MOST_TEXT)?;
            together += name.len() + value.len();
        }
        if together > MOST_TEXTS_TOGETHER {
            return Err(BadRequest::TooLong {
                field: "args and env together",
                most: MOST_TEXTS_TOGETHER,
            });
        }
        Ok(())
    }

    /// What is the same for two requests that ask the same of the same caller's account: BLAKE3.
    pub(crate) fn digest(&self, caller: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            // Lengths before the texts, so that none can run into the next.
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        let count = |many: usize| (many as u64).to_le_bytes();
        add(caller.as_bytes());
        add(self.command.as_bytes());
        add(&count(self.args.len()));
        self.args
            .iter()
            .for_each(|argument| add(argument.as_bytes()));
        add(&count(self.env.len()));
        for (name, value) in &self.env {
            add(name.as_bytes());
            add(value.as_bytes());
        }
        let timeout = self.timeout.map_or(u128::MAX, |time| time.as_nanos());
        add(&timeout.to_le_bytes());
        for text in [&self.work_dir, &self.user] {
            add(&[u8::from(text.is_some())]);
            add(text.as_deref().unwrap_or_default().as_bytes());
        }
        add(&self.input);
        hasher.finalize().into()
    }
}

/// A text without zero bytes, and not too long.
fn plain(field: &'static str, text: &str, most: usize) -> Result<(), BadRequest> {
    if text.len() > most {
        return Err(BadRequest::TooLong { field, most });
    }
    if text.contains('\0') {
        return Err(BadRequest::Zero(field));
    }
    Ok(())
}

fn decoded(text: Option<String>, base64: Option<String>) -> Result<Vec<u8>, BadRequest> {
    match (text, base64) {
        (Some(_), Some(_)) => Err(BadRequest::TwoInputs),
        (Some(text), None) => Ok(text.into_bytes()),
        (None, Some(base64)) => STANDARD.decode(base64).map_err(|error| BadRequest::Base64 {
            field: "input_base64",
            error,
        }),
        (None, None) => Ok(Vec::new()),
    }
}

/// Zero counts as left out, as with the original.
fn timeout(seconds: Option<f64>) -> Result<Option<Duration>, BadRequest> {
    match seconds {
        None | Some(0.0) => Ok(None),
        Some(seconds) => Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|time| !time.is_zero())
            .map(Some)
            .ok_or(BadRequest::Timeout),
    }
}

fn variables(texts: Vec<String>) -> Result<Vec<(String, String)>, BadRequest> {
    let mut all: Vec<(String, String)> = Vec::with_capacity(texts.len().min(MOST_TEXTS));
    let mut names = std::collections::HashSet::new();
    for (at, text) in texts.into_iter().enumerate() {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                if !names.insert(name.to_owned()) {
                    return Err(BadRequest::VariableTwice { at });
                }
                all.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(BadRequest::Variable { at }),
        }
    }
    Ok(all)
}
