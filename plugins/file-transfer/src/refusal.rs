//! Why something is not done: a reason from a closed set, a message that names the thing, and what
//! to do about it.

use std::time::Duration;

use gaxx_sdk::{Error, ErrorKind, json};
use rustix::io::Errno;

/// Declares the reasons with their labels in metrics and the status of their answers.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $label:literal $status:literal;)*) => {
        /// Why something is not done; a label of `gaxx_file_transfer_refused_total`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word for it.
            pub(crate) const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// The status of the answer.
            pub(crate) const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }
        }
    };
}

reasons! {
    /// A path that is not percent-encoded as it should be.
    Encoding "encoding" 400;
    /// An empty segment, `.` or `..`.
    Segment "segment" 400;
    /// A NUL in a name.
    Nul "nul" 400;
    /// A name or a path that is too long.
    NameTooLong "name_too_long" 400;
    /// A name that the agent needs itself.
    Reserved "reserved" 403;
    /// A root that is not configured.
    UnknownRoot "unknown_root" 404;
    /// No such file.
    NotFound "not_found" 404;
    /// The configuration or the system does not allow it.
    NotAllowed "not_allowed" 403;
    /// A path that leads out of the root, or onto another filesystem.
    Outside "outside" 403;
    /// A symbolic link where none is followed.
    Link "link" 403;
    /// A device, a pipe or a socket.
    Special "special_file" 403;
    /// A folder where a file is needed, or a file where a folder is.
    WrongKind "wrong_kind" 409;
    /// A mode with more than permissions.
    Mode "mode" 400;
    /// A header that cannot be read.
    Header "header" 400;
    /// A query that cannot be read.
    Query "query" 400;
    /// A method that does not fit the path.
    Method "method" 405;
    /// A file larger than one may be.
    TooLarge "too_large" 413;
    /// More than the root's quota.
    Quota "quota" 413;
    /// The filesystem is full, or would be.
    Space "space" 507;
    /// The digest is another one.
    Digest "digest" 422;
    /// What the request demands of the file as it is does not hold.
    Precondition "precondition" 412;
    /// A range that the file does not have.
    Range "range" 416;
    /// A piece that does not begin where the upload ends.
    Offset "offset" 409;
    /// The upload is at work on another connection.
    Busy "busy" 409;
    /// It is there already, or not empty.
    Exists "exists" 409;
    /// A tar stream that cannot be taken.
    Archive "archive" 400;
    /// As many requests are at work as may be.
    Crowded "crowded" 429;
    /// The audit log cannot be written.
    Audit "audit" 503;
    /// The root is being looked through.
    Starting "starting" 503;
    /// The file was changed meanwhile.
    Changed "changed" 503;
    /// The caller went away, or the agent is being stopped.
    Interrupted "interrupted" 400;
    /// The system refused it.
    System "system" 500;
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) message: String,
    pub(crate) remedy: String,
    pub(crate) retry_after: Option<Duration>,
    /// More headers of the answer.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(
        reason: Reason,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            reason,
            message: message.into(),
            remedy: remedy.into(),
            retry_after: None,
            headers: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says when to try again, in whole seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// What the system answered about a path beneath a root.
    pub(crate) fn system(errno: Errno, path: &[u8]) -> Self {
        let path = show(path);
        let (reason, message, remedy) = match errno {
            Errno::NOENT => (
                Reason::NotFound,
                format!("{path} is not there"),
                "list its folder with GET",
            ),
            Errno::NOTDIR => (
                Reason::WrongKind,
                format!("a part of {path} is no folder"),
                "list its folder with GET",
            ),
            Errno::ISDIR => (
                Reason::WrongKind,
                format!("{path} is a folder"),
                "name a file, or send a folder as application/x-tar",
            ),
            Errno::LOOP => (
                Reason::Link,
                format!("{path} is or leads through a symbolic link"),
                "name the file itself; `follow: true` of the root follows links beneath it",
            ),
            Errno::XDEV => (
                Reason::Outside,
                format!("{path} leads out of the root, or onto another filesystem"),
                "name a file beneath the root; a filesystem mounted beneath it needs a root of its own",
            ),
            Errno::NAMETOOLONG => (
                Reason::NameTooLong,
                format!("{path} is too long for this filesystem"),
                "use shorter names",
            ),
            Errno::ACCESS | Errno::PERM | Errno::ROFS => (
                Reason::NotAllowed,
                format!("the system does not allow it for {path}: {errno}"),
                "give the agent's user the permission, or mount the filesystem for writing",
            ),
            Errno::NXIO | Errno::NODEV => (
                Reason::Special,
                format!("{path} is a device, a pipe or a socket"),
                "only files and folders are moved",
            ),
            Errno::NOSPC | Errno::DQUOT => (
                Reason::Space,
                format!("there is no space left for {path}: {errno}"),
                "make room on the filesystem; an upload with X-Upload-Id can be resumed",
            ),
            Errno::FBIG => (
                Reason::TooLarge,
                format!("{path} is larger than a file may be: {errno}"),
                "raise the limit of the filesystem or of the agent's process",
            ),
            Errno::EXIST | Errno::NOTEMPTY => (
                Reason::Exists,
                format!("{path} is there already, or is a folder that is not empty"),
                "choose another name, or delete it first",
            ),
            Errno::AGAIN => (
                Reason::Changed,
                format!("{path} was moved again and again meanwhile"),
                "try again",
            ),
            errno => (
                Reason::System,
                format!("{path}: {errno}"),
                "look into the agent's log and the system's",
            ),
        };
        Self::new(reason, message, remedy)
    }

    /// What `std` answered about a path.
    pub(crate) fn io(error: &std::io::Error, path: &[u8]) -> Self {
        match Errno::from_io_error(error) {
            Some(errno) => Self::system(errno, path),
            None => Self::new(
                Reason::System,
                format!("{}: {error}", show(path)),
                "look into the agent's log",
            ),
        }
    }

    /// The caller's connection failed.
    pub(crate) fn interrupted(error: &Error) -> Self {
        let message = match error.kind() {
            ErrorKind::Deadline => "the other side made no progress for a minute".to_owned(),
            _ => error.message().to_owned(),
        };
        Self::new(
            Reason::Interrupted,
            message,
            "send it again; an upload with X-Upload-Id goes on where it ended",
        )
    }

    /// The JSON of the answer.
    pub(crate) fn body(&self) -> String {
        json!({
            "error": self.message,
            "remedy": self.remedy,
            "reason": self.reason.label(),
        })
        .to_string()
    }
}

/// A path in a message: what is not UTF-8 is shown as a question mark in a diamond.
pub(crate) fn show(path: &[u8]) -> String {
    if path.is_empty() {
        "the root".to_owned()
    } else {
        String::from_utf8_lossy(path).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn labels_are_distinct_words() {
        let labels: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.label()).collect();
        assert_eq!(labels.len(), Reason::ALL.len());
        let plain = |label: &str| label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(labels.into_iter().all(plain));
    }

    #[test]
    fn every_answer_of_the_system_has_a_remedy() {
        for number in 1..=133 {
            let refusal = Refusal::system(Errno::from_raw_os_error(number), b"a");
            assert!(!refusal.remedy.is_empty() && refusal.message.contains('a'));
            assert!(refusal.reason.status() >= 400);
        }
    }
}
