//! Sockets on which this process asks and the core answers.

use std::os::fd::OwnedFd;

use gaxx_abi::{Fault, fault::kind};
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};

use super::{LONGEST, fault, passed};
use crate::isolation::wire::{
    Channel, WireError,
    message::{HostAsk, HostTold},
};

/// One end of such a socket. Whoever asks waits as long as the core does.
pub(super) struct Link {
    /// Nothing once it has failed: an answer that comes later would pass for one to another ask.
    channel: Option<Channel>,
    /// What is said of it then.
    gone: &'static str,
}

impl Link {
    /// `gone` says what it means that the core has closed its end.
    pub(super) fn new(socket: OwnedFd, gone: &'static str) -> Self {
        Self {
            channel: Some(Channel::new(socket, LONGEST)),
            gone,
        }
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask<T: DeserializeOwned>(&mut self, ask: &impl Serialize) -> Result<T, Fault> {
        self.pass(|channel| {
            channel.send(ask, None)?;
            channel.receive(None)
        })
    }

    /// Tells something that is not answered.
    pub(super) fn tell(&mut self, message: &impl Serialize) -> Result<(), Fault> {
        self.pass(|channel| channel.send(message, None))
    }

    /// Closes this end.
    pub(super) fn close(&mut self) {
        self.channel = None;
    }

    fn pass<T>(
        &mut self,
        pass: impl FnOnce(&mut Channel) -> Result<T, WireError>,
    ) -> Result<T, Fault> {
        let Some(channel) = &mut self.channel else {
            return Err(fault(kind::CANCELLED, self.gone));
        };
        pass(channel).map_err(|error| {
            self.close();
            match error {
                WireError::Closed => fault(kind::CANCELLED, self.gone),
                error => fault(kind::FAILED, error.to_string()),
            }
        })
    }
}

/// The one host socket, which all components share.
pub(super) struct HostLink(Mutex<Link>);

impl HostLink {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self(Mutex::new(Link::new(socket, "the program has gone")))
    }

    pub(super) fn ask(&self, ask: &HostAsk) -> Result<HostTold, Fault> {
        self.0.lock().ask(ask)
    }

    /// Asks for a descriptor. Nobody else asks until it has come.
    pub(super) fn ask_for_descriptor(&self, ask: &HostAsk) -> Result<OwnedFd, Fault> {
        let mut link = self.0.lock();
        match link.ask(ask)? {
            HostTold::Descriptor => {
                let [descriptor] = link.pass(|channel| passed(channel))?;
                Ok(descriptor)
            }
            HostTold::Fault(fault) => Err(fault),
            _ => Err(confused()),
        }
    }

    pub(super) fn tell(&self, ask: &HostAsk) {
        // Where the program has gone this process ends, and nothing need be told.
        let _ = self.0.lock().tell(ask);
    }
}

/// An answer that belongs to another question. The core is the same program, so this is a bug.
pub(super) fn confused() -> Fault {
    fault(
        kind::FAILED,
        "the program answered something else than it was asked",
    )
}
