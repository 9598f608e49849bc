//! A test, or a part of one, in a process of its own.

use std::{
    cell::Cell,
    env, fs,
    io::{self, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio, exit},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use super::folder::Folder;
use crate::{Error, Explain, Result};

/// Set for a child: the folder in which it leaves what its part made.
const FOLDER: &str = "GAXX_SDK_TEST_CHILD";
/// The file in it.
const MADE: &str = "made";
/// How long a part may take.
const LIMIT: Duration = Duration::from_mins(1);
/// How much of a child's output an error shows, in bytes.
const SHOWN: usize = 4_000;

thread_local! {
    /// Whether this test has run a part in a child.
    static CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a part of a test in a process of its own: one that aborts, exits, overflows its stack or
/// hangs is an error that says so, with the signal or the status, and ends no other test.
///
/// The process is this test program once more, run for the calling test alone. It comes to this
/// call again, runs the part and ends. So a test has one such call, on its own thread, and does
/// little before it. A part has a minute.
///
/// ```no_run
/// # use gaxx_sdk::testing;
/// #[test]
/// fn it_does_not_abort() {
///     testing::in_child(|| { /* make the component, call it */ }).unwrap();
/// }
/// ```
pub fn in_child(part: impl FnOnce()) -> Result<()> {
    let made = made_in_child(LIMIT, || {
        part();
        String::new()
    });
    made.map(drop)
}

/// As [`in_child`], with what the part made.
pub(super) fn made_in_child(limit: Duration, part: impl FnOnce() -> String) -> Result<String> {
    let Some(folder) = env::var_os(FOLDER) else {
        return run(limit);
    };
    // In one step, so that what is there is whole.
    let half = Path::new(&folder).join("half");
    fs::write(&half, part())?;
    fs::rename(half, Path::new(&folder).join(MADE))?;
    exit(0)
}

fn run(limit: Duration) -> Result<String> {
    if CALLED.replace(true) {
        let message = "this test has run a part in a child already, and the child would run that";
        return Err(Error::failed(message).remedy("make two tests of it"));
    }
    let thread = thread::current();
    let test = thread.name().filter(|name| *name != "main");
    let test = test.ok_or_else(|| {
        Error::failed("this thread is not that of a test").remedy("call in_child from the test")
    })?;
    let folder = Folder::new().explain(|| "a folder for the child".to_owned())?;
    let (output, writer) = io::pipe()?;
    let child = Command::new(env::current_exe()?)
        .args([test, "--exact", "--include-ignored", "--nocapture"])
        .arg("--test-threads=1")
        .env(FOLDER, folder.path())
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .explain(|| "the child does not start".to_owned())?;
    let (status, said) = end(child, output, limit)?;
    judge(status, folder.path(), &said, limit)
}

/// Waits until the child ends, and ends it where that takes too long. `None` stands for that.
fn end(
    mut child: Child,
    mut output: io::PipeReader,
    limit: Duration,
) -> Result<(Option<ExitStatus>, Vec<u8>)> {
    let (sender, receiver) = channel();
    // It ends with the child, or with the last process that holds the child's output.
    thread::spawn(move || {
        let mut said = Vec::new();
        // Output that cannot be read is missing in an error, and that is all.
        let _ = output.read_to_end(&mut said);
        let _ = sender.send(said);
    });
    match receiver.recv_timeout(limit) {
        Ok(said) => Ok((Some(child.wait()?), said)),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            child.kill()?;
            child.wait()?;
            let said = receiver.recv_timeout(Duration::from_secs(1));
            Ok((None, said.unwrap_or_default()))
        }
    }
}

fn judge(
    status: Option<ExitStatus>,
    folder: &Path,
    said: &[u8],
    limit: Duration,
) -> Result<String> {
    let made = fs::read_to_string(folder.join(MADE));
    let what = match (status, made) {
        (Some(status), Ok(made)) if status.success() => return Ok(made),
        (Some(status), Err(_)) if status.success() => {
            format!("the child ended before its part did ({status})")
        }
        (Some(status), _) => format!("the child ended with {status}"),
        (None, _) => format!("the child did not end within {} s", limit.as_secs()),
    };
    let tail = &said[said.len().saturating_sub(SHOWN)..];
    let tail = String::from_utf8_lossy(tail);
    Err(Error::failed(format!("{what}; it said:\n{}", tail.trim())))
}
