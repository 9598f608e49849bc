#![allow(clippy::unwrap_used)]

mod install;
mod trust;

use std::{
    collections::HashSet,
    fs::{self, File, Permissions},
    os::unix::{
        fs::{PermissionsExt, symlink},
        net::UnixListener,
    },
};

use proptest::prelude::*;
use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::geteuid,
};
use tempfile::TempDir;

use super::{note::Note, *};

const TEXTS: [&str; 4] = ["demo", "1.2.3", "Shows.", "0.1.0"];
const NOTE: usize = gaxx_abi::note::length(TEXTS);

/// Where things lie in [`library`].
const SEGMENTS: usize = 64;
const AT_NOTE: usize = SEGMENTS + 4 * 56;
const AT_DYNAMIC: usize = (AT_NOTE + NOTE).next_multiple_of(8);
const AT_STRINGS: usize = AT_DYNAMIC + 4 * 16;
const AT_SYMBOLS: usize = AT_STRINGS + 8;
const AT_SECTIONS: usize = AT_SYMBOLS + 24;
const SIZE: usize = AT_SECTIONS + 2 * 64;

/// The smallest library that passes: one segment, a dynamic section, a note, a section table.
fn library(flags: u8) -> Vec<u8> {
    let mut out = vec![0; SIZE];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    let half = |value: usize| u16::try_from(value).unwrap().to_le_bytes();
    let word = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
    let long = |value: usize| (value as u64).to_le_bytes();

    put(0, b"\x7fELF\x02\x01\x01");
    let machine = if cfg!(target_arch = "aarch64") {
        183
    } else {
        62
    };
    for (at, value) in [
        (16, 3),
        (18, machine),
        (20, 1),
        (52, 64),
        (54, 56),
        (56, 4),
        (58, 64),
        (60, 2),
    ] {
        put(at, &half(value));
    }
    put(32, &long(SEGMENTS));
    put(40, &long(AT_SECTIONS));
    let segments = [
        (1, 6, 0, SIZE, 4096),
        (2, 6, AT_DYNAMIC, 64, 8),
        (4, 4, AT_NOTE, NOTE, 4),
        (0x6474_e551, 6, 0, 0, 16),
    ];
    for (index, (kind, access, offset, size, align)) in segments.into_iter().enumerate() {
        let at = SEGMENTS + index * 56;
        put(at, &word(kind));
        put(at + 4, &word(access));
        for (field, value) in [
            (8, offset),
            (16, offset),
            (32, size),
            (40, size),
            (48, align),
        ] {
            put(at + field, &long(value));
        }
    }
    put(AT_NOTE, &gaxx_abi::note::Note::<NOTE>::new(TEXTS, flags).0);
    let entries = [(5, AT_STRINGS), (10, 1), (6, AT_SYMBOLS), (0, 0)];
    for (index, (tag, value)) in entries.into_iter().enumerate() {
        put(AT_DYNAMIC + index * 16, &long(tag));
        put(AT_DYNAMIC + index * 16 + 8, &long(value));
    }
    let section = AT_SECTIONS + 64;
    put(section + 4, &word(7));
    put(section + 24, &long(AT_NOTE));
    put(section + 32, &long(NOTE));
    out
}

/// A folder with a file `x.so`, and a loader.
struct Fixture {
    folder: TempDir,
    loader: Loader,
}

impl Fixture {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let loader = Loader::new(Settings::new(folder.path().join("state")));
        Self { folder, loader }
    }

    fn of(bytes: &[u8]) -> Self {
        let fixture = Self::empty();
        fs::write(fixture.path(), bytes).unwrap();
        fixture
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("x.so")
    }

    fn inspect(&self) -> Result<Inspected, LoadError> {
        self.loader.inspect(&self.path())
    }

    fn trusts(&self, set: impl FnOnce(&mut Trust)) {
        let mut trust = Trust::default();
        set(&mut trust);
        self.loader.set_trust(trust);
    }

    /// The reason why `x.so` is refused, once the message was seen to name the file.
    fn reason(&self) -> &'static str {
        let error = self.inspect().unwrap_err();
        let message = error.to_string();
        assert!(message.contains(self.path().to_str().unwrap()), "{message}");
        assert!(message.ends_with(&*error.refusal.remedy()), "{message}");
        error.reason()
    }
}

fn reason_of(bytes: &[u8]) -> &'static str {
    Fixture::of(bytes).reason()
}

#[test]
fn a_whole_library_is_described_without_loading_it() {
    let bytes = library(gaxx_abi::note::DEBUG);
    let fixture = Fixture::of(&bytes);
    let expected = Inspected {
        file: fixture.path(),
        name: "demo".into(),
        version: "1.2.3".into(),
        description: "Shows.".into(),
        sdk: "0.1.0".into(),
        abi: (gaxx_abi::MAJOR, gaxx_abi::MINOR),
        flags: gaxx_abi::note::DEBUG,
        digest: blake3::hash(&bytes),
        size: bytes.len() as u64,
        signed_by: None,
    };
    assert_eq!(fixture.inspect(), Ok(expected));
    assert!(!fixture.folder.path().join("state").exists());
}

#[test]
fn other_files_are_refused() {
    assert_eq!(reason_of(b""), "empty");
    assert_eq!(reason_of(b"#!/bin/sh\nexit 0\n"), "not_elf");
    assert_eq!(reason_of(b"\x7fEL"), "not_elf");
    assert_eq!(reason_of(b"\x7fELF"), "truncated");
    assert_eq!(reason_of(&[0x5a; 9000]), "not_elf");
}

#[test]
fn a_library_cut_anywhere_is_refused() {
    let whole = library(0);
    for end in 1..whole.len() {
        let error = Fixture::of(&whole[..end]).inspect().unwrap_err();
        assert!(
            matches!(error.reason(), "truncated" | "not_elf"),
            "{end}: {error}"
        );
    }
}

#[test]
fn each_part_of_the_structure_is_checked() {
    let with = |at: usize, bytes: &[u8]| {
        let mut library = library(0);
        library[at..at + bytes.len()].copy_from_slice(bytes);
        reason_of(&library)
    };
    let segment = |index: usize| SEGMENTS + index * 56;
    let far = &u64::MAX.to_le_bytes();
    for (what, reason, expected) in [
        ("32 bits", with(4, &[1]), "wrong_architecture"),
        ("big-endian", with(5, &[2]), "wrong_architecture"),
        ("s390x", with(18, &[22, 0]), "wrong_architecture"),
        ("executable", with(16, &[2]), "not_shared"),
        ("object file", with(16, &[1]), "not_shared"),
        ("program headers outside", with(32, far), "truncated"),
        ("segment outside", with(segment(0) + 32, far), "truncated"),
        (
            "segment at the end of memory",
            with(segment(0) + 16, far),
            "truncated",
        ),
        ("nothing to map", with(segment(0), &[0]), "truncated"),
        ("no dynamic section", with(segment(1), &[0]), "not_shared"),
        (
            "dynamic section elsewhere",
            with(segment(1) + 16, &[1]),
            "truncated",
        ),
        ("no note", with(segment(2), &[0]), "no_note"),
        (
            "executable stack",
            with(segment(3) + 4, &[7]),
            "unsafe_memory",
        ),
        (
            "no word on the stack",
            with(segment(3), &[0; 4]),
            "unsafe_memory",
        ),
        (
            "dynamic section that cannot be written",
            with(segment(0) + 4, &[4]),
            "truncated",
        ),
        ("writable code", with(segment(0) + 4, &[7]), "unsafe_memory"),
        ("strings outside", with(AT_DYNAMIC + 8, far), "truncated"),
        ("no symbols", with(AT_DYNAMIC + 32, &[21]), "truncated"),
        (
            "text relocations",
            with(AT_DYNAMIC + 32, &[22]),
            "unsafe_memory",
        ),
        (
            "section outside",
            with(AT_SECTIONS + 64 + 32, far),
            "truncated",
        ),
        ("foreign note", with(AT_NOTE + 12, b"GNU\0"), "no_note"),
        ("note of another type", with(AT_NOTE + 8, &[9]), "no_note"),
        ("next major", with(AT_NOTE + 22, &[2]), "wrong_abi"),
        (
            "damaged note",
            with(AT_NOTE + 28, &[0xff, 0xff]),
            "bad_note",
        ),
        ("bad name", with(AT_NOTE + 30, b"DEMO"), "bad_name"),
        ("bad version", with(AT_NOTE + 36, b"\x1b"), "bad_text"),
    ] {
        assert_eq!(reason, expected, "{what}");
    }
    assert_eq!(
        reason_of(&library(gaxx_abi::note::PANIC_ABORT)),
        "panic_abort"
    );
}

#[test]
fn a_library_of_the_system_is_no_plugin() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps
        .split_whitespace()
        .find(|word| word.ends_with("/libc.so.6"))
        .unwrap();
    let loader = Fixture::empty().loader;
    let error = loader.inspect(Path::new(libc)).unwrap_err();
    assert_eq!(error.reason(), "no_note", "{error}");
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let fixture = Fixture::empty();
    let path = fixture.path();
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert_eq!(fixture.reason(), "not_regular");
    fs::remove_file(&path).unwrap();
    let socket = UnixListener::bind(&path).unwrap();
    assert_eq!(fixture.reason(), "not_regular");
    drop(socket);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(fixture.reason(), "not_regular");
    let above = fixture.loader.inspect(Path::new("..")).unwrap_err();
    assert_eq!(above.reason(), "not_regular");
}

#[test]
fn links_are_not_followed() {
    let fixture = Fixture::empty();
    let target = fixture.folder.path().join("target");
    fs::write(&target, library(0)).unwrap();
    symlink(&target, fixture.path()).unwrap();
    assert_eq!(fixture.reason(), "link");
}

#[test]
fn a_missing_file_is_unreadable() {
    assert_eq!(Fixture::empty().reason(), "unreadable");
}

#[test]
fn a_huge_file_is_refused_by_its_size() {
    let fixture = Fixture::empty();
    File::create(fixture.path())
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert_eq!(fixture.reason(), "too_large");
}

#[test]
fn what_others_can_write_is_refused() {
    let fixture = Fixture::of(&library(0));
    let set = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    set(&fixture.path(), 0o646);
    assert_eq!(fixture.reason(), "mode");
    set(&fixture.path(), 0o644);
    set(fixture.folder.path(), 0o707);
    assert_eq!(fixture.reason(), "folder_mode");
    set(fixture.folder.path(), 0o755);
    assert!(fixture.inspect().is_ok());
}

/// As another user these need root, and as root a file cannot be made unreadable.
#[test]
fn owner_group_and_permission_to_read() {
    let fixture = Fixture::of(&library(0));
    let path = fixture.path();
    if geteuid().is_root() {
        std::os::unix::fs::chown(&path, None, Some(7)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
        assert_eq!(
            fixture.reason(),
            "mode",
            "a group of several users may write"
        );
        std::os::unix::fs::chown(&path, Some(7), None).unwrap();
        assert_eq!(fixture.reason(), "owner");
        std::os::unix::fs::chown(fixture.folder.path(), Some(7), None).unwrap();
        assert_eq!(fixture.reason(), "folder_owner");
    } else {
        fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
        assert_eq!(fixture.reason(), "unreadable");
    }
}

#[test]
fn an_allow_list_admits_only_what_it_names() {
    let bytes = library(0);
    let fixture = Fixture::of(&bytes);
    fixture.trusts(|trust| trust.allowed_digests = Some(HashSet::new()));
    assert_eq!(fixture.reason(), "not_allowed");
    let digest = blake3::hash(&bytes).to_string().parse().unwrap();
    fixture.trusts(|trust| trust.allowed_digests = Some(HashSet::from([digest])));
    assert!(fixture.inspect().is_ok());
}

#[test]
fn what_changed_since_the_inspection_is_not_loaded() {
    let fixture = Fixture::of(&library(0));
    let inspected = fixture.inspect().unwrap();
    fs::write(fixture.path(), library(gaxx_abi::note::DEBUG)).unwrap();
    let error = fixture.loader.load(&inspected).err().unwrap();
    assert_eq!(error.reason(), "changed");
}

#[test]
fn a_library_without_code_is_refused_by_the_linker_or_has_no_entry() {
    let fixture = Fixture::of(&library(0));
    let error = fixture
        .loader
        .load(&fixture.inspect().unwrap())
        .err()
        .unwrap();
    assert!(matches!(error.reason(), "dlopen" | "no_root"), "{error}");
    assert!(!error.to_string().contains("loaded/"), "{error}");
    let copies = fixture.folder.path().join("state/loaded");
    assert_eq!(fs::read_dir(&copies).unwrap().count(), 1);
    fixture.loader.remove_copies();
    assert_eq!(fs::read_dir(&copies).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_never_panic(mut bytes: Vec<u8>, elf: bool) {
        if elf {
            bytes.splice(0..0, *b"\x7fELF\x02\x01\x01");
        }
        let _ = elf::Library::check(&bytes).and_then(|library| Note::of(&library));
    }

    #[test]
    fn damaged_bytes_never_panic(damage in proptest::collection::vec((0..SIZE, any::<u8>()), 1..6)) {
        let mut bytes = library(0);
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        let _ = elf::Library::check(&bytes).and_then(|library| Note::of(&library));
    }
}
