//! Programs that the tests need and the product does not.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::target_folder;

/// A program found on this machine.
#[derive(Debug, Clone)]
pub struct Tool {
    path: PathBuf,
    /// The tree it was unpacked into by `tests/run.sh`; none if it is installed.
    unpacked: Option<PathBuf>,
}

impl Tool {
    /// Looks in PATH, then where Debian puts it, then in what `tests/run.sh` unpacked into
    /// `target/test-tools`.
    pub fn find(name: &str) -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut candidates = env::split_paths(&path).map(|folder| folder.join(name));
        let folder = debian_folder(name);
        let installed = candidates.find(|candidate| is_program(candidate));
        let system = Path::new("/").join(folder).join(name);
        if let Some(path) = installed.or_else(|| is_program(&system).then_some(system)) {
            return Some(Self {
                path,
                unpacked: None,
            });
        }
        let root = target_folder().join("test-tools/root");
        let path = root.join(folder).join(name);
        is_program(&path).then_some(Self {
            path,
            unpacked: Some(root),
        })
    }

    /// Where the program is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A command that starts it, with the libraries it was unpacked with.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        if let Some(root) = &self.unpacked {
            command.env("LD_LIBRARY_PATH", library_path(root));
            // Fonts are configured by absolute paths; this puts them below the tree.
            if root.join("etc/fonts").is_dir() {
                command.env("FONTCONFIG_SYSROOT", root);
            }
            // So are the plugins of Graphviz.
            let graphviz = libraries(root).join("graphviz");
            if graphviz.is_dir() {
                command.env("GVBINDIR", graphviz);
            }
        }
        command
    }
}

/// Finds a program, or says that the test is skipped without it. With `CI=true` in the
/// environment a missing program is a failure: there nothing may be left out quietly.
///
/// ```no_run
/// let Some(jq) = gaxx_tests::require("jq") else { return };
/// ```
#[track_caller]
pub fn require(name: &str) -> Option<Tool> {
    let tool = Tool::find(name);
    if tool.is_none() {
        let missing = format!("{name} is not installed: tests/run.sh --tools installs it");
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}");
        // Past the capture of the test harness, which hides what a passing test prints.
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(
            std::io::stderr().lock(),
            "\n*** SKIPPED {test}: {missing}\n"
        );
    }
    tool
}

/// Where a package has a program, below the root.
fn debian_folder(name: &str) -> &'static str {
    match name {
        // Its /usr/bin/chromium is a script for installed systems only.
        "chromium" => "usr/lib/chromium",
        "nginx" | "sshd" => "usr/sbin",
        // Plugins of Nagios are in nobody's PATH.
        _ if name.starts_with("check_") => "usr/lib/nagios/plugins",
        _ => "usr/bin",
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn library_path(root: &Path) -> OsString {
    let folders = [
        libraries(root),
        root.join("lib").join(architecture()),
        // pulseaudio's private library, which sound libraries ask for.
        libraries(root).join("pulseaudio"),
    ];
    env::join_paths(folders).unwrap_or_default()
}

fn libraries(root: &Path) -> PathBuf {
    root.join("usr/lib").join(architecture())
}

fn architecture() -> String {
    format!("{}-linux-gnu", env::consts::ARCH)
}
