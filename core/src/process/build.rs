//! What the program was built from and started with.

use std::{env, fs, fs::File};

use gaxx_abi::{MAJOR, MINOR};
use object::{
    LittleEndian,
    elf::FileHeader64,
    read::{ReadCache, elf::FileHeader},
};
use serde::Serialize;

use super::heap;
use crate::build;

/// Where the kernel shows the file that the process runs, also after that was replaced.
const ITSELF: &str = "/proc/self/exe";

/// What the program was built from and started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Build {
    version: &'static str,
    commit: &'static str,
    /// `release` or `debug`.
    profile: &'static str,
    target: &'static str,
    rustc: &'static str,
    /// Those of the core that were chosen.
    features: Vec<&'static str>,
    /// What it speaks with plugins.
    abi: String,
    /// What it was started with, its name first. Secrets do not stand there.
    arguments: Vec<String>,
    /// Its file; with ` (deleted)` behind it where that is no longer there.
    executable: Option<String>,
    allocator: String,
    /// Whether that file says which lines of the source its code is of.
    debug_info: Option<bool>,
}

impl Build {
    /// That of this process.
    pub fn own() -> Self {
        let executable = fs::read_link(ITSELF).ok();
        Self {
            version: build::VERSION,
            commit: build::COMMIT,
            profile: build::PROFILE,
            target: build::TARGET,
            rustc: build::RUSTC,
            features: build::features().collect(),
            abi: format!("{MAJOR}.{MINOR}"),
            arguments: env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            executable: executable.map(|path| path.to_string_lossy().into_owned()),
            allocator: heap::version(),
            debug_info: has_lines(ITSELF),
        }
    }
}

/// Whether an executable has the section that names lines. Reads its table of sections alone.
fn has_lines(path: &str) -> Option<bool> {
    let file = ReadCache::new(File::open(path).ok()?);
    let header = FileHeader64::<LittleEndian>::parse(&file).ok()?;
    let sections = header.sections(LittleEndian, &file).ok()?;
    let lines = sections.section_by_name(LittleEndian, b".debug_line");
    Some(lines.is_some())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn it_says_all_that_it_can() {
        let build = Build::own();
        assert_eq!(
            (build.version, build.abi.as_str()),
            (env!("CARGO_PKG_VERSION"), "1.4")
        );
        assert!(build.rustc.starts_with("rustc 1."), "{build:?}");
        assert!(["debug", "release"].contains(&build.profile));
        assert_eq!(
            build.features.contains(&"builtins"),
            cfg!(feature = "builtins")
        );
        assert!(build.target.contains("linux"), "{build:?}");
        assert!(!build.arguments.is_empty());
        let itself = env::current_exe().unwrap();
        assert_eq!(build.executable.as_deref(), itself.to_str());
        assert!(build.allocator.starts_with("jemalloc 5"), "{build:?}");
    }

    #[test]
    fn lines_are_found_where_there_are_some() {
        assert_eq!(has_lines(ITSELF), Some(cfg!(debug_assertions)));
        assert_eq!(has_lines("/proc/self/stat"), None);
    }
}
