//! Of which file the code at an address is.

use std::{
    fmt::Write as _,
    fs::{self, File},
    process,
};

use object::{
    Endianness, ReadCache,
    elf::{ELF_NOTE_GNU, FileHeader64, NT_GNU_BUILD_ID},
    read::elf::{FileHeader as _, ProgramHeader as _},
};

use crate::process::maps;

/// What the kernel adds to the path of a file that has no name any more.
const DELETED: &str = " (deleted)";

/// The code that is mapped into this process, by address.
#[derive(Debug)]
pub(super) struct Maps(Vec<Image>);

/// A piece of a file that is mapped to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// The first address.
    pub(super) start: u64,
    /// The first address behind it.
    pub(super) end: u64,
    /// Where in the file it begins.
    pub(super) offset: u64,
    /// The file, by a name that opens it; something like `[vdso]`, or nothing, for what is of none.
    pub(super) file: String,
    /// Whether it is of the program itself.
    pub(super) is_program: bool,
}

impl Maps {
    /// What is mapped now.
    pub(super) fn current() -> Self {
        let program = fs::read_link("/proc/self/exe").unwrap_or_default();
        Self::of(&maps::read(), &program.to_string_lossy())
    }

    /// What such a text says; `program` is the program's path as the kernel names it.
    pub(super) fn of(maps: &str, program: &str) -> Self {
        let code = maps::parse(maps).filter(maps::Mapping::is_code);
        let mut images: Vec<_> = code
            .map(|mapping| {
                let is_program = mapping.path == program;
                let file = if is_program && program.ends_with(DELETED) {
                    format!("/proc/{}/exe", process::id())
                } else {
                    mapping.path.to_owned()
                };
                Image {
                    start: mapping.start,
                    end: mapping.end,
                    offset: mapping.offset,
                    file,
                    is_program,
                }
            })
            .collect();
        images.sort_by_key(|image| image.start);
        Self(images)
    }

    /// What the code at this address is of.
    pub(super) fn find(&self, address: u64) -> Option<&Image> {
        let behind = self.0.partition_point(|image| image.start <= address);
        let image = self.0.get(behind.checked_sub(1)?)?;
        (address < image.end).then_some(image)
    }

    /// The program's own code.
    pub(super) fn program(&self) -> Option<&Image> {
        self.0.iter().find(|image| image.is_program)
    }
}

impl Image {
    /// What the linker wrote into the file to know this build by, in hexadecimal digits; empty
    /// where there is nothing.
    pub(super) fn build_id(&self) -> String {
        let id = self.file.starts_with('/').then(|| build_id(&self.file));
        let bytes = id.flatten().unwrap_or_default();
        bytes.iter().fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }
}

fn build_id(file: &str) -> Option<Vec<u8>> {
    let file = ReadCache::new(File::open(file).ok()?);
    let header = FileHeader64::<Endianness>::parse(&file).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, &file).ok()?;
    segments
        .iter()
        .filter_map(|segment| segment.notes(endian, &file).ok().flatten())
        .flat_map(|notes| notes.map_while(Result::ok))
        .find(|note| note.name() == ELF_NOTE_GNU && note.n_type(endian) == NT_GNU_BUILD_ID)
        .map(|note| note.desc().to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MAPS: &str = "\
        1000-2000 r--p 00000000 00:00 1 /bin/a\n\
        2000-4000 r-xp 00001000 00:00 1 /bin/a\n\
        8000-9000 r-xp 00000000 00:00 2 /lib/b.so (deleted)\n\
        9000-a000 r-xp 00000000 00:00 0 [vdso]\n";

    #[test]
    fn an_address_is_of_the_code_around_it() {
        let maps = Maps::of(MAPS, "/bin/a");
        let file = |address| maps.find(address).map(|image| image.file.as_str());
        assert_eq!(file(0x1fff), None);
        assert_eq!(file(0x2000), Some("/bin/a"));
        assert_eq!(file(0x3fff), Some("/bin/a"));
        assert_eq!(file(0x4000), None);
        assert_eq!(file(0x8000), Some("/lib/b.so (deleted)"));
        assert_eq!(file(0x9000), Some("[vdso]"));
        assert_eq!(file(u64::MAX), None);
        assert_eq!(maps.program().unwrap().offset, 0x1000);
        assert_eq!(maps.find(0x9000).unwrap().build_id(), "");
    }

    #[test]
    fn a_program_whose_file_was_replaced_is_found_through_its_process() {
        let maps = MAPS.replace("/bin/a", "/bin/a (deleted)");
        let maps = Maps::of(&maps, "/bin/a (deleted)");
        let file = &maps.find(0x2000).unwrap().file;
        assert_eq!(file, &format!("/proc/{}/exe", process::id()));
    }

    #[test]
    fn this_test_is_a_program_with_a_build_id() {
        let maps = Maps::current();
        let here = this_test_is_a_program_with_a_build_id as fn() as usize as u64;
        let image = maps.find(here).unwrap();
        assert!(image.is_program, "{image:?}");
        let id = image.build_id();
        assert!(
            id.len() >= 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{id}"
        );
    }
}
