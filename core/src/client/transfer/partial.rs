//! A file on its way here.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, open},
    io::Errno,
};

use super::{TransferError, meta};

/// A file on its way here, beside the place where it is to be. It stays when it is dropped, so that
/// a later try goes on with it.
#[derive(Debug)]
pub(super) struct Partial {
    pub(super) file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Partial {
    /// The one for this target, of the file that `what` tells apart from all others, version
    /// included. Those of other versions are removed.
    pub(super) fn open(target: &Path, what: &str) -> Result<Self, TransferError> {
        // A rename would put the file in the place of the device, the link or the socket.
        if target
            .symlink_metadata()
            .is_ok_and(|there| !there.is_file())
        {
            return Err(TransferError::Unfit {
                path: target.to_owned(),
                why: "is there and is no plain file: name another place, or remove it",
            });
        }
        let (folder, prefix) = place(target, "part-")?;
        let mut name = prefix.clone();
        name.push(&blake3::hash(what.as_bytes()).to_hex().as_str()[..16]);
        let path = folder.join(&name);
        let failed = TransferError::local("cannot write", &path);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = File::from(open(&path, flags, mode).map_err(|errno| failed(errno.into()))?);
        // A filesystem without locks does not show others at work.
        let lock = flock(&file, FlockOperation::NonBlockingLockExclusive);
        if lock == Err(Errno::WOULDBLOCK) {
            let why = "is at work: another pull fetches the same; wait for it";
            return Err(TransferError::Unfit { path, why });
        }
        // What cannot be looked through is not cleaned.
        let others = fs::read_dir(&folder).into_iter().flatten().flatten();
        for other in others.filter(|other| is_beside(&other.file_name(), &prefix, &name)) {
            let _ = fs::remove_file(other.path());
        }
        let target = target.to_owned();
        Ok(Self { file, path, target })
    }

    /// How many bytes are there.
    pub(super) fn length(&self) -> Result<u64, TransferError> {
        let failed = TransferError::local("cannot read", &self.path);
        self.file.metadata().map(|it| it.len()).map_err(failed)
    }

    /// Makes it durable and puts it in place, with these permissions and this time.
    pub(super) fn publish(
        self,
        mode: u32,
        modified: Option<(i64, i64)>,
    ) -> Result<(), TransferError> {
        let put = || {
            meta::set(&self.file, mode, modified)?;
            self.file.sync_all()?;
            fs::rename(&self.path, &self.target)?;
            sync_folder(&self.target)
        };
        put().map_err(TransferError::local("cannot put in place", &self.target))
    }

    /// Removes it: what is in it is not what it should be.
    pub(super) fn discard(self) {
        // Then the next try finds out again.
        let _ = fs::remove_file(&self.path);
    }
}

/// The folder of a target, and how names of what is on its way there begin.
pub(super) fn place(target: &Path, kind: &str) -> Result<(PathBuf, OsString), TransferError> {
    let Some(name) = target.file_name() else {
        let path = target.to_owned();
        return Err(TransferError::Unfit {
            path,
            why: "ends with no name of a file",
        });
    };
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).to_owned();
    let mut prefix = OsString::from(".");
    // With the rest the name stays within what a name may have, 255 bytes.
    prefix.push(OsStr::from_bytes(
        name.as_bytes().get(..200).unwrap_or(name.as_bytes()),
    ));
    prefix.push(".gaxx-");
    prefix.push(kind);
    Ok((folder, prefix))
}

/// Makes it durable that a name is where it is.
pub(super) fn sync_folder(target: &Path) -> io::Result<()> {
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn is_beside(name: &OsStr, prefix: &OsStr, own: &OsStr) -> bool {
    let rest = name.as_bytes().strip_prefix(prefix.as_bytes());
    name != own && rest.is_some_and(|rest| rest.len() == 16)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;

    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn what_is_there_stays_until_another_version_comes() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let mut first = Partial::open(&target, "v1").unwrap();
        first.file.write_all(b"abc").unwrap();
        drop(first);
        assert_eq!(Partial::open(&target, "v1").unwrap().length().unwrap(), 3);
        let second = Partial::open(&target, "v2").unwrap();
        assert_eq!(
            (second.length().unwrap(), names(folder.path()).len()),
            (0, 1)
        );
        second.publish(0o640, Some((1, 2))).unwrap();
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn what_is_no_plain_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("elsewhere", &link).unwrap();
        for target in [Path::new("/dev/null"), &link] {
            let refused = Partial::open(target, "v1");
            assert!(matches!(refused, Err(TransferError::Unfit { .. })));
        }
        assert_eq!(names(folder.path()), ["link"]);
    }

    #[test]
    fn two_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let _first = Partial::open(&target, "v1").unwrap();
        let error = Partial::open(&target, "v1").unwrap_err().to_string();
        assert!(error.contains("another pull"), "{error}");
    }
}
