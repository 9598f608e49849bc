//! Texts that plugins and file names bring, made fit for logs, terminals and pages.

/// One line without control characters, so that it cannot pass for another line of a log or steer
/// a terminal; cut after `most` characters.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let mut line: String = text.chars().take(most).map(plain).collect();
    if text.chars().nth(most).is_some() {
        line.push('…');
    }
    line
}

fn plain(character: char) -> char {
    // Unicode's own line ends are no control characters, and some viewers break lines there.
    if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
        ' '
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_cannot_forge_a_line_of_the_log() {
        assert_eq!(
            one_line("a\n2026 ERROR b\x1b[31m", 99),
            "a 2026 ERROR b [31m"
        );
        assert_eq!(one_line("a\r\n\u{2028}b\0", 99), "a   b ");
    }

    #[test]
    fn what_is_too_long_is_cut_and_shows_it() {
        assert_eq!(one_line("ääää", 4), "ääää");
        assert_eq!(one_line("äääää", 4), "ääää…");
    }
}
