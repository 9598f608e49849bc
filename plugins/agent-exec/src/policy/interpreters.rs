//! Programs that run what their arguments say: a rule for one of them is a rule for everything,
//! and must say that it knows.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::program::Identity;

/// Shells.
const SHELLS: &str = "ash bash busybox csh dash elvish fish ksh ksh93 mksh nu pwsh rbash sh tcsh \
    toybox xonsh yash zsh";

/// Languages, and what takes programs in one as arguments.
const LANGUAGES: &str = "awk bpftrace bun clisp deno erl expect gawk gdb ghci gjs gmake groovy \
    guile irb java jjs jrunscript js julia lua luajit m4 make mawk micropython nawk node nodejs \
    octave original-awk perl php pip posh pypy pypy3 python qjs r racket rscript ruby sbcl scala sed sqlite stap swipl \
    tclsh tsx wish";

/// What runs another program that its arguments name.
const STARTERS: &str = "at batch chroot chrt crontab dbus-run-session doas docker env find flock \
    apt apt-get aptitude capsh dpkg gcc git go cargo hg ionice ip journalctl kubectl logrotate \
    machinectl nice nohup nsenter \
    parallel pkexec podman prlimit rsync runcon runuser screen script setarch setpriv setsid setuidgid \
    socat ssh ssh-keygen start-stop-daemon stdbuf strace su sudo systemd-run tar taskset tcpdump time timeout tmux unshare \
    watch xargs zip";

/// Editors and pagers, which start a shell when told to.
const EDITORS: &str = "ed emacs ex less man more nano pico vi vim";

/// How long it is remembered which files these programs are.
const FRESH: Duration = Duration::from_mins(1);

/// Knows interpreters by name, and by file: a hard link or a link under another name is one too.
#[derive(Debug)]
pub(super) struct Interpreters {
    folders: Vec<PathBuf>,
    files: Mutex<Option<(Instant, HashSet<Identity>)>>,
}

impl Interpreters {
    /// Those that lie in these folders are known by their files.
    pub(super) fn new(folders: Vec<PathBuf>) -> Self {
        Self {
            folders,
            files: Mutex::new(None),
        }
    }

    /// Whether a program, links followed, is an interpreter.
    pub(super) fn is_one(&self, program: &Path, identity: Identity) -> bool {
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        if is_name(&name) {
            return true;
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = files.take().filter(|(when, _)| when.elapsed() < FRESH);
        let (_, known) = files.insert(fresh.unwrap_or_else(|| (Instant::now(), self.look())));
        known.contains(&identity)
    }

    fn look(&self) -> HashSet<Identity> {
        let names = self
            .folders
            .iter()
            .filter_map(|folder| fs::read_dir(folder).ok());
        let entries = names.flatten().flatten();
        let ours = entries.filter(|entry| is_name(&entry.file_name().to_string_lossy()));
        let files = ours.filter_map(|entry| fs::metadata(entry.path()).ok());
        files.map(|file| (file.dev(), file.ino())).collect()
    }
}

/// Whether this is the name of an interpreter, or of a variant or version of one: `python3.11`,
/// `perl5.36-x86_64-linux-gnu`, `vim.basic`, `bash-static`.
pub(super) fn is_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let all = [SHELLS, LANGUAGES, STARTERS, EDITORS];
    let mut known = all.iter().flat_map(|names| names.split_whitespace());
    // What another word begins with is another program: `atop`, `manpath`.
    let variant = |rest: &str| {
        rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit() || ".-_".contains(c))
    };
    let is_loader =
        ["ld-", "ld."].iter().any(|begins| name.starts_with(begins)) && name.contains(".so");
    is_loader || known.any(|known| name.strip_prefix(known).is_some_and(variant))
}
