//! The ABI note: what a library says of itself without being loaded.
//!
//! It is an ELF note (section [`SECTION`], owner [`OWNER`], type [`KIND`]). Its descriptor, all
//! numbers little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 2 | [`FORMAT`] |
//! | 2 | major version of the ABI |
//! | 2 | minor version of the ABI |
//! | 1 | flags: [`PANIC_ABORT`], [`DEBUG`] |
//! | 1 | zero |
//! | 2 + n | plugin name: length, then UTF-8 |
//! | 2 + n | plugin version |
//! | 2 + n | description |
//! | 2 + n | version of the SDK; empty where none was used |
//! | .. | later formats may append; a reader passes over the rest |

/// The section that holds the note.
pub const SECTION: &str = ".note.gaxx.abi";
/// The owner's name in the note, without the terminating zero.
pub const OWNER: &str = "GAXX";
/// The type of the note.
pub const KIND: u32 = 1;
/// The version of the descriptor's layout.
pub const FORMAT: u16 = 1;
/// Flag: built with `panic = "abort"`, so that a panic could not be contained.
pub const PANIC_ABORT: u8 = 1;
/// Flag: built with debug assertions.
pub const DEBUG: u8 = 2;

/// Bytes before the descriptor: three sizes and the padded owner.
const HEADER: usize = 12 + 8;
const FIXED: usize = 8;

/// The length of a note with these texts, in bytes.
pub const fn length(texts: [&str; 4]) -> usize {
    let mut total = HEADER + FIXED;
    let mut i = 0;
    while i < texts.len() {
        total += 2 + texts[i].len();
        i += 1;
    }
    total.next_multiple_of(4)
}

/// A note in the form that lies in the file.
#[repr(C, align(4))]
pub struct Note<const N: usize>(pub [u8; N]);

impl<const N: usize> Note<N> {
    /// The note of a plugin; `texts` are name, version, description and SDK version.
    ///
    /// Fails to compile where `N` is not [`length`] of the texts or a text is over 65,535 bytes.
    pub const fn new(texts: [&str; 4], flags: u8) -> Self {
        assert!(
            N == length(texts),
            "the note's size is not that of its texts"
        );
        let mut out = Self([0; N]);
        let mut descriptor = FIXED;
        let mut i = 0;
        while i < texts.len() {
            descriptor += 2 + texts[i].len();
            i += 1;
        }
        let mut at = out.put(0, &5u32.to_le_bytes());
        at = out.put(at, &(descriptor as u32).to_le_bytes());
        at = out.put(at, &KIND.to_le_bytes());
        at = out.put(at, b"GAXX\0\0\0\0");
        at = out.put(at, &FORMAT.to_le_bytes());
        at = out.put(at, &crate::MAJOR.to_le_bytes());
        at = out.put(at, &crate::MINOR.to_le_bytes());
        at = out.put(at, &[flags, 0]);
        let mut i = 0;
        while i < texts.len() {
            let text = texts[i].as_bytes();
            assert!(
                text.len() <= u16::MAX as usize,
                "a text of the note is too long"
            );
            at = out.put(at, &(text.len() as u16).to_le_bytes());
            at = out.put(at, text);
            i += 1;
        }
        out
    }

    const fn put(&mut self, at: usize, bytes: &[u8]) -> usize {
        let mut i = 0;
        while i < bytes.len() {
            self.0[at + i] = bytes[i];
            i += 1;
        }
        at + bytes.len()
    }
}
