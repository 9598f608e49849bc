//! What the system says about a file or a folder.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use gaxx_sdk::serde_json::{Map, Value};
use rustix::fs::{FileType, Stat};

/// What there is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    /// A device, a pipe or a socket.
    Special,
}

impl Kind {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folder",
            Self::Link => "link",
            Self::Special => "special",
        }
    }
}

/// A moment as the filesystem has it: whole seconds since 1970, and nanoseconds behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

impl Moment {
    /// `SECONDS.NANOSECONDS`, as `stat -c %.9Y` prints it.
    pub(crate) fn text(self) -> String {
        // A moment before 1970 counts its nanoseconds forward from the second before.
        match (self.seconds, self.nanos) {
            (seconds, 1..) if seconds < 0 => {
                let sign = if seconds == -1 { "-" } else { "" };
                format!("{sign}{}.{:09}", seconds + 1, 1_000_000_000 - self.nanos)
            }
            (seconds, nanos) => format!("{seconds}.{nanos:09}"),
        }
    }

    /// As HTTP writes dates, where it can: from 1970 to 9999.
    pub(crate) fn http_date(self) -> Option<String> {
        let seconds = u64::try_from(self.seconds).ok()?;
        // The first second of the year 10000.
        (seconds < 253_402_300_800).then(|| {
            let moment: SystemTime = UNIX_EPOCH + Duration::from_secs(seconds);
            httpdate::fmt_http_date(moment)
        })
    }
}

/// What the system says about a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) kind: Kind,
    /// In bytes.
    pub(crate) size: u64,
    /// What the filesystem has set aside for it, in bytes.
    pub(crate) allocated: u64,
    /// Permissions, with setuid, setgid and sticky bits.
    pub(crate) mode: u32,
    pub(crate) modified: Moment,
    /// With quotes, as in the header `ETag`. It changes with the file at this path and with its
    /// content: it is made of device, inode, size and both times. The time of modification alone
    /// would not do, since uploads set it.
    pub(crate) tag: String,
}

impl From<&Stat> for Entity {
    fn from(stat: &Stat) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Special,
        };
        let tag = format!(
            "\"{:x}-{:x}-{:x}-{:x}.{:x}-{:x}.{:x}\"",
            stat.st_dev,
            stat.st_ino,
            stat.st_size,
            stat.st_mtime,
            stat.st_mtime_nsec,
            stat.st_ctime,
            stat.st_ctime_nsec,
        );
        Self {
            kind,
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            // POSIX leaves the unit open; Linux has 512 bytes.
            allocated: u64::try_from(stat.st_blocks)
                .unwrap_or_default()
                .saturating_mul(512),
            mode: stat.st_mode & 0o7777,
            modified: Moment {
                seconds: stat.st_mtime,
                nanos: u32::try_from(stat.st_mtime_nsec).unwrap_or_default(),
            },
            tag,
        }
    }
}

impl Entity {
    /// As the API shows it, beside its name.
    pub(crate) fn describe(&self, object: &mut Map<String, Value>) {
        object.insert("kind".into(), self.kind.label().into());
        if self.kind == Kind::File {
            object.insert("size".into(), self.size.into());
        }
        object.insert("mode".into(), format!("{:04o}", self.mode).into());
        object.insert("mtime".into(), self.modified.text().into());
    }
}

/// Puts bytes that should be UTF-8 under this key; those that are not under `KEY_base64`.
pub(crate) fn put_text(object: &mut Map<String, Value>, key: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => object.insert(key.to_owned(), text.into()),
        Err(_) => object.insert(format!("{key}_base64"), STANDARD.encode(bytes).into()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: i64, nanos: u32) -> Moment {
        Moment { seconds, nanos }
    }

    #[test]
    fn moments_are_decimal_seconds() {
        assert_eq!(moment(5, 70).text(), "5.000000070");
        assert_eq!(moment(-1, 500_000_000).text(), "-0.500000000");
        assert_eq!(moment(-2, 250_000_000).text(), "-1.750000000");
        assert_eq!(moment(-2, 0).text(), "-2.000000000");
    }

    #[test]
    fn dates_that_http_cannot_write_are_left_out() {
        let date = moment(0, 0).http_date();
        assert_eq!(date.as_deref(), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!(moment(-1, 0).http_date(), None);
        assert_eq!(moment(i64::MAX, 0).http_date(), None);
        assert!(moment(253_402_300_799, 0).http_date().is_some());
        assert_eq!(moment(253_402_300_800, 0).http_date(), None);
    }

    #[test]
    fn what_is_not_utf8_is_base64() {
        let mut object = Map::new();
        put_text(&mut object, "name", "ä".as_bytes());
        put_text(&mut object, "path", b"\xff");
        assert_eq!(object["name"], "ä");
        assert_eq!(object["path_base64"], "/w==");
    }
}
