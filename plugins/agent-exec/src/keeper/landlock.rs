//! Landlock: which files a command may write. See landlock(7); the numbers are those of
//! `linux/landlock.h`.
#![allow(
    // Neither libc nor rustix wraps these calls.
    unsafe_code
)]

use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
    path::Path,
    ptr,
};

use rustix::{
    fs::{FileType, Mode, OFlags, fstat, open},
    io::Errno,
};

const CREATE_RULESET_VERSION: u32 = 1;
const RULE_PATH_BENEATH: i32 = 1;

const EXECUTE: u64 = 1 << 0;
const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const TRUNCATE: u64 = 1 << 14;
const IOCTL_DEV: u64 = 1 << 15;
/// All up to version 3: with moving and linking between folders (2) and cutting (3).
const ALL: u64 = (TRUNCATE << 1) - 1;
const READ: u64 = EXECUTE | READ_FILE | READ_DIR;
/// What a rule about a file that is no folder may name.
const OF_FILES: u64 = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

/// Abstract Unix sockets and signals reach nobody outside (version 6).
const SCOPES: u64 = 0b11;

/// The first version that keeps a file from being cut.
const LEAST: i64 = 3;

/// What everybody writes to without changing anything.
const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];

#[repr(C)]
#[derive(Default)]
struct RulesetAttr {
    handled_access_fs: u64,
    handled_access_net: u64,
    scoped: u64,
}

#[repr(C, packed)]
struct PathBeneathAttr {
    allowed_access: u64,
    parent_fd: i32,
}

/// A set of rules that a process can put itself under.
#[derive(Debug)]
pub(super) struct Ruleset(OwnedFd);

/// Whether the kernel has it, as far as it is needed.
pub(super) fn is_there() -> bool {
    version() >= LEAST
}

/// Its version; less than one where there is none.
fn version() -> i64 {
    // SAFETY: with this flag nothing is read.
    unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            ptr::null::<RulesetAttr>(),
            0_usize,
            CREATE_RULESET_VERSION,
        )
    }
}

impl Ruleset {
    /// Everything may be read and executed, and what is beneath these folders written.
    ///
    /// From version 5 on devices outside of them take no commands, and from version 6 on signals
    /// and abstract sockets reach nobody outside.
    pub(super) fn new<'p>(writable: impl Iterator<Item = &'p Path>) -> io::Result<Self> {
        let version = version();
        if version < LEAST {
            return Err(Errno::OPNOTSUPP.into());
        }
        let all = if version < 5 { ALL } else { ALL | IOCTL_DEV };
        let wanted = RulesetAttr {
            handled_access_fs: all,
            scoped: if version < 6 { 0 } else { SCOPES },
            ..RulesetAttr::default()
        };
        // SAFETY: the structure is whole, and its size told; older kernels take a longer one if
        // what they do not know is zero.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_landlock_create_ruleset,
                &raw const wanted,
                size_of_val(&wanted),
                0_u32,
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let fd = i32::try_from(fd).map_err(io::Error::other)?;
        // SAFETY: it is new and nobody else's.
        let ruleset = Self(unsafe { OwnedFd::from_raw_fd(fd) });
        ruleset.allow(Path::new("/"), READ)?;
        for folder in writable {
            ruleset.allow(folder, all)?;
        }
        for device in DEVICES {
            match ruleset.allow(Path::new(device), READ_FILE | WRITE_FILE | TRUNCATE) {
                // What is not there needs no leave.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
        Ok(ruleset)
    }

    fn allow(&self, path: &Path, access: u64) -> io::Result<()> {
        let place = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let is_folder = FileType::from_raw_mode(fstat(&place)?.st_mode) == FileType::Directory;
        let rule = PathBeneathAttr {
            allowed_access: if is_folder { access } else { access & OF_FILES },
            parent_fd: place.as_raw_fd(),
        };
        // SAFETY: the structure is whole and of the kind that is named.
        let added = unsafe {
            libc::syscall(
                libc::SYS_landlock_add_rule,
                self.0.as_raw_fd(),
                RULE_PATH_BENEATH,
                &raw const rule,
                0_u32,
            )
        };
        match added {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Where it is, for who puts himself under it.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.0.as_fd()
    }
}

/// Puts this process under the rules for good. Only makes a system call.
pub(super) fn obey(ruleset: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: it takes a descriptor and no memory.
    let done =
        unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0_u32) };
    match done {
        0 => Ok(()),
        _ => Err(super::birth::last_errno()),
    }
}
