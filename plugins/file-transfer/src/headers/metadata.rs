//! What an upload says of the file beside its content: `X-File-Mode` and `X-File-Mtime`.

use gaxx_sdk::Request;

use super::{number, unreadable};
use crate::{
    entity::Moment,
    refusal::{Reason, Refusal},
};

/// The permissions of a file whose upload says nothing of them, before the umask.
const USUAL: u32 = 0o666;

/// What an upload says of the file beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Permissions, before the umask.
    pub(crate) mode: u32,
    /// When the file was last changed; nothing: now.
    pub(crate) modified: Option<Moment>,
}

impl Metadata {
    pub(crate) fn read(request: &Request) -> Result<Self, Refusal> {
        let mode = request.header("x-file-mode").map(mode).transpose()?;
        let modified = request.header("x-file-mtime").map(moment).transpose()?;
        Ok(Self {
            mode: mode.unwrap_or(USUAL),
            modified,
        })
    }
}

/// Refuses a mode that is more than permissions.
pub(crate) fn permissions(mode: u32) -> Result<u32, Refusal> {
    if mode & !0o777 == 0 {
        return Ok(mode);
    }
    Err(Refusal::new(
        Reason::Mode,
        format!("the mode {mode:04o} has setuid, setgid or sticky bits"),
        "send permissions only, such as 0755",
    ))
}

fn mode(text: &str) -> Result<u32, Refusal> {
    let digits = text.trim();
    let octal =
        (1..=5).contains(&digits.len()) && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = octal.then(|| u32::from_str_radix(digits, 8).ok()).flatten();
    permissions(mode.ok_or_else(|| unreadable("X-File-Mode", "write octal digits, such as 0644"))?)
}

/// Reads `SECONDS` or `SECONDS.FRACTION`, since 1970, perhaps negative.
fn moment(text: &str) -> Result<Moment, Refusal> {
    let parse = || {
        let text = text.trim();
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let (seconds, digits) = (number(seconds)?, fraction.len());
        if seconds > 1 << 40 || !(1..=9).contains(&digits) {
            return None;
        }
        let scale = 10_u64.pow(9 - u32::try_from(digits).ok()?);
        let nanos = u32::try_from(number(fraction)? * scale).ok()?;
        let seconds = i64::try_from(seconds).ok()?;
        Some(match (negative, nanos) {
            (false, nanos) => Moment { seconds, nanos },
            (true, 0) => Moment {
                seconds: -seconds,
                nanos,
            },
            (true, nanos) => Moment {
                seconds: -seconds - 1,
                nanos: 1_000_000_000 - nanos,
            },
        })
    };
    parse().ok_or_else(|| {
        unreadable(
            "X-File-Mtime",
            "write seconds since 1970 with up to nine decimals, as `stat -c %.9Y FILE` prints them",
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn modes_are_permissions() {
        assert_eq!(mode("0644").unwrap(), 0o644);
        assert_eq!(mode("7").unwrap(), 7);
        assert_eq!(mode("00777").unwrap(), 0o777);
        for text in ["4755", "2755", "1777", "07777"] {
            assert_eq!(mode(text).unwrap_err().reason, Reason::Mode, "{text}");
        }
        for text in ["", "8", "-1", "0x1", "+644", "000644", "rw-r--r--"] {
            assert_eq!(mode(text).unwrap_err().reason, Reason::Header, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1e5",
            "1.0000000001",
            "+1",
            "1.-1",
            "99999999999999",
        ] {
            assert!(moment(text).is_err(), "{text}");
        }
        assert_eq!(
            moment("1.5").unwrap(),
            Moment {
                seconds: 1,
                nanos: 500_000_000
            }
        );
    }

    proptest! {
        #[test]
        fn a_moment_reads_as_it_is_shown(seconds in -(1_i64 << 40)..1 << 40, nanos in 0_u32..1_000_000_000) {
            let shown = Moment { seconds, nanos };
            prop_assert_eq!(moment(&shown.text()), Ok(shown));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|-?[0-9.]*") {
            let _ = moment(&text);
            if let Ok(mode) = mode(&text) {
                prop_assert!(mode <= 0o777);
            }
        }
    }
}
