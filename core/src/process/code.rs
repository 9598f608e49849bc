//! Gives back memory of code that has done its work.
#![allow(
    // Giving pages back is a system call that takes an address.
    unsafe_code
)]

use std::{ffi::c_void, fs, path::Path};

use rustix::mm::{Advice, madvise};

/// Lets the system take back the pages of code that lie in memory: of the program itself, and of
/// the libraries below `copies`. Answers how many bytes of code that is.
///
/// What a start runs once (reading the configuration, checking it, loading plugins) is a large
/// part of the program. What is needed again comes back by itself, from the file, a page at a
/// time.
pub fn give_back(copies: &Path) -> usize {
    let program = fs::read_link("/proc/self/exe").unwrap_or_default();
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let ours = |path: &Path| path == program || path.starts_with(copies);
    maps.lines()
        .filter_map(parse)
        .filter(|segment| ours(segment.path))
        .map(|segment| {
            // SAFETY: the range is a whole mapping of a file that nobody can write to, and code is
            // only read: whoever touches a page that was dropped gets the same bytes from the file.
            // Such mappings are never taken away: libraries stay loaded.
            let dropped = unsafe {
                madvise(
                    segment.start as *mut c_void,
                    segment.length,
                    Advice::LinuxDontNeed,
                )
            };
            // Where the system does not want to, nothing is lost.
            dropped.map_or(0, |()| segment.length)
        })
        .sum()
}

/// A piece of a file that is mapped to be run and cannot be written to.
struct Segment<'a> {
    start: usize,
    length: usize,
    path: &'a Path,
}

/// Reads a line of `/proc/PID/maps` (see proc(5)); nothing for what is not code of a file.
fn parse(line: &str) -> Option<Segment<'_>> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    if fields.next()? != "r-xp" {
        return None;
    }
    let path = Path::new(fields.nth(3)?.trim_start());
    let start = usize::from_str_radix(start, 16).ok()?;
    let length = usize::from_str_radix(end, 16).ok()?.checked_sub(start)?;
    path.is_absolute().then_some(Segment {
        start,
        length,
        path,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_code_of_files_counts() {
        let code = "55d0a0000000-55d0a0003000 r-xp 00002000 fe:00 131 /usr/bin/a b";
        let segment = parse(code).unwrap();
        assert_eq!(
            (segment.length, segment.path),
            (0x3000, Path::new("/usr/bin/a b"))
        );
        for other in [
            "55d0a0000000-55d0a0003000 rw-p 00002000 fe:00 131 /usr/bin/a",
            "55d0a0000000-55d0a0003000 rwxp 00002000 fe:00 131 /usr/bin/a",
            "7ffe0000-7fff0000 r-xp 00000000 00:00 0          [vdso]",
            "7ffe0000-7fff0000 r-xp 00000000 00:00 0 ",
            "7ffe r-xp",
            "",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_program_runs_on() {
        let released = give_back(Path::new("/nonexistent"));
        assert!(released > 0);
        // Code that was not run since, and some that was.
        assert_eq!(
            humantime::format_duration(std::time::Duration::from_secs(90)).to_string(),
            "1m 30s"
        );
    }
}
