//! An order in the form that system calls take: between fork and exec nothing can be made.

use std::{
    ffi::{CString, c_char},
    fs::File,
    io,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, fs::FileExt},
    },
    path::PathBuf,
    ptr,
};

use rustix::{
    fs::Mode,
    io::Errno,
    process::{Gid, Resource, Rlimit, Uid, getrlimit},
};

use super::{Limits, Order, Step, User, landlock::Ruleset, network::Filter};

/// What most systems begin their services with, and what programs that use `select` rely on.
const USUAL_FILES: u64 = 1024;

/// All that a command is to become.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) program: CString,
    pub(super) image: Option<Image>,
    pub(super) arguments: Pointers,
    pub(super) environment: Pointers,
    pub(super) folder: CString,
    pub(super) user: Option<Identity>,
    pub(super) umask: Mode,
    pub(super) limits: Vec<(Resource, Rlimit)>,
    pub(super) rules: Option<Ruleset>,
    pub(super) filter: Option<Filter>,
}

/// An open file to become.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) file: File,
    /// Its interpreter opens it again, so it must stay open.
    pub(super) is_script: bool,
}

/// A user, as system calls want it.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) uid: Uid,
    pub(super) gid: Gid,
    pub(super) groups: Vec<Gid>,
}

/// Texts, and where they are; a null ends the list.
#[derive(Debug)]
pub(super) struct Pointers {
    /// Keeps what is pointed at.
    _texts: Vec<CString>,
    pub(super) list: Vec<*const c_char>,
}

impl Plan {
    /// Fails, naming the step, where the order cannot be carried out at all.
    pub(super) fn new(order: Order) -> Result<Self, (Step, Errno)> {
        let unclear = |error| (Step::Order, error);
        let rules = order.landlock.as_deref().map(|folders| {
            let ruleset = Ruleset::new(folders.iter().map(PathBuf::as_path));
            ruleset.map_err(|error| (Step::Rules, number(&error)))
        });
        let program = text(order.program.as_os_str().as_bytes()).map_err(unclear)?;
        let own = order.arguments.iter().map(|word| text(word.as_bytes()));
        let arguments = [Ok(program.clone())].into_iter().chain(own);
        let environment = order
            .environment
            .iter()
            .map(|(name, value)| text(&[name.as_bytes(), value.as_bytes()].join(&b'=')));
        Ok(Self {
            image: order.image.map(Image::new).transpose().map_err(unclear)?,
            arguments: Pointers::new(arguments).map_err(unclear)?,
            environment: Pointers::new(environment).map_err(unclear)?,
            folder: text(order.folder.as_os_str().as_bytes()).map_err(unclear)?,
            user: order.user.map(Identity::from),
            umask: Mode::from_bits_truncate(order.umask),
            limits: order.limits.rlimits(),
            rules: rules.transpose()?,
            filter: order.no_network.then(Filter::new),
            program,
        })
    }
}

/// The number of an error of the system.
pub(super) fn number(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

fn text(bytes: &[u8]) -> Result<CString, Errno> {
    CString::new(bytes).map_err(|_| Errno::INVAL)
}

impl Image {
    fn new(file: OwnedFd) -> Result<Self, Errno> {
        let file = File::from(file);
        let mut first = [0; 2];
        let read = file.read_at(&mut first, 0);
        let read = read.map_err(|error| number(&error))?;
        Ok(Self {
            is_script: read == first.len() && first == *b"#!",
            file,
        })
    }
}

impl From<User> for Identity {
    fn from(user: User) -> Self {
        Self {
            uid: Uid::from_raw(user.uid),
            gid: Gid::from_raw(user.gid),
            groups: user.groups.into_iter().map(Gid::from_raw).collect(),
        }
    }
}

impl Pointers {
    fn new(texts: impl Iterator<Item = Result<CString, Errno>>) -> Result<Self, Errno> {
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let pointers = texts.iter().map(|text| text.as_ptr());
        let list = pointers.chain([ptr::null()]).collect();
        Ok(Self {
            _texts: texts,
            list,
        })
    }
}

impl Limits {
    /// As the system has them. None is over what this process may have, so that none is refused.
    fn rlimits(self) -> Vec<(Resource, Rlimit)> {
        let wanted = [
            // Of no byte would keep the kernel from writing a file, but not from starting a
            // program that takes the dump; of one byte does both. See core(5).
            (Resource::Core, Some((1, 1))),
            // SIGXCPU comes at the first; who does not heed it is killed at the second.
            (
                Resource::Cpu,
                self.cpu.map(|time| {
                    let seconds = time.as_secs().max(1);
                    (seconds, seconds.saturating_add(1))
                }),
            ),
            (Resource::Data, self.memory.map(both)),
            (
                Resource::Nofile,
                Some(self.files.map_or((USUAL_FILES, u64::MAX), both)),
            ),
            (Resource::Nproc, self.processes.map(both)),
            (Resource::Fsize, self.file_size.map(both)),
        ];
        let asked = wanted
            .into_iter()
            .filter_map(|(resource, limits)| Some((resource, limits?)));
        asked
            .map(|(resource, (soft, hard))| {
                let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
                // The system's "no limit" is no number of ours.
                let limit = |value: u64| Some(value.min(most)).filter(|value| *value < u64::MAX);
                let limit = Rlimit {
                    current: limit(soft),
                    maximum: limit(hard),
                };
                (resource, limit)
            })
            .collect()
    }
}

fn both(value: u64) -> (u64, u64) {
    (value, value)
}
