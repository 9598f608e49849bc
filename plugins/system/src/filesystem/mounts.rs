//! The mounted file systems, from the list of the first process or else our own.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use gaxx_sdk::prelude::*;

use super::FilesystemSettings;
use crate::{pattern::Excluded, source::Source};

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) device: String,
    /// Its type, such as `ext4`.
    pub(crate) kind: String,
    /// Where the machine has it mounted.
    pub(crate) point: String,
    /// Where this program finds that place.
    pub(crate) path: PathBuf,
    pub(crate) is_read_only: bool,
}

/// Reads the list, and leaves out what the settings say.
#[derive(Debug)]
pub(crate) struct Mounts {
    /// The first process's list, which in a container with the machine's processes is the
    /// machine's, and our own for where that cannot be read.
    lists: [Source; 2],
    root: PathBuf,
    points: Excluded,
    kinds: Excluded,
    /// The text that was last read, and what came of it: it seldom changes.
    last: (String, Arc<[Mount]>),
}

impl Mounts {
    pub(crate) fn new(procfs: &Path, root: PathBuf, settings: FilesystemSettings) -> Self {
        Self {
            lists: ["1/mounts", "self/mounts"].map(|below| Source::new(procfs, below)),
            root,
            points: Excluded::new(settings.mount_points_exclude),
            kinds: Excluded::new(settings.types_exclude),
            last: (String::new(), Arc::new([])),
        }
    }

    /// The mounted file systems that are not left out.
    pub(crate) fn read(&mut self) -> Result<Arc<[Mount]>> {
        let [first, own] = &mut self.lists;
        let text = match first.read() {
            Ok(text) => text,
            Err(_) => own.read_if_there()?.unwrap_or_default(),
        };
        if self.last.0 != text {
            let mut seen = HashSet::new();
            let mounts = text
                .lines()
                .filter_map(|line| mount(line, &self.root))
                .filter(|mount| !self.kinds.has(&mount.kind) && !self.points.has(&mount.point))
                // One mounted over another at the same place hides it.
                .filter(|mount| {
                    let labels = (&mount.device, &mount.kind, &mount.point);
                    seen.insert(format!("{labels:?}"))
                });
            let mounts = mounts.collect();
            self.last = (text.into_owned(), mounts);
        }
        Ok(Arc::clone(&self.last.1))
    }
}

/// A line of the list: device, mount point, type and options.
fn mount(line: &str, root: &Path) -> Option<Mount> {
    let mut words = line.split_ascii_whitespace();
    let device = unescape(words.next()?);
    let point = unescape(words.next()?);
    let kind = unescape(words.next()?);
    let is_read_only = words.next()?.split(',').any(|option| option == "ro");
    // Seen from a container, the machine's mounts stand below where its root is mounted.
    let point = match Path::new(&point).strip_prefix(root) {
        Ok(below) if root != Path::new("/") => format!("/{}", below.display()),
        _ => point,
    };
    let path = root.join(point.trim_start_matches('/'));
    Some(Mount {
        device,
        kind,
        point,
        path,
        is_read_only,
    })
}

/// A word of the list, in which the kernel writes white space and backslashes as `\040`.
fn unescape(word: &str) -> String {
    let mut parts = word.split('\\');
    let mut plain = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let rest = if let Some(byte) = code {
            plain.push(byte);
            part.get(3..).unwrap_or_default()
        } else {
            plain.push(b'\\');
            part
        };
        plain.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"/mnt/a\040b\011c"), "/mnt/a b\tc");
        assert_eq!(unescape(r"\134"), "\\");
        assert_eq!(unescape(r"a\9b"), r"a\9b");
        assert_eq!(unescape(r"\777x"), r"\777x");
    }

    #[test]
    fn the_root_of_the_machine_is_taken_off_and_put_before() {
        let line = "/dev/sda1 /host/home ext4 ro,noatime 0 0";
        let found = mount(line, Path::new("/host")).unwrap();
        assert_eq!(found.point, "/home");
        assert_eq!(found.path, Path::new("/host/home"));
        assert!(found.is_read_only);
        let found = mount(
            "/dev/sda1 / ext4 rw,errors=remount-ro 0 0",
            Path::new("/host"),
        )
        .unwrap();
        assert_eq!(
            (found.point.as_str(), found.path),
            ("/", PathBuf::from("/host/"))
        );
        assert!(!found.is_read_only);
    }

    proptest! {
        #[test]
        fn plain_words_stay(word in "[a-zäöü/.0-9]{0,20}") {
            prop_assert_eq!(unescape(&word), word);
        }

        #[test]
        fn any_line_is_read_without_panic(line in "(/[a-z\\\\0-9é]{0,9} ?){0,6}|\\PC*") {
            if let Some(mount) = mount(&line, Path::new("/host")) {
                prop_assert!(mount.path.starts_with("/host"));
            }
        }
    }
}
