//! Many plugins of one library.

/// The bytes of a library with one text replaced by another of the same length, wherever it stands:
/// the plugin's name, for instance. So no build is needed for each of them.
///
/// Panics if the lengths differ, or if the text does not stand in the library at all.
#[track_caller]
#[must_use]
pub fn rewritten(library: &[u8], text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len(), "`{text}` and `{other}`");
    let (text, mut copy) = (text.as_bytes(), library.to_vec());
    let mut found = false;
    let mut at = 0;
    while at + text.len() <= copy.len() {
        if copy[at..].starts_with(text) {
            copy[at..at + text.len()].copy_from_slice(other.as_bytes());
            at += text.len();
            found = true;
        } else {
            at += 1;
        }
    }
    assert!(
        found,
        "the library does not hold what `{other}` should replace"
    );
    copy
}

#[cfg(test)]
mod tests {
    use super::rewritten;

    #[test]
    fn every_place_is_rewritten_and_nothing_else() {
        assert_eq!(rewritten(b"a-0 aa-0-0", "a-0", "b-7"), b"b-7 ab-7-0");
        assert_eq!(rewritten(b"000", "00", "01"), b"010");
    }

    #[test]
    #[should_panic(expected = "does not hold")]
    fn a_text_that_is_not_there_is_a_mistake() {
        let _ = rewritten(b"abc", "x", "y");
    }
}
