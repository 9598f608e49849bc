//! One process of a plugin, from its start to its end.

use std::{
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use gaxx_abi::{Fault, fault::kind};
use parking_lot::{Condvar, Mutex};
use rustix::{
    io::Errno,
    net::{
        Shutdown, shutdown,
        sockopt::{Timeout, set_socket_timeout},
    },
    process::{Pid, Signal, pidfd_send_signal},
};

use super::{Ending, fault};
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
    control_socket: Arc<OwnedFd>,
    /// All other sockets that the child has other ends of.
    sockets: Mutex<Vec<Weak<OwnedFd>>>,
    ending: Mutex<Option<Arc<Ending>>>,
    ended: Condvar,
}

/// The core's ends of the first sockets of a process.
pub(super) struct Sockets {
    control: Arc<OwnedFd>,
    host: Arc<OwnedFd>,
}

impl Sockets {
    /// The sockets, and the end of the control socket that the process is started with. The host
    /// socket waits for it in there.
    pub(super) fn open() -> Result<(Self, OwnedFd), WireError> {
        let ((control, far), (host, far_host)) = (pair()?, pair()?);
        let sockets = Self {
            control: Arc::new(control),
            host: Arc::new(host),
        };
        let mut channel = sockets.control();
        channel.send(&Control::Host, Some(Instant::now() + HEED))?;
        pass(&channel, &[&far_host])?;
        Ok((sockets, far))
    }

    /// What the child asks of its host.
    pub(super) fn host(&self) -> Channel {
        Channel::new(Arc::clone(&self.host), LONGEST)
    }

    fn control(&self) -> Channel {
        Channel::new(Arc::clone(&self.control), LONGEST)
    }
}

impl Process {
    /// The process `pid`; `handle` is its pidfd.
    pub(super) fn new(
        plugin: &str,
        number: u64,
        pid: Pid,
        handle: Option<OwnedFd>,
        sockets: &Sockets,
    ) -> Self {
        Self {
            plugin: plugin.to_owned(),
            number,
            pid,
            handle,
            control: Mutex::new(sockets.control()),
            control_socket: Arc::clone(&sockets.control),
            sockets: Mutex::new(vec![Arc::downgrade(&sockets.host)]),
            ending: Mutex::default(),
            ended: Condvar::new(),
        }
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

    /// Opens a line.
    pub(in crate::isolation) fn line(self: &Arc<Self>) -> Result<Line, Fault> {
        Ok(Line::new(Arc::clone(self), self.open()?))
    }

    /// Opens the channel of a line.
    pub(super) fn open(&self) -> Result<Channel, Fault> {
        let (near, far) = pair().map_err(|error| no_socket(&error))?;
        self.tell(&Control::Line, Some(&far))?;
        let near = Arc::new(near);
        let mut sockets = self.sockets.lock();
        sockets.retain(|socket| socket.strong_count() > 0);
        sockets.push(Arc::downgrade(&near));
        drop(sockets);
        // Who closes all of them notes the end first.
        match self.ending() {
            Some(ending) => Err(ending.fault()),
            None => Ok(Channel::new(near, LONGEST)),
        }
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
        // Nobody else need wait while it is found out what went wrong.
        drop(channel);
        told.map_err(|error| self.failed(&error, HEED))
    }

    /// Closes the control socket, which ends the child.
    pub(super) fn hang_up(&self) {
        // It has hung up itself where this fails.
        let _ = shutdown(&*self.control_socket, Shutdown::Both);
    }

    /// How it ended; nothing while it runs.
    pub(in crate::isolation) fn ending(&self) -> Option<Arc<Ending>> {
        self.ending.lock().clone()
    }

    /// How it ended, of which the end of a socket has told; nothing where it goes on.
    pub(super) fn ending_soon(&self) -> Option<Arc<Ending>> {
        let mut ending = self.ending.lock();
        self.ended
            .wait_while_for(&mut ending, |ending| ending.is_none(), LAST_BREATH);
        ending.clone()
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
                self.ending_soon();
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

/// Two ends of a socket. Nobody waits for ever who passes a descriptor and has no room for it.
fn pair() -> Result<(OwnedFd, OwnedFd), WireError> {
    let pair = || {
        let (near, far) = descriptor::pair()?;
        set_socket_timeout(&near, Timeout::Send, Some(HEED))?;
        Ok((near, far))
    };
    pair().map_err(|errno: Errno| WireError::System(errno.into()))
}

fn no_socket(error: &WireError) -> Fault {
    fault(
        kind::LIMIT,
        format!("no socket for its process: {error}"),
        "raise the limit of open files of gaxx-mon (LimitNOFILE in systemd)",
    )
}
