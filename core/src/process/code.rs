//! Gives back memory of files that have done their work.
#![allow(
    // Giving pages back is a system call that takes an address.
    unsafe_code
)]

use std::{ffi::c_void, fs, path::Path};

use rustix::mm::{Advice, madvise};

use super::maps::{self, Mapping};

/// Lets the system take back the pages of code and of its constants that lie in memory: of the
/// program itself, and of the libraries below `copies`. Answers how many bytes those are of.
///
/// What a start runs once (reading the configuration, checking it, loading plugins) is a large
/// part of the program, and so are the tables by which it was linked, and those by which samples of
/// the heap found their callers. What is needed again comes back by itself, from the file, a page
/// at a time.
pub fn give_back(copies: &Path) -> usize {
    let program = fs::read_link("/proc/self/exe").unwrap_or_default();
    let maps = maps::read();
    let ours = |path: &Path| path == program || path.starts_with(copies);
    maps::parse(&maps)
        .filter(|mapping| is_as_in_the_file(mapping) && ours(Path::new(mapping.path)))
        .map(|mapping| {
            let length = usize::try_from(mapping.end - mapping.start).unwrap_or(0);
            // SAFETY: the range is a whole mapping of a file that nobody can write to, and nobody
            // has written to the pages: whoever touches one that was dropped gets the same bytes
            // from the file. Such mappings are never taken away: libraries stay loaded.
            let dropped =
                unsafe { madvise(mapping.start as *mut c_void, length, Advice::LinuxDontNeed) };
            // Where the system does not want to, nothing is lost.
            dropped.map_or(0, |()| length)
        })
        .sum()
}

/// Whether its pages are those of a file, whatever was done to the process.
///
/// Code is. Constants are if they are the first of a file, behind its header: data that the dynamic
/// linker writes to before it is made read-only (RELRO) stands where what can be written begins,
/// and so never first.
fn is_as_in_the_file(mapping: &Mapping<'_>) -> bool {
    let of_a_file = mapping.path.starts_with('/');
    match mapping.permissions {
        "r-xp" => of_a_file,
        "r--p" => of_a_file && mapping.offset == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_is_as_in_a_file_counts() {
        let judge = |line: &str| is_as_in_the_file(&maps::parse(line).next().unwrap());
        for file in [
            "55d0a0000000-55d0a0003000 r-xp 00002000 fe:00 131 /usr/bin/a b",
            "55d0a0000000-55d0a0003000 r--p 00000000 fe:00 131 /usr/bin/a",
        ] {
            assert!(judge(file), "{file}");
        }
        for other in [
            "55d0a0000000-55d0a0003000 rw-p 00000000 fe:00 131 /usr/bin/a",
            "55d0a0000000-55d0a0003000 rwxp 00002000 fe:00 131 /usr/bin/a",
            "55d0a0000000-55d0a0003000 r--p 00002000 fe:00 131 /usr/bin/a",
            "7ffe0000-7fff0000 r-xp 00000000 00:00 0          [vdso]",
            "7ffe0000-7fff0000 r-xp 00000000 00:00 0 ",
        ] {
            assert!(!judge(other), "{other}");
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
