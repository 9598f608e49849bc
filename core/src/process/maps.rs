//! What is mapped into this process.

use std::fs;

/// A line of `/proc/PID/maps`; see proc(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping<'a> {
    /// The first address.
    pub start: u64,
    /// The first address behind it.
    pub end: u64,
    /// Four letters, as `r-xp`.
    pub permissions: &'a str,
    /// Where in the file it begins.
    pub offset: u64,
    /// The file, something like `[vdso]`, or nothing.
    pub path: &'a str,
}

impl Mapping<'_> {
    /// Whether it can be run.
    pub fn is_code(&self) -> bool {
        self.permissions.as_bytes().get(2) == Some(&b'x')
    }
}

/// What is mapped now, as the kernel writes it; empty where /proc cannot be read. Letters of a path
/// that are not UTF-8 are replaced.
pub fn read() -> String {
    let maps = fs::read("/proc/self/maps").unwrap_or_default();
    String::from_utf8_lossy(&maps).into_owned()
}

/// The mappings of such a text, by address; what cannot be read of it is left out.
pub fn parse(maps: &str) -> impl Iterator<Item = Mapping<'_>> {
    maps.lines().filter_map(line)
}

fn line(line: &str) -> Option<Mapping<'_>> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
    let (start, end) = (number(start)?, number(end)?);
    let permissions = fields.next()?;
    let offset = number(fields.next()?)?;
    // Behind device and inode; a path may have spaces of its own.
    let path = fields.nth(2)?.trim_start_matches(' ');
    (start < end).then_some(Mapping {
        start,
        end,
        permissions,
        offset,
        path,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_may_have_spaces_and_be_missing() {
        let read =
            line("55d0a0000000-55d0a0003000 r-xp 00002000 fe:00 131    /usr/bin/a b").unwrap();
        assert_eq!((read.end - read.start, read.offset), (0x3000, 0x2000));
        assert_eq!((read.path, read.is_code()), ("/usr/bin/a b", true));
        let read = line("7ffe0000-7fff0000 rw-p 00000000 00:00 0 ").unwrap();
        assert_eq!((read.path, read.is_code()), ("", false));
        for cut in [
            "",
            "7ffe r-xp",
            "7ffe0000-7fff0000 r-xp",
            "2-1 r-xp 0 0 0 x",
        ] {
            assert_eq!(line(cut), None, "{cut}");
        }
    }

    #[test]
    fn this_function_is_mapped() {
        let maps = read();
        let here = this_function_is_mapped as fn() as usize as u64;
        let code = parse(&maps).find(|mapping| (mapping.start..mapping.end).contains(&here));
        assert!(code.unwrap().is_code());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            start in 0..u64::MAX,
            length in 1_u64..1 << 40,
            offset: u64,
            path in "(/[a-z ]{1,20}[a-z])?",
        ) {
            let end = start.saturating_add(length);
            let text = format!("{start:x}-{end:x} r-xp {offset:08x} 00:00 7      {path}\n");
            let permissions = "r-xp";
            let path = path.as_str();
            let written = Mapping { start, end, permissions, offset, path };
            prop_assert_eq!(parse(&text).collect::<Vec<_>>(), vec![written]);
        }

        #[test]
        fn any_text_is_read_or_left_out(text in "[0-9a-f rwxp:/\\[\\]\n-]{0,200}") {
            prop_assert!(parse(&text).all(|mapping| mapping.start < mapping.end));
        }
    }
}
