//! Standard input, on its way to a command.

use std::{
    io::{self, IsTerminal, Read},
    thread,
};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::client::exec::Input;

/// The most that is held to be sent again with a key, in bytes.
const WHOLE: usize = 4 << 20;

/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;

/// What the command is to read: with a key all of standard input, so that it can be sent again; else
/// as it comes. Nothing of a terminal, unless `asked`.
pub(super) fn open(asked: bool, refused: bool, key: bool) -> Result<Input, String> {
    if refused || (io::stdin().is_terminal() && !asked) {
        return Ok(Input::None);
    }
    if !key {
        return stream().map(Input::Streamed);
    }
    let mut whole = Vec::new();
    let read = io::stdin()
        .lock()
        .take(WHOLE as u64 + 1)
        .read_to_end(&mut whole);
    read.map_err(|error| format!("cannot read standard input: {error}"))?;
    if whole.len() > WHOLE {
        return Err(format!(
            "standard input is larger than the {WHOLE} bytes that are kept to be sent again with --idempotency-key: push it as a file, or leave out the key"
        ));
    }
    Ok(Input::Whole(whole.into()))
}

/// Reads on a thread of its own, since nothing else can be told to stop.
fn stream() -> Result<mpsc::Receiver<Bytes>, String> {
    let (pieces, input) = mpsc::channel(2);
    let read = move || {
        let mut room = vec![0; PIECE];
        loop {
            match io::stdin().lock().read(&mut room) {
                Ok(0) => return,
                Ok(length) => {
                    let piece = Bytes::copy_from_slice(room.get(..length).unwrap_or_default());
                    if pieces.blocking_send(piece).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    eprintln!("gaxx-mon: standard input ends here: {error}");
                    return;
                }
            }
        }
    };
    let started = thread::Builder::new().name("input".to_owned()).spawn(read);
    started.map_err(|error| format!("cannot read standard input: {error}"))?;
    Ok(input)
}
