//! A child that a thread plays.

use std::{os::fd::OwnedFd, sync::Arc, thread};

use parking_lot::Mutex;
use rustix::process::getpid;

use crate::isolation::{
    process::{
        Process,
        run::{LONGEST, Sockets},
        service::Service,
    },
    wire::{
        Channel, descriptor,
        message::{Ask, Control, Told},
    },
};

/// What a line answers. Where there is nothing, the script has sent what it wanted, or the line
/// ends.
pub(super) type Script = fn(Ask, &mut Channel) -> Option<Told>;

/// A child that a thread plays.
pub(super) struct Puppet {
    pub(super) process: Arc<Process>,
    /// The core's end of the host socket.
    pub(super) service: Service,
    /// The child's end.
    pub(super) host: Channel,
    /// What was asked and told, in order.
    pub(super) heard: Arc<Mutex<Vec<String>>>,
}

impl Puppet {
    /// The process of this number, with lines that follow the script.
    pub(super) fn new(number: u64, script: Script) -> Self {
        let (sockets, far) = Sockets::open().unwrap();
        let process = Process::new("demo", number, getpid(), None, &sockets);
        let heard = Arc::default();
        let service = Service::new(sockets.host());
        let mut control = Channel::new(far, LONGEST);
        assert!(matches!(control.receive(None).unwrap(), Control::Host));
        let host = Channel::new(passed(&control), LONGEST);
        let told = Arc::clone(&heard);
        thread::spawn(move || play(control, script, &told));
        Self {
            process: Arc::new(process),
            service,
            host,
            heard,
        }
    }
}

fn passed(channel: &Channel) -> OwnedFd {
    let [descriptor] = descriptor::receive(channel.socket()).unwrap().unwrap();
    descriptor
}

/// Until the core hangs up.
fn play(mut control: Channel, script: Script, heard: &Arc<Mutex<Vec<String>>>) {
    while let Ok(message) = control.receive(None) {
        match message {
            Control::Line => {
                let mut line = Channel::new(passed(&control), LONGEST);
                let heard = Arc::clone(heard);
                thread::spawn(move || {
                    while let Ok(ask) = line.receive::<Ask>(None) {
                        heard.lock().push(said(&ask));
                        match script(ask, &mut line) {
                            Some(told) if line.send(&told, None).is_ok() => {}
                            _ => return,
                        }
                    }
                });
            }
            other => heard.lock().push(format!("{other:?}")),
        }
    }
}

/// What a test compares: no deadlines, which differ.
fn said(ask: &Ask) -> String {
    match ask {
        Ask::Make(make) => format!(
            "Make {} {} {:?}",
            make.component, make.name, make.host.inherited
        ),
        other => {
            let text = format!("{other:?}");
            text.split('(').next().unwrap_or_default().to_owned()
        }
    }
}
