//! The child's side: a process that holds one plugin and serves the core over sockets.
//!
//! The main thread reads the control socket. Every line has a thread, which reads an ask, calls the
//! plugin and answers: no other thread stands between. What the plugin wants of its host, of a
//! request's body or of a reply goes over a socket of its own, from whichever thread it likes.
//!
//! Nothing of the program runs here: no runtime, no configuration, no log. What goes wrong in this
//! process itself is a line on its standard error, which the core reads.

mod batch;
pub(super) mod code;
mod components;
pub(super) mod confine;
mod exchange;
mod held;
mod host;
mod line;
mod link;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    os::fd::OwnedFd,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use gaxx_abi::{
    Fault, PluginBox,
    abi_std::{RString, RVec},
};

use self::{code::Load, components::Components, link::HostLink};
use super::wire::{Channel, WireError, descriptor, message::Control};
use crate::profile::{Own, Subject};

/// The longest message that is taken from the core. It sends what there is, and is trusted.
const LONGEST: usize = u32::MAX as usize;

/// Runs this process as a child, for as long as the core wants it; `arguments` are those behind
/// `plugin-host`: the process number of the core.
///
/// Returns only where it cannot begin.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let control = match confine::enter(arguments) {
        Ok(control) => control,
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    match serve(control, code::load, || Box::new(Own)) {
        Ok(()) | Err(WireError::Closed) => {}
        Err(error) => complain(&format_args!("the control socket: {error}")),
    }
    confine::end()
}

/// Who is profiled.
type Profiled = fn() -> Box<dyn Subject>;

/// What all lines of a child share.
struct Shared {
    load: Load,
    profiled: Profiled,
    loaded: OnceLock<Loaded>,
    components: Components,
    host: Arc<HostLink>,
}

/// The plugin of this child.
struct Loaded {
    name: String,
    plugin: PluginBox,
}

/// Does what comes over the control socket until its end. Lines live on as long as the core keeps
/// their other ends.
fn serve(control: OwnedFd, load: Load, profiled: Profiled) -> Result<(), WireError> {
    let mut control = Channel::new(control, LONGEST);
    let Control::Host = control.receive(None)? else {
        return Err(out_of_order());
    };
    let [host] = passed(&control)?;
    let shared = Arc::new(Shared {
        load,
        profiled,
        loaded: OnceLock::new(),
        components: Components::default(),
        host: Arc::new(HostLink::new(host)),
    });
    loop {
        match control.receive(None)? {
            Control::Line => {
                let [line] = passed(&control)?;
                line::begin(&shared, line);
            }
            Control::Cancel(component) => shared.components.cancel(component),
            Control::Host => return Err(out_of_order()),
        }
    }
}

fn out_of_order() -> WireError {
    WireError::System(io::Error::other(
        "the host socket has to come first, and once",
    ))
}

/// The descriptors that follow a message.
fn passed<const N: usize>(channel: &Channel) -> Result<[OwnedFd; N], WireError> {
    descriptor::receive(channel.socket())
        .map_err(|errno| WireError::System(errno.into()))?
        .ok_or(WireError::Closed)
}

fn fault(kind: u32, message: impl Into<RString>) -> Fault {
    Fault {
        kind,
        message: message.into(),
        remedy: RString::new(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}

/// Tells the core's log that something is wrong with this process itself.
pub(super) fn complain(what: &dyn Display) {
    // Where nobody reads it any more, the core has gone, and this process ends with it.
    let _ = writeln!(io::stderr(), "{what}");
}
