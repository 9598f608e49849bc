//! Numbers and words in the kernel's text files.

/// A finite number; what is none is nothing.
pub(crate) fn number(text: &str) -> Option<f64> {
    // Almost all are plain digits, and those are read faster as what they are.
    if let Ok(value) = text.parse::<u64>() {
        return Some(value as f64);
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Lines of the form `name value ...`: the name without a colon at its end, and the first number.
pub(crate) fn named(text: &str) -> impl Iterator<Item = (&str, f64)> {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next()?;
        let value = number(words.next()?)?;
        Some((name.strip_suffix(':').unwrap_or(name), value))
    })
}

/// The first `N` numbers of a line; those that are missing or no numbers are nothing.
pub(crate) fn columns<'a, const N: usize>(
    words: impl Iterator<Item = &'a str>,
) -> [Option<f64>; N] {
    let mut columns = [None; N];
    for (column, word) in columns.iter_mut().zip(words) {
        *column = number(word);
    }
    columns
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers() {
        assert_eq!(number("12"), Some(12.0));
        assert_eq!(number("-1"), Some(-1.0));
        assert_eq!(number("0.25"), Some(0.25));
        assert_eq!(number("99999999999999999999"), Some(1e20));
        for none in ["", "x", "12kB", "inf", "NaN", "1 2"] {
            assert_eq!(number(none), None, "{none}");
        }
    }

    #[test]
    fn named_lines() {
        let text = "MemTotal:  100 kB\nshort\n\nbad: x\nbtime 5\n";
        let found: Vec<_> = named(text).collect();
        assert_eq!(found, [("MemTotal", 100.0), ("btime", 5.0)]);
    }

    #[test]
    fn missing_columns_are_nothing() {
        let found: [Option<f64>; 4] = columns("1 x 3".split(' '));
        assert_eq!(found, [Some(1.0), None, Some(3.0), None]);
    }

    proptest! {
        #[test]
        fn whole_numbers_are_read_back(value: u64) {
            prop_assert_eq!(number(&value.to_string()), Some(value as f64));
        }

        #[test]
        fn any_text_is_read_without_panic(text: String) {
            for (name, value) in named(&text) {
                prop_assert!(!name.contains(char::is_whitespace) && value.is_finite());
            }
        }
    }
}
