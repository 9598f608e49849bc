//! What a file is beside its content: size, permissions, and when it was changed.

use std::{
    fs::{File, Metadata, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use rustix::fs::{Timespec, Timestamps, futimens};

use crate::client::reply::Reply;

/// What a file is beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    /// Permissions.
    pub(super) mode: u32,
    /// When it was changed: seconds since 1970, and nanoseconds behind them.
    pub(super) modified: (i64, i64),
}

impl Meta {
    /// Of a local file.
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            mode: metadata.mode() & 0o777,
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// As an answer's `X-File-Mode` and `X-File-Mtime` tell it. What is missing or cannot be read
    /// counts as 0644 and now.
    pub(super) fn told(reply: &Reply) -> (u32, Option<(i64, i64)>) {
        let mode = reply.header("x-file-mode");
        let mode = mode.and_then(|text| u32::from_str_radix(text, 8).ok());
        let modified = reply.header("x-file-mtime").and_then(moment);
        (mode.unwrap_or(0o644) & 0o777, modified)
    }

    /// `X-File-Mode`.
    pub(super) fn mode_text(self) -> String {
        format!("{:04o}", self.mode)
    }

    /// `X-File-Mtime`: seconds and nanoseconds, towards the past with a minus in front.
    pub(super) fn modified_text(self) -> String {
        match self.modified {
            (seconds, 1..) if seconds < 0 => {
                let sign = if seconds == -1 { "-" } else { "" };
                format!(
                    "{sign}{}.{:09}",
                    seconds + 1,
                    1_000_000_000 - self.modified.1
                )
            }
            (seconds, nanos) => format!("{seconds}.{nanos:09}"),
        }
    }
}

/// Gives a file these permissions and this time.
pub(super) fn set(file: &File, mode: u32, modified: Option<(i64, i64)>) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))?;
    let Some((seconds, nanos)) = modified else {
        return Ok(());
    };
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanos,
    };
    Ok(futimens(
        file,
        &Timestamps {
            last_access: time,
            last_modification: time,
        },
    )?)
}

/// Reads `SECONDS.NANOSECONDS`, perhaps negative.
fn moment(text: &str) -> Option<(i64, i64)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some(match (negative, nanos) {
        (false, nanos) => (seconds, nanos),
        (true, 0) => (-seconds, 0),
        (true, nanos) => (-seconds - 1, 1_000_000_000 - nanos),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_moment_reads_as_it_was_written(seconds in -(1_i64 << 40)..1 << 40, nanos in 0_i64..1_000_000_000) {
            let meta = Meta { mode: 0o644, modified: (seconds, nanos) };
            prop_assert_eq!(moment(&meta.modified_text()), Some(meta.modified));
        }

        #[test]
        fn any_text_is_a_moment_or_none(text in "\\PC*|-?[0-9.]{0,30}") {
            let _ = moment(&text);
        }
    }

    #[test]
    fn a_file_takes_mode_and_time() {
        let file = tempfile::tempfile().unwrap();
        set(&file, 0o640, Some((-2, 5))).unwrap();
        let meta = Meta::of(&file.metadata().unwrap());
        assert_eq!(
            meta,
            Meta {
                mode: 0o640,
                modified: (-2, 5)
            }
        );
        assert_eq!(meta.mode_text(), "0640");
    }
}
