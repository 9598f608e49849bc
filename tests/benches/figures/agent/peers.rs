//! The peers, each in a folder of its own on a free port of 127.0.0.1.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use gaxx_tests::{Child, Tool, wait_until};
use tempfile::TempDir;

use crate::Table;

const BOUND: Duration = Duration::from_mins(1);

/// A peer that listens.
pub(super) struct Server {
    _child: Child,
    address: String,
    folder: TempDir,
}

impl Server {
    /// `127.0.0.1:PORT`.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A plain Go server, built from the source beside this file.
pub(super) fn go_server(table: &mut Table) -> Option<Server> {
    let go = found(table, "go")?;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("heartbeat");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("figures/agent/heartbeat.go");
    let built = go
        .command()
        .env("GOCACHE", folder.path().join("cache"))
        .env("GOFLAGS", "-mod=mod")
        .arg("build")
        .arg("-o")
        .arg(&program)
        .arg(source)
        .status()
        .unwrap();
    assert!(built.success(), "go does not build its server");
    let mut child = Child::spawn("the Go server", &mut Command::new(program));
    let address = child.wait_line(BOUND, |line| {
        Some(line.strip_prefix("listening on ")?.to_owned())
    });
    Some(Server {
        _child: child,
        address,
        folder,
    })
}

/// nginx, which serves the files of its folder.
pub(super) fn nginx(table: &mut Table) -> Option<Server> {
    let nginx = found(table, "nginx")?;
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let config = format!(
        "daemon off; worker_processes 1; pid {0}/pid; error_log stderr; user root;\n\
         events {{}}\nhttp {{ access_log off; sendfile on; client_body_temp_path {0}/body;\n\
         proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;\n\
         server {{ listen 127.0.0.1:{port}; root {0}; }} }}\n",
        folder.path().display()
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, config).unwrap();
    open_to_all(folder.path());
    let child = Child::spawn(
        "nginx",
        nginx.command().arg("-e").arg("stderr").arg("-c").arg(file),
    );
    Some(listening(child, port, folder))
}

/// An rsync daemon, whose module `all` is its folder.
pub(super) fn rsync(table: &mut Table) -> Option<(Tool, Server)> {
    let rsync = found(table, "rsync")?;
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let config = format!(
        "use chroot = no\nuid = root\ngid = root\n[all]\npath = {}\nread only = no\n",
        folder.path().display()
    );
    let file = folder.path().join("rsyncd.conf");
    fs::write(&file, config).unwrap();
    let child = Child::spawn(
        "rsync",
        rsync
            .command()
            .args(["--daemon", "--no-detach", "--address=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--config={}", file.display())),
    );
    Some((rsync, listening(child, port, folder)))
}

/// sshd with keys of its own, and a connection to it that is kept.
pub(super) struct Ssh {
    server: Server,
    port: u16,
    _master: Child,
}

pub(super) fn ssh(table: &mut Table) -> Option<Ssh> {
    let (sshd, ssh) = (found(table, "sshd")?, found(table, "ssh")?);
    let keygen = found(table, "ssh-keygen")?;
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let path = |name: &str| folder.path().join(name);
    for key in ["host", "user"] {
        let made = keygen
            .command()
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(path(key))
            .status();
        assert!(made.unwrap().success(), "ssh-keygen");
    }
    fs::copy(path("user.pub"), path("authorized")).unwrap();
    // sshd insists on a user of that name, which only this process needs to see.
    let users = fs::read_to_string("/etc/passwd").unwrap();
    fs::write(
        path("passwd"),
        format!("{users}sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n"),
    )
    .unwrap();
    let script = format!(
        "mount --bind {0}/passwd /etc/passwd && mount -t tmpfs -o mode=755 none /run && mkdir /run/sshd \
         && exec {1} -D -e -f /dev/null -p {port} -h {0}/host -o ListenAddress=127.0.0.1 \
         -o AuthorizedKeysFile={0}/authorized -o StrictModes=no -o PidFile=none -o UsePAM=no \
         -o PermitRootLogin=yes",
        folder.path().display(),
        sshd.path().display()
    );
    let libraries = sshd.command();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", &script]);
    for (name, value) in libraries.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let mut child = Child::spawn("sshd", &mut command);
    if !came_up(&mut child, port) {
        table.note(format!(
            "sshd does not start here: {}",
            child.lines().join("; ")
        ));
        return None;
    }
    let server = Server {
        _child: child,
        address: format!("127.0.0.1:{port}"),
        folder,
    };
    let mut master = client(&server, port);
    master.args(["-M", "-N", "127.0.0.1"]);
    let master = Child::spawn("ssh", &mut master);
    let control = server.folder().join("control");
    wait_until("the connection is there", || control.exists());
    drop(ssh);
    Some(Ssh {
        server,
        port,
        _master: master,
    })
}

impl Ssh {
    /// Runs a command there.
    pub(super) fn run(&self, command: &str) {
        let mut ssh = client(&self.server, self.port);
        ssh.args(["127.0.0.1", command]).stdin(Stdio::null());
        assert!(ssh.status().unwrap().success(), "ssh");
    }

    /// Copies a file there, over the connection that is kept.
    pub(super) fn copy(&self, from: &Path, to: &Path) {
        let mut scp = Command::new("scp");
        scp.arg("-q")
            .args(options(&self.server))
            .arg("-P")
            .arg(self.port.to_string())
            .arg(from)
            .arg(format!("127.0.0.1:{}", to.display()));
        assert!(scp.status().unwrap().success(), "scp");
    }
}

fn client(server: &Server, port: u16) -> Command {
    let mut ssh = Command::new("ssh");
    ssh.args(options(server)).arg("-p").arg(port.to_string());
    ssh
}

fn options(server: &Server) -> Vec<String> {
    let folder = server.folder().display();
    let options = [
        "-F/dev/null".to_owned(),
        format!("-i{folder}/user"),
        "-oStrictHostKeyChecking=no".to_owned(),
        "-oUserKnownHostsFile=/dev/null".to_owned(),
        "-oLogLevel=ERROR".to_owned(),
        format!("-oControlPath={folder}/control"),
    ];
    options.into()
}

fn listening(mut child: Child, port: u16, folder: TempDir) -> Server {
    assert!(came_up(&mut child, port), "{}", child.tail());
    Server {
        _child: child,
        address: format!("127.0.0.1:{port}"),
        folder,
    }
}

/// Whether it listens before it ends.
fn came_up(child: &mut Child, port: u16) -> bool {
    let mut listens = false;
    wait_until("it listens, or has ended", || {
        listens = std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        listens || child.exited().is_some()
    });
    listens
}

fn found(table: &mut Table, name: &str) -> Option<Tool> {
    let tool = Tool::find(name);
    if tool.is_none() {
        table.note(format!(
            "{name} is missing: tests/run.sh --tools and --peers fetch what this needs"
        ));
    }
    tool
}

/// Free now; these peers cannot say which one the system chose.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A file of this many bytes that do not repeat, and do not compress.
pub(super) fn file(folder: &Path, name: &str, size: usize) -> PathBuf {
    use std::io::{Read, Write};
    let path = folder.join(name);
    let mut noise = fs::File::open("/dev/urandom").unwrap().take(1 << 20);
    let mut block = Vec::new();
    noise.read_to_end(&mut block).unwrap();
    let mut file = fs::File::create(&path).unwrap();
    let mut left = size;
    let mut turn = 0_u64;
    while left > 0 {
        // Each block differs from the others.
        block[..8].copy_from_slice(&turn.to_le_bytes());
        let piece = left.min(block.len());
        file.write_all(&block[..piece]).unwrap();
        left -= piece;
        turn += 1;
    }
    path
}
