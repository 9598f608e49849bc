//! A network of a test's own, in which every port is free.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::child::Child;
use crate::poll::{BOUND, wait_for};

/// A network that has a loopback device and nothing else. It lasts as long as this.
#[derive(Debug)]
pub struct PrivateNetwork {
    _holder: Child,
}

impl PrivateNetwork {
    /// Moves the calling thread into a new one, and with it what the thread begins from now on:
    /// threads, programs, connections. Nothing where the system does not allow that.
    pub fn enter() -> Option<Self> {
        const UP: &str = "the network is up";
        let script = format!("ip link set lo up && echo {UP} && exec sleep infinity");
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", &script]);
        let mut holder = Child::spawn("unshare", &mut command);
        let up = wait_for(BOUND, || {
            let up = holder.lines().iter().any(|line| line == UP);
            if up || holder.exited().is_some() {
                Ok(up)
            } else {
                Err("unshare says nothing")
            }
        });
        if up != Ok(true) {
            return None;
        }
        let network = File::open(format!("/proc/{}/ns/net", holder.pid())).ok()?;
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).ok()?;
        Some(Self { _holder: holder })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::PrivateNetwork;

    #[test]
    fn a_port_in_use_is_free_there() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("its address");
        // The thread of a test is its own, but this should not depend on it.
        let inside = thread::spawn(move || {
            let _network = PrivateNetwork::enter()?;
            Some(TcpListener::bind(address).is_ok())
        });
        // Where it is not allowed there is none.
        assert_ne!(inside.join().expect("no panic"), Some(false));
        assert!(TcpListener::bind(address).is_err());
    }
}
