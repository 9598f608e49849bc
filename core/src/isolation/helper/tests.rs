//! A component's helpers, which this test program plays.
#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write, read_to_string},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    process, thread,
    time::{Duration, Instant},
};

use gaxx_abi::{Attribute, Fault, Manifest, abi_std::RVec, fault::kind};

use super::{
    HELPER,
    helpers::{BURST, Declared, Helpers, MOST},
};
use crate::{isolation::Code, plugin::Origin, registry::Owner};

/// The plugin's name, with which a helper's process finds the test that plays it. The names of
/// helpers find none: no test has a dash.
const PLUGIN: &str = "plays_the_helper";
const NAMES: [&str; 3] = ["x-echoes", "x-fails", "x-stays"];
/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_mins(1);

#[test]
fn plays_the_helper() {
    let mut words = env::args().skip(1);
    if words.next().as_deref() != Some(HELPER) {
        return;
    }
    let name = words.nth(1).unwrap();
    let mut socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned().unwrap());
    writeln!(socket, "{}", process::id()).unwrap();
    let status = match name.as_str() {
        "x-echoes" => io::copy(&mut socket.try_clone().unwrap(), &mut socket).map_or(3, |_| 0),
        "x-fails" => 1,
        _ => loop {
            thread::sleep(BOUND);
        },
    };
    process::exit(status)
}

fn helpers(grace: Duration) -> Helpers {
    let helper = |name: &str| Attribute {
        name: "helper".into(),
        value: name.into(),
    };
    let manifest = Manifest {
        name: PLUGIN.into(),
        version: "1.0.0".into(),
        description: "Has helpers.".into(),
        components: RVec::new(),
        attributes: NAMES.map(helper).to_vec().into(),
    };
    let origin = Origin::staying(Code::Linked(PLUGIN.to_owned()));
    let declared = Declared::of(&manifest, origin);
    let program = env::current_exe().unwrap();
    Helpers::run_by(&program, grace, Owner::new(PLUGIN, "one"), declared, None)
}

/// A helper that has said its number.
struct Played {
    pid: u32,
    socket: BufReader<UnixStream>,
}

fn start(helpers: &Helpers, name: &str) -> Result<Played, Fault> {
    let socket = UnixStream::from(helpers.start(name)?);
    let mut socket = BufReader::new(socket);
    let mut line = String::new();
    // What the test harness prints goes elsewhere.
    socket.read_line(&mut line).unwrap();
    let pid = line.trim().parse().unwrap();
    Ok(Played { pid, socket })
}

impl Played {
    /// Whether it is there, or has ended and nobody has taken its status.
    fn is_there(&self) -> bool {
        Path::new(&format!("/proc/{}", self.pid)).exists()
    }

    fn wait_gone(&self) {
        wait_until(|| !self.is_there());
    }
}

fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < BOUND, "it does not come true");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn it_speaks_over_its_socket_and_ends_with_it() {
    let helpers = helpers(BOUND);
    let mut played = start(&helpers, "x-echoes").unwrap();
    let socket = played.socket.get_mut();
    socket.write_all(b"hello").unwrap();
    let mut echo = [0; 5];
    played.socket.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"hello");
    let Played { pid, socket } = played;
    drop(socket);
    wait_until(|| !fs::exists(format!("/proc/{pid}")).unwrap());
}

#[test]
fn one_that_fails_is_seen_by_the_end_of_its_socket() {
    let helpers = helpers(BOUND);
    let played = start(&helpers, "x-fails").unwrap();
    let pid = played.pid;
    assert_eq!(read_to_string(played.socket).unwrap(), "");
    wait_until(|| !fs::exists(format!("/proc/{pid}")).unwrap());
}

#[test]
fn one_that_is_not_declared_is_not_started() {
    let refused = helpers(BOUND).start("x-other").unwrap_err();
    assert_eq!(refused.kind, kind::UNKNOWN);
    assert!(refused.message.contains("x-echoes, x-fails"), "{refused:?}");
    assert!(!refused.remedy.is_empty());
}

#[test]
fn there_are_so_many_at_a_time() {
    let helpers = helpers(BOUND);
    let mut all: Vec<_> = (0..MOST)
        .map(|_| start(&helpers, "x-echoes").unwrap())
        .collect();
    let refused = helpers.start("x-echoes").unwrap_err();
    assert_eq!(refused.kind, kind::LIMIT);
    assert!(refused.remedy.contains("close the socket"), "{refused:?}");
    all.pop();
    wait_until(|| start(&helpers, "x-echoes").is_ok());
}

#[test]
fn they_are_not_started_again_and_again() {
    let helpers = helpers(BOUND);
    // Each second gives one more, and a start takes far less.
    let refused = (0..10 * BURST).find_map(|_| {
        let played = start(&helpers, "x-fails").map(|played| played.wait_gone());
        played
            .err()
            .filter(|fault| fault.message.contains("too often"))
    });
    assert_eq!(refused.unwrap().kind, kind::LIMIT);
}

#[test]
fn those_that_stay_are_killed_and_no_other_is_started() {
    let helpers = helpers(Duration::from_millis(10));
    let stays = start(&helpers, "x-stays").unwrap();
    assert!(stays.is_there());
    helpers.end();
    stays.wait_gone();
    let refused = helpers.start("x-stays").unwrap_err();
    assert_eq!(refused.kind, kind::CANCELLED);
}

#[test]
fn they_end_with_who_has_them() {
    let helpers = helpers(Duration::ZERO);
    let stays = start(&helpers, "x-stays").unwrap();
    drop(helpers);
    stays.wait_gone();
}
