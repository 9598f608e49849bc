//! Processes of the plugin's own code, each of which misbehaves as its name says.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process,
    sync::{Mutex, PoisonError},
};

use gaxx_sdk::{component, declare::HelperEntry, inventory, prelude::*};

use crate::hang;

/// Does as a helper should: it ends with its socket.
fn calm(socket: OwnedFd) -> Result<()> {
    let mut socket = begin(socket)?;
    io::copy(&mut socket, &mut io::sink())?;
    Ok(())
}

fn fails(socket: OwnedFd) -> Result<()> {
    begin(socket)?;
    Err(Error::failed("told to fail").remedy("tell it something else"))
}

fn panics(socket: OwnedFd) -> Result<()> {
    begin(socket)?;
    panic!("told to panic")
}

fn aborts(socket: OwnedFd) -> Result<()> {
    begin(socket)?;
    process::abort()
}

/// Keeps its socket and does not look at it.
fn hangs(socket: OwnedFd) -> Result<()> {
    let _socket = begin(socket)?;
    hang()
}

/// Prints without a pause until its socket ends.
fn floods(socket: OwnedFd) -> Result<()> {
    let mut socket = begin(socket)?;
    socket.set_nonblocking(true)?;
    while !matches!(socket.read(&mut [0]), Ok(0)) {
        eprintln!("{}", "x".repeat(1000));
    }
    Ok(())
}

/// Writes what a socket can hold many times, which nobody reads.
fn babbles(socket: OwnedFd) -> Result<()> {
    let mut socket = begin(socket)?;
    loop {
        socket.write_all(&[b'x'; 8192])?;
    }
}

/// Tells the component which process it is.
fn begin(socket: OwnedFd) -> Result<UnixStream> {
    let mut socket = UnixStream::from(socket);
    writeln!(socket, "{}", process::id())?;
    Ok(socket)
}

gaxx_sdk::helper!("calm" => calm, "fails" => fails);

/// Those that the tests of the SDK would find to misbehave.
macro_rules! misbehave {
    ($($name:ident)*) => {$(
        inventory::submit! { HelperEntry {
            package: env!("CARGO_PKG_NAME"),
            name: stringify!($name),
            main: $name,
            test: None,
        } }
    )*};
}

misbehave!(panics aborts hangs floods babbles);

/// Starts helpers and keeps their sockets.
struct Helpers {
    host: Host,
    sockets: Mutex<Vec<BufReader<UnixStream>>>,
}

impl Component for Helpers {
    type Settings = NoSettings;

    fn new(_settings: NoSettings, context: &Context) -> Result<Self> {
        let host = context.host().clone();
        let sockets = Mutex::default();
        Ok(Self { host, sockets })
    }
}

impl Helpers {
    /// The number of the helper's process.
    fn start(&self, name: &str) -> Result<String> {
        let socket = UnixStream::from(self.host.helper(name)?);
        let mut socket = BufReader::new(socket);
        let mut line = String::new();
        socket.read_line(&mut line)?;
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        sockets.push(socket);
        Ok(line)
    }
}

impl Endpoint for Helpers {
    const ROUTES: &'static [Route] = &[
        Route::get("/rogue-helpers/close"),
        Route::get("/rogue-helpers/start/*"),
    ];

    fn handle(
        &self,
        request: Request,
        _body: Body,
        reply: Reply,
        deadline: Deadline,
    ) -> Result<()> {
        let name = request.path().strip_prefix("/rogue-helpers/start/");
        let mut text = String::new();
        match name.map(|name| self.start(name)) {
            Some(Ok(number)) => text = number,
            Some(Err(error)) => write!(text, "{:?}: {error}", error.kind())?,
            None => {
                let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
                sockets.clear();
            }
        }
        reply.send(200, "text/plain", text.as_bytes(), deadline)
    }
}

component!(endpoint "helpers" => Helpers);
