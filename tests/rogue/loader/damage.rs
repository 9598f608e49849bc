//! Damaged and foreign copies are refused, and none of their code runs.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::{Bench, note, patched, rogue};

static ROGUE: LazyLock<Vec<u8>> = LazyLock::new(rogue);

#[test]
fn a_copy_cut_off_anywhere_is_refused() {
    let bench = Bench::new();
    for sixteenth in 0..16 {
        let end = ROGUE.len() * sixteenth / 16;
        let error = bench.inspect(&ROGUE[..end]).unwrap_err();
        let expected = if end == 0 { "empty" } else { "truncated" };
        assert_eq!(error.reason(), expected, "{sixteenth}/16: {error}");
    }
    let error = bench.inspect(&ROGUE[..ROGUE.len() - 1]).unwrap_err();
    assert_eq!(error.reason(), "truncated", "{error}");
}

#[test]
fn a_patched_copy_is_refused_for_what_was_patched() {
    let bench = Bench::new();
    let note = note(&ROGUE);
    for (what, at, with, reason) in [
        ("a program", 16, &[2, 0][..], "not_shared"),
        ("for another machine", 18, &[22, 0], "wrong_architecture"),
        ("for the next ABI", note + 2, &[2, 0], "wrong_abi"),
        ("aborting on panics", note + 6, &[1], "panic_abort"),
        ("with another name", note + 10, b"Rogue", "bad_name"),
        ("without a note", note - 8, b"NONE", "no_note"),
    ] {
        let error = bench.inspect(&patched(&ROGUE, at, with)).unwrap_err();
        assert_eq!(error.reason(), reason, "{what}: {error}");
    }
}

/// The lie is found only once the library is loaded.
#[test]
fn a_note_that_says_another_name_than_the_manifest_is_refused() {
    let bench = Bench::new();
    let lie = patched(&ROGUE, note(&ROGUE) + 10, b"saint");
    let path = bench.put("saint.so", &lie);
    let error = bench.load(&path).err().unwrap();
    assert_eq!(error.reason(), "manifest_mismatch", "{error}");
    let text = error.to_string();
    assert!(text.contains("saint") && text.contains("rogue"), "{text}");
}

#[test]
fn a_library_without_the_entry_point_is_refused() {
    let name = abi_stable::library::ROOT_MODULE_LOADER_NAME.as_bytes();
    let mut bytes = ROGUE.clone();
    let places: Vec<usize> = bytes
        .windows(name.len())
        .enumerate()
        .filter_map(|(at, window)| (window == name).then_some(at))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at] = b'X';
    }
    let bench = Bench::new();
    let error = bench.load(&bench.put("rogue.so", &bytes)).err().unwrap();
    assert_eq!(error.reason(), "no_root", "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// In the headers and in the note, where every bit means something.
    #[test]
    fn a_flipped_bit_never_panics(at in 0..1024_usize, bit in 0..8_u8, in_note: bool) {
        let at = if in_note { note(&ROGUE) - 20 + at % 120 } else { at };
        let bench = Bench::new();
        let _ = bench.inspect(&patched(&ROGUE, at, &[ROGUE[at] ^ (1 << bit)]));
    }
}
