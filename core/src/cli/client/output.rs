//! What a command writes, on its way to this program's own outputs.

use std::io::{self, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    client::exec::{OutputChannel, Report},
    task,
};

/// The most that is held of each output for a report, in bytes.
const HELD: usize = 16 << 20;

/// Where output goes.
pub(super) enum Output {
    /// To this program's own, as it comes; what is being written.
    Passed(Option<JoinHandle<io::Result<()>>>),
    /// Into the report.
    Held {
        /// Of standard output.
        output: Vec<u8>,
        /// Of standard error.
        errors: Vec<u8>,
    },
}

impl Output {
    /// As it comes, or held for the report.
    pub(super) fn new(held: bool) -> Self {
        if held {
            Self::Held {
                output: Vec::new(),
                errors: Vec::new(),
            }
        } else {
            Self::Passed(None)
        }
    }

    /// Takes a piece, once [`Output::written`] has ended.
    pub(super) fn take(&mut self, channel: OutputChannel, bytes: Bytes) {
        match (self, channel) {
            // Whoever reads it may be slow, and signals are followed meanwhile.
            (Self::Passed(write), OutputChannel::Output) => {
                *write = Some(task::spawn_blocking("output", move || {
                    let mut output = io::stdout().lock();
                    output.write_all(&bytes)?;
                    output.flush()
                }));
            }
            (Self::Passed(write), OutputChannel::Errors) => {
                *write = Some(task::spawn_blocking("output", move || {
                    io::stderr().write_all(&bytes)
                }));
            }
            (Self::Held { output, .. }, OutputChannel::Output) => hold(output, &bytes),
            (Self::Held { errors, .. }, OutputChannel::Errors) => hold(errors, &bytes),
        }
    }

    /// Ends when all that was taken is written. It may be dropped while it waits.
    pub(super) async fn written(&mut self) -> io::Result<()> {
        if let Self::Passed(Some(write)) = self {
            let written = write.await.expect("writing does not panic");
            *self = Self::Passed(None);
            return written;
        }
        Ok(())
    }

    /// Marks in a report what is not held of its output.
    pub(super) fn settle(&self, report: &mut Report) {
        if let Self::Held { output, errors } = self {
            report.stdout_truncated |= (output.len() as u64) < report.stdout_bytes;
            report.stderr_truncated |= (errors.len() as u64) < report.stderr_bytes;
        }
    }

    /// The report with what is held: text, or base64 where it is none.
    pub(super) fn into_json(self, report: &Report) -> Value {
        let mut json = serde_json::to_value(report).expect("a report is plain data");
        if let Self::Held { output, errors } = self {
            for (name, bytes) in [("stdout", output), ("stderr", errors)] {
                match String::from_utf8(bytes) {
                    Ok(text) => json[name] = json!(text),
                    Err(bytes) => {
                        let text = STANDARD.encode(bytes.as_bytes());
                        json[format!("{name}_base64")] = json!(text);
                    }
                }
            }
        }
        json
    }
}

fn hold(held: &mut Vec<u8>, bytes: &[u8]) {
    let room = HELD.saturating_sub(held.len()).min(bytes.len());
    held.extend_from_slice(bytes.get(..room).unwrap_or_default());
}
