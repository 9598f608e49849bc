//! Certificates made with openssl, and curl to use them.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gaxx_tests::{Outcome, Tool, require};
use tempfile::TempDir;

/// A CA in a folder of its own, and what it has issued.
pub(super) struct Pki {
    folder: TempDir,
    openssl: Tool,
    curl: Tool,
}

impl Pki {
    /// Makes a CA and a certificate for `localhost`, `server`; nothing where a tool is missing.
    #[track_caller]
    pub(super) fn new() -> Option<Self> {
        let pki = Self {
            folder: tempfile::tempdir().unwrap(),
            openssl: require("openssl")?,
            curl: require("curl")?,
        };
        pki.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=CA \
             -keyout ca.key -out ca.pem",
        );
        pki.issue("server");
        Some(pki)
    }

    /// Makes `NAME.pem` and `NAME.key`, in the place of those there were.
    #[track_caller]
    pub(super) fn issue(&self, name: &str) {
        fs::write(
            self.path("ext"),
            format!("subjectAltName=DNS:localhost,DNS:{name}.example,IP:127.0.0.1"),
        )
        .unwrap();
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} \
             -keyout new.key -out new.csr"
        ));
        self.openssl(
            "x509 -req -in new.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext \
             -out new.pem",
        );
        set_mode(&self.path("new.key"), 0o600);
        for kind in ["pem", "key"] {
            let new = self.path(&format!("new.{kind}"));
            fs::rename(new, self.path(&format!("{name}.{kind}"))).unwrap();
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the certificates; nobody reads half of it.
    #[track_caller]
    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let half = self.path("half");
        fs::write(&half, text).unwrap();
        fs::rename(half, self.path(name)).unwrap();
        self.path(name)
    }

    /// The keys `certificate` and `key`, and these, as a section in YAML.
    pub(super) fn section(&self, more: &[&str]) -> String {
        let folder = self.folder.path().display();
        let mut section = format!("certificate: {folder}/server.pem, key: {folder}/server.key");
        for key in more {
            let _ = write!(
                section,
                ", {}",
                key.replace("ca.pem", &format!("{folder}/ca.pem"))
            );
        }
        format!("{{{section}}}")
    }

    /// Runs openssl in the folder, with arguments that have no spaces.
    #[track_caller]
    fn openssl(&self, arguments: &str) {
        let output = self
            .openssl
            .command()
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {text}");
    }

    /// What `openssl s_client` says of a handshake.
    pub(super) fn handshake(&self, address: &str, arguments: &[&str]) -> Outcome {
        let mut command = self.openssl.command();
        command
            .args([
                "s_client",
                "-brief",
                "-connect",
                address,
                "-servername",
                "localhost",
            ])
            .args(["-verify_return_error", "-CAfile", "ca.pem"])
            .args(arguments);
        self.run(command)
    }

    /// The certificate that a server shows, as its serial number.
    pub(super) fn shown(&self, address: &str) -> String {
        let script = format!(
            "openssl s_client -connect {address} -CAfile ca.pem < /dev/null 2> /dev/null \
             | openssl x509 -noout -serial"
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]);
        self.run(shell).stdout
    }

    /// `curl` with the CA; gives the body, a line break and the status.
    pub(super) fn curl(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.curl.command();
        command
            .args([
                "-sS",
                "--noproxy",
                "*",
                "--max-time",
                "30",
                "--cacert",
                "ca.pem",
            ])
            .args(["-w", "\n%{http_code}"])
            .args(arguments);
        self.run(command)
    }

    /// The status that curl gets; 0 where it gets none.
    #[track_caller]
    pub(super) fn status(&self, arguments: &[&str]) -> u16 {
        let outcome = self.curl(arguments);
        let status = outcome
            .stdout
            .lines()
            .last()
            .and_then(|line| line.parse().ok());
        status.unwrap_or_else(|| panic!("curl {arguments:?}: {outcome:?}"))
    }

    fn run(&self, mut command: Command) -> Outcome {
        let command = command.current_dir(self.folder.path());
        let output = command.stdin(std::process::Stdio::null()).output();
        Outcome::new(&output.unwrap())
    }
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
