//! A cgroup of its own for each run, see cgroups(7): the kernel ends all that is in it at once,
//! and knows who is in it though keeper and agent be dead.

use std::{
    fs, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    process,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FlockOperation, Mode, OFlags, flock, open},
    io::Errno,
};

/// Holds those of all runs, beneath the cgroup that the agent is in.
const FOLDER: &str = "gaxx-mon-runs";
/// How often, a tenth of a second each, it is waited for killed processes to be gone.
const PATIENCE: usize = 10;

/// Where runs get their cgroups.
#[derive(Debug)]
pub(super) struct Cgroups {
    folder: PathBuf,
    /// How many were made.
    made: u64,
}

/// The cgroup of a run. Locked by who keeps it, so that one that nobody keeps can be told.
#[derive(Debug)]
pub(super) struct Cgroup {
    path: PathBuf,
    locked: OwnedFd,
}

impl Cgroups {
    /// Ends and removes what dead agents have left. Nothing where this process may make no
    /// cgroups, or the kernel cannot kill them (before Linux 5.14).
    pub(super) fn open() -> Option<Self> {
        let folder = own()?.join(FOLDER);
        let mut cgroups = Self { folder, made: 0 };
        cgroups.sweep();
        let trial = cgroups.make().ok()?;
        let can_kill = trial.path.join("cgroup.kill").exists();
        remove(&trial.path);
        can_kill.then_some(cgroups)
    }

    /// Makes one for a new keeper.
    pub(super) fn make(&mut self) -> io::Result<Cgroup> {
        self.made += 1;
        let path = self.folder.join(format!("{}-{}", process::id(), self.made));
        // Another agent, when it ends, may take the folder along.
        fs::create_dir_all(&path)?;
        let locked = open_folder(&path)?;
        flock(&locked, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Cgroup { path, locked })
    }

    /// Removes the folder of all runs, if there are none, of other agents either.
    pub(super) fn close(self) {
        let _ = fs::remove_dir(&self.folder);
    }

    fn sweep(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let Ok(folder) = open_folder(&path) else {
                continue; // A file of the kernel's.
            };
            if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
                remove(&path);
            }
        }
    }
}

impl Cgroup {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Kills all that is in it, except for this process, which leaves it.
    pub(super) fn kill(&self) -> io::Result<()> {
        // Into the folder of all runs, which is this user's too.
        fs::write(self.path.with_file_name("cgroup.procs"), "0")?;
        fs::write(self.path.join("cgroup.kill"), "1")
    }
}

impl AsFd for Cgroup {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.locked.as_fd()
    }
}

/// Removes the cgroup of a keeper that is gone, and kills who is still in it. What does not die
/// within a second is left to a later sweep.
pub(super) fn remove(path: &Path) {
    for _ in 0..PATIENCE {
        match rustix::fs::rmdir(path) {
            Err(Errno::BUSY) => {}
            _ => return,
        }
        let _ = fs::write(path.join("cgroup.kill"), "1");
        wait_for_change(&path.join("cgroup.events"));
    }
}

fn wait_for_change(events: &Path) {
    // Reading it arms the notice.
    let Ok(file) = fs::File::open(events) else {
        return;
    };
    let populated = io::read_to_string(&file).is_ok_and(|text| text.contains("populated 1"));
    if populated {
        let tenth = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        let mut change = [PollFd::new(&file, PollFlags::PRI)];
        let _ = poll(&mut change, Some(&tenth));
    }
}

fn open_folder(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    open(path, flags, Mode::empty())
}

/// The folder of the cgroup v2 that this process is in.
fn own() -> Option<PathBuf> {
    let cgroup = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    place(&cgroup, &mounts)
}

/// Puts a line of `/proc/self/cgroup` and one of `/proc/self/mountinfo` together, see proc(5).
fn place(cgroup: &str, mounts: &str) -> Option<PathBuf> {
    let own = cgroup.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        if kind.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let beneath = Path::new(own).strip_prefix(root).ok()?;
        Some(Path::new(point).join(beneath))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const MOUNTS: &str = "\
        30 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n\
        31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_own_cgroup_is_found_where_it_is_mounted() {
        let place = |cgroup| place(cgroup, MOUNTS);
        let at = |path| Some(PathBuf::from(path));
        assert_eq!(place("8:pids:/x\n0::/\n"), at("/sys/fs/cgroup/unified/"));
        assert_eq!(
            place("0::/system.slice/a.service\n"),
            at("/sys/fs/cgroup/unified/system.slice/a.service")
        );
        assert_eq!(place("1:cpu:/\n"), None);
    }

    /// As a container has it.
    #[test]
    fn a_mount_of_a_part_counts_from_there() {
        let mounts = "31 30 0:27 /pod/one /sys/fs/cgroup rw - cgroup2 cgroup rw";
        let at = place("0::/pod/one/x", mounts);
        assert_eq!(at, Some(PathBuf::from("/sys/fs/cgroup/x")));
        assert_eq!(place("0::/elsewhere", mounts), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(cgroup: String, mounts: String) {
            let _ = place(&cgroup, &mounts);
            let _ = place("0::/", &mounts);
        }
    }
}
