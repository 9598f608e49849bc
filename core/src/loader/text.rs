//! What names and one-line texts of plugins may look like.

/// The longest name, in bytes.
pub const MAX_NAME: usize = 64;
/// The longest version, in bytes.
pub const MAX_VERSION: usize = 64;
/// The longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 1024;

/// Whether this names a plugin or a component: lower-case words joined by dashes, the first of
/// which begins with a letter.
pub fn is_name(text: &str) -> bool {
    let word = |w: &str| {
        !w.is_empty()
            && w.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.len() <= MAX_NAME
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(word)
}

/// Whether this is one line of at most `most` bytes, safe to show on a terminal.
pub fn is_line(text: &str, most: usize) -> bool {
    text.len() <= most && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "system", "file-transfer", "tcp-port2", "x2-4y"] {
            assert!(is_name(good), "{good}");
        }
        let long = "a".repeat(MAX_NAME + 1);
        for bad in [
            "", "-", "a-", "-a", "a--b", "A", "a_b", "2a", "a b", "ä", "a/b", "a\0", &long,
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn lines() {
        assert!(is_line("", 0));
        assert!(is_line("größe", 7));
        assert!(!is_line("größe", 6));
        for bad in ["a\nb", "a\x1b[31m", "\u{85}"] {
            assert!(!is_line(bad, 64), "{bad:?}");
        }
    }
}
