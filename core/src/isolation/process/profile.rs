//! Profiles that a plugin's process takes of itself.

use std::{sync::Arc, time::Duration};

use gaxx_abi::{Fault, fault::kind};

use super::{Process, Status, fault};
use crate::{
    isolation::{
        ENDED,
        proxy::Limit,
        wire::{
            Channel, WireError,
            message::{Ask, Told},
        },
    },
    profile::{ProfileError, Samples, Subject},
};

/// A line on which a process takes one profile of itself. What it samples ends with the line.
///
/// Nobody calls the plugin here, so a process that is late is left alone: to look at what is slow,
/// or was stopped, must not end it.
#[derive(Debug)]
pub(crate) struct ProfileLine {
    plugin: String,
    process: Arc<Process>,
    channel: Channel,
}

impl Status {
    /// The process, to be profiled once; where there is none, why. `plugin` is its plugin's name.
    pub(crate) fn profiled(&self, plugin: &str) -> Result<ProfileLine, ProfileError> {
        let open = || {
            let process = self.process()?;
            let channel = process.open()?;
            Ok((process, channel))
        };
        let (process, channel) = open().map_err(|fault| gave_none(plugin, fault))?;
        Ok(ProfileLine {
            plugin: plugin.to_owned(),
            process,
            channel,
        })
    }
}

impl ProfileLine {
    fn ask(
        &mut self,
        within: Duration,
        ask: impl FnOnce(u64) -> Ask,
    ) -> Result<Told, ProfileError> {
        let limit = Limit::new(within);
        let (ask, until) = (ask(limit.told()), Some(limit.until()));
        let sent = self.channel.send(&ask, until);
        let told = match sent.and_then(|()| self.channel.receive(until)) {
            Ok(Told::Fault(fault)) => Err(fault),
            Ok(told) => Ok(told),
            Err(error) => Err(self.failed(&error)),
        };
        told.map_err(|fault| gave_none(&self.plugin, fault))
    }

    fn bytes(mut self, within: Duration, ask: fn(u64) -> Ask) -> Result<Vec<u8>, ProfileError> {
        match self.ask(within, ask)? {
            Told::Bytes(bytes) => Ok(bytes),
            _ => Err(gave_none(&self.plugin, self.process.confused())),
        }
    }

    fn failed(&self, error: &WireError) -> Fault {
        match error {
            WireError::Late => fault(
                kind::DEADLINE,
                "its process gave no profile in time",
                "see whether it was stopped (state T in ps), or has no CPU time left; it was left \
                 alone",
            ),
            // It ends for such on any line.
            WireError::TooLarge { .. } | WireError::Garbage(_) => {
                self.process.failed(error, Duration::ZERO)
            }
            WireError::Closed | WireError::System(_) => match self.process.ending_soon() {
                Some(ending) => ending.fault(),
                None => fault(ENDED, format!("its process gave no profile: {error}"), ""),
            },
        }
    }
}

impl Subject for ProfileLine {
    fn sample(
        mut self: Box<Self>,
        hertz: u32,
        within: Duration,
    ) -> Result<Box<dyn Samples>, ProfileError> {
        match self.ask(within, |deadline| Ask::Sample { hertz, deadline })? {
            Told::Done => Ok(self),
            _ => Err(gave_none(&self.plugin, self.process.confused())),
        }
    }

    fn heap(self: Box<Self>, within: Duration) -> Result<Vec<u8>, ProfileError> {
        self.bytes(within, Ask::Heap)
    }
}

impl Samples for ProfileLine {
    fn finish(self: Box<Self>, within: Duration) -> Result<Vec<u8>, ProfileError> {
        self.bytes(within, Ask::Sampled)
    }
}

fn gave_none(plugin: &str, fault: Fault) -> ProfileError {
    let (plugin, fault) = (plugin.to_owned(), Box::new(fault));
    ProfileError::Process { plugin, fault }
}
