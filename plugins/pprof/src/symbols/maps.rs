//! What a process has in its memory, as `/proc/PID/maps` tells it (proc(5)).

use std::{fs, io};

use crate::profile::Mapping;

/// The code that this process has in its memory, in the order of addresses.
pub(super) fn of(process: u32) -> io::Result<Vec<Mapping>> {
    Ok(parse(&fs::read_to_string(format!("/proc/{process}/maps"))?))
}

/// Lines that cannot be read are passed over.
fn parse(text: &str) -> Vec<Mapping> {
    text.lines().filter_map(line).collect()
}

/// `55d0-55e0 r-xp 00001000 08:01 1234    /usr/bin/name with spaces`, of what can be executed.
fn line(line: &str) -> Option<Mapping> {
    let (range, rest) = line.split_once(' ')?;
    let (permissions, rest) = rest.split_once(' ')?;
    let mut fields = rest.splitn(4, ' ');
    let offset = fields.next()?;
    let file = fields.nth(2)?.trim_start();
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    permissions.contains('x').then_some(Mapping {
        start: number(start)?,
        end: number(end)?,
        offset: number(offset)?,
        file: file.into(),
        ..Mapping::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn code_is_found_with_its_file() {
        let text = "\
55d0-55e0 r--p 00000000 08:01 77                         /usr/bin/a b
55e0-55f0 r-xp 00001000 08:01 77                         /usr/bin/a b
7ffd-7fff rw-p 00000000 00:00 0                          [stack]
8000-8001 r-xp 00000000 00:00 0 
9000-9001 r-xp 00000000 00:00 0                          [vdso]
";
        let expected = |start, end, offset, file: &str| Mapping {
            start,
            end,
            offset,
            file: file.into(),
            ..Mapping::default()
        };
        let maps = [
            expected(0x55e0, 0x55f0, 0x1000, "/usr/bin/a b"),
            expected(0x8000, 0x8001, 0, ""),
            expected(0x9000, 0x9001, 0, "[vdso]"),
        ];
        assert_eq!(parse(text), maps);
    }

    #[test]
    fn this_process_has_this_function() {
        let here = this_process_has_this_function as fn() as usize as u64;
        let maps = of(std::process::id()).unwrap();
        let its = maps
            .iter()
            .find(|it| (it.start..it.end).contains(&here))
            .unwrap();
        assert_eq!(
            *its.file,
            *std::env::current_exe().unwrap().to_string_lossy()
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([0-9a-f-]{0,9} [rwxp-]{0,4} [0-9a-f: ]{0,20}[a-z/\n ]{0,9}){0,4}|\\PC{0,50}") {
            for mapping in parse(&text) {
                prop_assert_eq!(mapping.build_id.len(), 0);
            }
        }
    }
}
