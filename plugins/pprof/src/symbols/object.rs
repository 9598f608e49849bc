//! The file that a mapping is of.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use blazesym::helper::read_elf_build_id;

use crate::profile::Mapping;

/// The program that this helper is, which is the one that was profiled. Its file can be read here
/// though another one may have its name by now.
const SELF: &str = "/proc/self/exe";
/// What the kernel puts behind the name of a file that has none any more.
const DELETED: &str = " (deleted)";

/// A file with the content that was mapped: the named one, or this program. Nothing where neither
/// is it, for names that are wrong are worse than none.
pub(super) fn find(mapping: &Mapping) -> Option<PathBuf> {
    let named = Path::new(mapping.file.strip_suffix(DELETED).unwrap_or(&mapping.file));
    if !named.is_absolute() {
        return None;
    }
    if mapping.build_id.is_empty() {
        return unmarked(mapping, named);
    }
    let files = [named, Path::new(SELF)].into_iter();
    let mut same = files.filter(|file| build_id(file).as_deref() == Some(&*mapping.build_id));
    same.next().map(Path::to_owned)
}

/// A file without a mark to be known by.
fn unmarked(mapping: &Mapping, named: &Path) -> Option<PathBuf> {
    let is_self = fs::read_link(SELF).is_ok_and(|this| *this == *mapping.file);
    let found = if is_self { Path::new(SELF) } else { named };
    let is_it = is_self || !mapping.file.ends_with(DELETED);
    (is_it && is_file(found)).then(|| found.to_owned())
}

/// The mark that the linker gave to a file, in hexadecimal digits.
fn build_id(file: &Path) -> Option<String> {
    if !is_file(file) {
        return None;
    }
    let id = read_elf_build_id(&file).ok().flatten()?;
    Some(id.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Reading a device or a pipe might never end.
fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mapping(file: &str, build_id: &str) -> Mapping {
        Mapping {
            file: file.into(),
            build_id: build_id.into(),
            ..Mapping::default()
        }
    }

    #[test]
    fn this_program_is_found_also_when_its_file_was_replaced() {
        let path = std::env::current_exe().unwrap();
        let path = path.to_str().unwrap();
        let id = build_id(Path::new(SELF)).unwrap();
        assert_eq!(find(&mapping(path, &id)), Some(path.into()));
        assert_eq!(find(&mapping(path, "")), Some(SELF.into()));
        assert_eq!(find(&mapping("/bin/sh", &id)), Some(SELF.into()));
        let gone = format!("{path}{DELETED}");
        assert_eq!(find(&mapping(&gone, &id)), Some(path.into()));
    }

    #[test]
    fn what_is_not_the_file_is_not_taken_for_it() {
        for (file, build_id) in [
            ("/bin/sh", "00"),
            ("/bin/sh (deleted)", ""),
            ("/no/such/file", "00"),
            ("/no/such/file", ""),
            ("/dev/zero", "00"),
            ("/dev/zero", ""),
            ("[vdso]", ""),
            ("relative", ""),
            ("", ""),
        ] {
            assert_eq!(find(&mapping(file, build_id)), None, "{file} {build_id}");
        }
    }
}
