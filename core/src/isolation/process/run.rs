//! One process of a plugin, from its start to its end.

use std::{
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use gaxx_abi::Fault;
use parking_lot::{Condvar, Mutex};
use rustix::{
    io::Errno,
    net::{
        Shutdown, shutdown,
        sockopt::{Timeout, set_socket_timeout},
    },
    process::{Pid, Signal, pidfd_send_signal},
};

use super::Ending;
use crate::isolation::{
    proxy::Line,
    wire::{Channel, WireError, descriptor, message::Control},
};

/// The longest message that is taken from a child, in bytes.
pub(super) const LONGEST: usize = 16 << 20;
/// How long a child may take to read what it is told, a few bytes.
const HEED: Duration = Duration::from_secs(1);
/// How long it may be from the end of a socket to the end of its process. The system closes the
/// sockets first; a process that goes on has closed them by itself.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// One process of a plugin. It is there until [`Process::ending`] says otherwise.
#[derive(Debug)]
pub(in crate::isolation) struct Process {
    /// The plugin's name.
    plugin: String,
    /// Counts the processes of this plugin.
    number: u64,
    pid: Pid,
    /// Nothing in tests where a thread plays the child.
    handle: Option<OwnedFd>,
    control: Mutex<Channel>,
    /// All sockets that the child has other ends of.
    sockets: Mutex<Vec<Weak<OwnedFd>>>,
    ending: Mutex<Option<Arc<Ending>>>,
    ended: Condvar,
}

impl Process {
    /// The process `pid`; `handle` is its pidfd.
    pub(super) fn new(
        plugin: &str,
        number: u64,
        pid: Pid,
        handle: Option<OwnedFd>,
        control: OwnedFd,
    ) -> Result<Self, Errno> {
        let process = Self {
            plugin: plugin.to_owned(),
            number,
            pid,
            handle,
            control: Mutex::new(Channel::new(control, LONGEST)),
            sockets: Mutex::default(),
            ending: Mutex::default(),
            ended: Condvar::new(),
        };
        let control = process.control.lock();
        patient(control.socket())?;
        drop(control);
        Ok(process)
    }

    /// Which of the plugin's processes this is.
    pub(in crate::isolation) fn number(&self) -> u64 {
        self.number
    }

    /// Its process number.
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Its pidfd.
    pub(super) fn handle(&self) -> Option<&OwnedFd> {
        self.handle.as_ref()
    }

    /// Opens the host socket: the child hears of it before all else.
    pub(super) fn host(&self) -> Result<Channel, Fault> {
        self.open(&Control::Host)
    }

    /// Opens a line.
    pub(in crate::isolation) fn line(self: &Arc<Self>) -> Result<Line, Fault> {
        let channel = self.open(&Control::Line)?;
        Ok(Line::new(Arc::clone(self), channel))
    }

    fn open(&self, control: &Control) -> Result<Channel, Fault> {
        let opened = || {
            let (near, far) = descriptor::pair()?;
            patient(near.as_fd())?;
            Ok((near, far))
        };
        let (near, far) = opened().map_err(no_socket)?;
        self.tell(control, Some(&far))?;
        let near = Arc::new(near);
        let mut sockets = self.sockets.lock();
        sockets.retain(|socket| socket.strong_count() > 0);
        sockets.push(Arc::downgrade(&near));
        drop(sockets);
        if let Some(ending) = self.ending() {
            return Err(ending.fault());
        }
        Ok(Channel::new(near, LONGEST))
    }

    /// Tells the child that this component is being stopped.
    pub(in crate::isolation) fn cancel(&self, component: u32) {
        // One that cannot be told has its end noted, and its components with it.
        let _ = self.tell(&Control::Cancel(component), None);
    }

    fn tell(&self, control: &Control, descriptor: Option<&OwnedFd>) -> Result<(), Fault> {
        let mut channel = self.control.lock();
        let told = channel.send(control, Some(Instant::now() + HEED));
        let told = told.and_then(|()| match descriptor {
            Some(descriptor) => pass(&channel, &[descriptor]),
            None => Ok(()),
        });
        told.map_err(|error| self.failed(&error, HEED))
    }

    /// Closes the control socket, which ends the child.
    pub(super) fn hang_up(&self) {
        // It has hung up itself where this fails.
        let _ = shutdown(self.control.lock().socket(), Shutdown::Both);
    }

    /// How it ended; nothing while it runs.
    pub(in crate::isolation) fn ending(&self) -> Option<Arc<Ending>> {
        self.ending.lock().clone()
    }

    /// Ends it for that reason, unless it has ended; answers how it did.
    pub(in crate::isolation) fn condemn(&self, why: Ending) -> Arc<Ending> {
        let ending = self.settle(|| why);
        self.kill();
        if self.handle.is_none() {
            self.close();
        }
        ending
    }

    /// Ends it without giving a reason.
    pub(super) fn kill(&self) {
        if let Some(handle) = &self.handle {
            // It fails where the process has gone, and only there.
            let _ = pidfd_send_signal(handle, Signal::KILL);
        }
    }

    /// Notes how it ended, unless that is known.
    pub(super) fn settle(&self, ending: impl FnOnce() -> Ending) -> Arc<Ending> {
        let mut place = self.ending.lock();
        let ending = Arc::clone(place.get_or_insert_with(|| Arc::new(ending())));
        self.ended.notify_all();
        ending
    }

    /// Ends all its sockets: a process that it has started may hold the other ends, and would keep
    /// calls waiting.
    pub(super) fn close(&self) {
        self.hang_up();
        for socket in self.sockets.lock().drain(..) {
            if let Some(socket) = socket.upgrade() {
                let _ = shutdown(&*socket, Shutdown::Both);
            }
        }
    }

    /// What a call answers that failed on one of its sockets within `limit`. The process is ended
    /// where that is its fault.
    pub(in crate::isolation) fn failed(&self, error: &WireError, limit: Duration) -> Fault {
        let why = match error {
            WireError::Late => Ending::late(&self.plugin, limit),
            WireError::TooLarge { .. } | WireError::Garbage(_) => {
                Ending::protocol(&error.to_string())
            }
            WireError::Closed | WireError::System(_) => {
                let mut ending = self.ending.lock();
                self.ended
                    .wait_while_for(&mut ending, |ending| ending.is_none(), LAST_BREATH);
                drop(ending);
                Ending::protocol("it closed a socket and went on")
            }
        };
        self.condemn(why).fault()
    }

    /// What a call answers that was answered with something else than it asked for.
    pub(in crate::isolation) fn confused(&self) -> Fault {
        let why = Ending::protocol("it answered something else than it was asked");
        self.condemn(why).fault()
    }
}

/// Passes descriptors behind a message.
pub(in crate::isolation) fn pass(
    channel: &Channel,
    descriptors: &[&OwnedFd],
) -> Result<(), WireError> {
    let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
    descriptor::send(channel.socket(), &descriptors).map_err(|errno| match errno {
        Errno::AGAIN => WireError::Late,
        Errno::PIPE | Errno::CONNRESET => WireError::Closed,
        errno => WireError::System(errno.into()),
    })
}

/// Lets nobody wait for ever who passes a descriptor and has no room for it.
fn patient(socket: impl AsFd) -> Result<(), Errno> {
    set_socket_timeout(socket, Timeout::Send, Some(HEED))
}

fn no_socket(errno: Errno) -> Fault {
    super::ending::fault(
        gaxx_abi::fault::kind::LIMIT,
        format!("no socket for its process: {errno}"),
        "raise the limit of open files of gaxx-mon (LimitNOFILE in systemd)",
    )
}
