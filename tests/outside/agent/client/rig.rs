//! A client's command, and an agent that lets it do something.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use gaxx_tests::Agent;

/// An agent that runs everything, and has a writable root `data`.
pub(super) struct Rig {
    pub(super) agent: Agent,
    folder: tempfile::TempDir,
}

/// What a command has said.
pub(super) struct Said {
    pub(super) status: Option<i32>,
    pub(super) output: Vec<u8>,
    pub(super) errors: String,
}

impl Rig {
    #[track_caller]
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let root = folder.path().join("data");
        let config = format!(
            "plugins:\n  agent-exec: {{allow: any}}\n  file-transfer:\n    roots:\n      data: {{path: {}, write: true}}\n",
            root.display()
        );
        let agent = Agent::builder().config(&config).start();
        Self { agent, folder }
    }

    /// The same, after its agent was killed: on the same ports.
    #[track_caller]
    pub(super) fn restart(self) -> Self {
        Self {
            agent: self.agent.restart(),
            folder: self.folder,
        }
    }

    /// A path beside the agent's.
    pub(super) fn here(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in the root `data`.
    pub(super) fn there(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// A command to this agent: `rig.command("exec")` and what follows the node.
    pub(super) fn command(&self, word: &str) -> Command {
        let mut command = self.agent.client();
        command.args([word, self.agent.api()]);
        command
    }

    /// `exec` of a line of a shell, without input.
    #[track_caller]
    pub(super) fn shell(&self, line: &str) -> Said {
        said(
            self.command("exec")
                .args(["--no-input", "--", "/bin/sh", "-c", line]),
        )
    }

    #[track_caller]
    pub(super) fn push(&self, from: &Path, to: &str, more: &[&str]) -> Said {
        said(self.command("push").arg(from).arg(to).args(more))
    }

    #[track_caller]
    pub(super) fn pull(&self, from: &str, to: &Path, more: &[&str]) -> Said {
        said(self.command("pull").arg(from).arg(to).args(more))
    }
}

/// Runs a command to its end.
#[track_caller]
pub(super) fn said(command: &mut Command) -> Said {
    of(command.stdin(Stdio::null()).output().unwrap())
}

/// Runs a command that reads this.
#[track_caller]
pub(super) fn said_with(command: &mut Command, input: &[u8]) -> Said {
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let said = of(child.wait_with_output().unwrap());
    // A command need not read all of it.
    let _ = writing.join().unwrap();
    said
}

fn of(output: Output) -> Said {
    Said {
        status: output.status.code(),
        output: output.stdout,
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Said {
    /// Fails unless it ended so.
    #[track_caller]
    pub(super) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.errors);
        self
    }

    #[track_caller]
    pub(super) fn expect_error(self, status: i32, part: &str) {
        let said = self.expect(status);
        assert!(said.errors.contains(part), "{}", said.errors);
    }
}

/// Bytes that no compression and no text handling lets through unharmed.
pub(super) fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
