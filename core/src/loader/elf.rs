//! Checks that a file is a whole shared library for this machine, so that the dynamic linker does
//! not trip over it: a library cut short is a SIGBUS for who maps it.
//!
//! This finds damage, not malice. Who may write the file decides whether its code is trusted.

use object::{
    LittleEndian as LE,
    elf::{self, Dyn64, FileHeader64, Machine, ProgramHeader64},
    read::elf::{Dyn as _, FileHeader as _, ProgramHeader as _, SectionHeader as _},
};

use super::error::Refusal;

#[cfg(target_arch = "x86_64")]
const MACHINE: Machine = elf::EM_X86_64;
#[cfg(target_arch = "aarch64")]
const MACHINE: Machine = elf::EM_AARCH64;

/// A library whose headers hold together.
#[derive(Debug)]
pub(super) struct Library<'a> {
    bytes: &'a [u8],
    segments: &'a [ProgramHeader64<LE>],
}

impl<'a> Library<'a> {
    /// Checks all headers, and that what they name lies inside the file.
    pub(super) fn check(bytes: &'a [u8]) -> Result<Self, Refusal> {
        if bytes.get(..4) != Some(&elf::ELFMAG) {
            return Err(Refusal::NotElf);
        }
        let ident = bytes.get(4..6).ok_or(Refusal::Truncated("file header"))?;
        if ident != [elf::ELFCLASS64.0, elf::ELFDATA2LSB.0] {
            return Err(Refusal::WrongArchitecture {
                found: "a machine that is not 64-bit little-endian".into(),
            });
        }
        let header =
            FileHeader64::<LE>::parse(bytes).map_err(|_| Refusal::Truncated("file header"))?;
        let machine = header.e_machine(LE);
        if machine != MACHINE {
            return Err(Refusal::WrongArchitecture {
                found: machine_name(machine),
            });
        }
        if header.e_type(LE) != elf::ET_DYN {
            return Err(Refusal::NotShared);
        }
        let segments = header
            .program_headers(LE, bytes)
            .map_err(|_| Refusal::Truncated("program headers"))?;
        let library = Self { bytes, segments };
        library.check_segments()?;
        let sections = header
            .section_headers(LE, bytes)
            .map_err(|_| Refusal::Truncated("section headers"))?;
        // The section table comes last in a file, so this sees what was cut off behind the
        // segments.
        for section in sections {
            section
                .data(LE, bytes)
                .map_err(|_| Refusal::Truncated("section"))?;
        }
        library.check_dynamic()?;
        Ok(library)
    }

    /// Descriptors of the notes with this owner and type.
    pub(super) fn notes(
        &self,
        owner: &'static str,
        kind: u32,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, '_> {
        self.segments
            .iter()
            .filter_map(|segment| segment.notes(LE, self.bytes).ok().flatten())
            .flat_map(|notes| notes.map_while(Result::ok))
            .filter(move |note| note.name() == owner.as_bytes() && note.n_type(LE).0 == kind)
            .map(|note| note.desc())
    }

    fn check_segments(&self) -> Result<(), Refusal> {
        let mut end = 0;
        let mut stack_is_plain = false;
        for segment in self.segments {
            segment
                .data(LE, self.bytes)
                .map_err(|()| Refusal::Truncated("segment"))?;
            let flags = segment.p_flags(LE).0;
            match segment.p_type(LE) {
                elf::PT_LOAD => {
                    let start = segment.p_vaddr(LE);
                    // The linker maps from the first start to the last end, in this order.
                    if start < end || segment.p_memsz(LE) < segment.p_filesz(LE) {
                        return Err(Refusal::Truncated("segment addresses"));
                    }
                    end = start
                        .checked_add(segment.p_memsz(LE))
                        .ok_or(Refusal::Truncated("segment addresses"))?;
                    if flags & elf::PF_W.0 != 0 && flags & elf::PF_X.0 != 0 {
                        return Err(Refusal::Unsafe("memory that is writable and executable"));
                    }
                }
                elf::PT_GNU_STACK => stack_is_plain = flags & elf::PF_X.0 == 0,
                elf::PT_DYNAMIC | elf::PT_TLS if !self.is_backed(segment) => {
                    return Err(Refusal::Truncated("segment addresses"));
                }
                _ => {}
            }
        }
        // Without that header the linker makes every thread's stack executable.
        if stack_is_plain {
            Ok(())
        } else {
            Err(Refusal::Unsafe("an executable stack"))
        }
    }

    fn check_dynamic(&self) -> Result<(), Refusal> {
        let entries = self
            .segments
            .iter()
            .find_map(|segment| segment.dynamic(LE, self.bytes).transpose())
            .ok_or(Refusal::NotShared)?
            .map_err(|_| Refusal::Truncated("dynamic section"))?;
        let value = |tag: elf::DynamicTag| dynamic_value(entries, tag);
        let flagged = |tag, flag: u64| value(tag).is_some_and(|v| v & flag != 0);

        if flagged(elf::DT_FLAGS_1, elf::DF_1_PIE.0) {
            return Err(Refusal::NotShared);
        }
        if value(elf::DT_TEXTREL).is_some() || flagged(elf::DT_FLAGS, elf::DF_TEXTREL.0) {
            return Err(Refusal::Unsafe(
                "to rewrite its own code while it is loaded",
            ));
        }
        for (table, size) in TABLES {
            let Some(start) = value(table) else {
                continue;
            };
            let size = size.map_or(Some(1), value);
            if !size.is_some_and(|size| self.is_mapped(start, size)) {
                return Err(Refusal::Truncated("dynamic section"));
            }
        }
        if value(elf::DT_STRTAB).is_none() || value(elf::DT_SYMTAB).is_none() {
            return Err(Refusal::Truncated("dynamic section"));
        }
        Ok(())
    }

    /// Whether what the linker will find at the segment's address is what the file has for it, and
    /// can be written where the segment says so, as the linker does with the dynamic section.
    fn is_backed(&self, inner: &ProgramHeader64<LE>) -> bool {
        self.segments.iter().any(|outer| {
            let offset = inner.p_offset(LE).checked_sub(outer.p_offset(LE));
            let address = inner.p_vaddr(LE).checked_sub(outer.p_vaddr(LE));
            let missing = inner.p_flags(LE).0 & !outer.p_flags(LE).0;
            outer.p_type(LE) == elf::PT_LOAD
                && offset == address
                && missing & elf::PF_W.0 == 0
                && offset
                    .and_then(|offset| offset.checked_add(inner.p_filesz(LE)))
                    .is_some_and(|last| last <= outer.p_filesz(LE))
        })
    }

    /// Whether the addresses lie in one segment.
    fn is_mapped(&self, start: u64, size: u64) -> bool {
        self.segments.iter().any(|segment| {
            segment.p_type(LE) == elf::PT_LOAD
                && start
                    .checked_sub(segment.p_vaddr(LE))
                    .and_then(|offset| offset.checked_add(size))
                    .is_some_and(|last| last <= segment.p_memsz(LE))
        })
    }
}

/// What the linker follows without a question: an address, and the entry that has its size.
const TABLES: [(elf::DynamicTag, Option<elf::DynamicTag>); 15] = [
    (elf::DT_STRTAB, Some(elf::DT_STRSZ)),
    (elf::DT_SYMTAB, None),
    (elf::DT_HASH, None),
    (elf::DT_GNU_HASH, None),
    (elf::DT_VERSYM, None),
    (elf::DT_VERNEED, None),
    (elf::DT_VERDEF, None),
    (elf::DT_PLTGOT, None),
    (elf::DT_RELA, Some(elf::DT_RELASZ)),
    (elf::DT_RELR, Some(elf::DT_RELRSZ)),
    (elf::DT_JMPREL, Some(elf::DT_PLTRELSZ)),
    (elf::DT_INIT, None),
    (elf::DT_FINI, None),
    (elf::DT_INIT_ARRAY, Some(elf::DT_INIT_ARRAYSZ)),
    (elf::DT_FINI_ARRAY, Some(elf::DT_FINI_ARRAYSZ)),
];

fn dynamic_value(entries: &[Dyn64<LE>], tag: elf::DynamicTag) -> Option<u64> {
    entries
        .iter()
        .take_while(|entry| entry.d_tag(LE) != elf::DT_NULL)
        .find(|entry| entry.d_tag(LE) == tag)
        .map(|entry| entry.d_val(LE))
}

fn machine_name(machine: Machine) -> String {
    match machine {
        elf::EM_X86_64 => "x86_64".into(),
        elf::EM_AARCH64 => "aarch64".into(),
        elf::EM_386 => "x86".into(),
        elf::EM_ARM => "arm".into(),
        elf::EM_RISCV => "riscv64".into(),
        elf::EM_PPC64 => "powerpc64".into(),
        elf::EM_S390 => "s390x".into(),
        Machine(number) => format!("machine {number}"),
    }
}
