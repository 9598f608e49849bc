//! The ABI is what `docs/abi.md` says it is.
// The sizes there are those of 64-bit systems.
#![cfg(target_pointer_width = "64")]
#![allow(clippy::unwrap_used)]

mod describe;

use std::{
    fs,
    path::{Path, PathBuf},
};

use gaxx_abi::{MAJOR, MINOR};

/// A row of the table of versions in `docs/abi.md`.
struct Version {
    abi: String,
    /// Digest of [`describe::abi`].
    layout: String,
    /// Digest of the copy that is kept of a released version.
    frozen: Option<String>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn documented() -> Vec<Version> {
    let page = fs::read_to_string(repository().join("docs/abi.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        let ["", abi, layout, frozen, ..] = cells[..] else {
            return None;
        };
        let is_digest =
            |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        is_digest(layout).then(|| Version {
            abi: abi.to_owned(),
            layout: layout.to_owned(),
            frozen: is_digest(frozen).then(|| frozen.to_owned()),
        })
    });
    rows.collect()
}

/// The first half of BLAKE3, in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

#[test]
fn the_layout_is_the_documented_one() {
    let text = describe::abi();
    let current = format!("{MAJOR}.{MINOR}");
    let all = documented();
    let row = all.iter().find(|version| version.abi == current);
    let row = row.unwrap_or_else(|| panic!("docs/abi.md has no row of ABI {current}"));
    let found = digest(text.as_bytes());
    if found == row.layout {
        return;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("abi-{current}.txt"));
    fs::write(&file, text).unwrap();
    panic!(
        "The ABI has changed: its digest is {found}, and docs/abi.md says {} for {current}.\n\
         {} describes it as it is now; the same test in an older checkout writes it as it was.\n\
         If {current} has been released, this is a new version: follow \"Changing the ABI\" in \
         docs/abi.md. If it has not, put the new digest there.",
        row.layout,
        file.display()
    );
}

#[test]
fn the_crates_version_is_that_of_the_abi() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        version.starts_with(&format!("{MAJOR}.{MINOR}.")),
        "{version}"
    );
}

/// What was released does not change: tests that a plugin of that time still works must build one
/// of that time.
#[test]
fn frozen_copies_are_as_they_were_released() {
    let mut copies = 0;
    for version in documented() {
        let Some(documented) = version.frozen else {
            continue;
        };
        let folder = repository().join(format!("tests/frozen/abi-{}", version.abi));
        let mut all = blake3::Hasher::new();
        for file in describe::sources(&folder) {
            let name = file
                .strip_prefix(&folder)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if !name.starts_with("target") {
                all.update(name.as_bytes())
                    .update(&[0])
                    .update(&fs::read(&file).unwrap())
                    .update(&[0]);
            }
        }
        let found = all.finalize().to_hex()[..32].to_owned();
        assert_eq!(
            found,
            documented,
            "{} has changed: take it from version control",
            folder.display()
        );
        copies += 1;
    }
    assert!(copies > 0, "docs/abi.md names no frozen copy");
}
