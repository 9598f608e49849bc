//! Makes components: the plugin's code runs, with a deadline.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use gaxx_abi::{Fault, HostRef, PluginBox};

use super::{
    CallPool, Candidate, Component, CoreHost, Kind, Object, Services, Ticket, Want, nanos,
    record::{Failure, Reason},
};
use crate::{
    instruments::Instruments,
    isolation::{Declared, Helpers},
    profile::label::Label,
    registry::{Registry, Table},
};

/// How long a plugin may take to make a component.
const DEADLINE: Duration = Duration::from_secs(5);

/// Makes components.
#[derive(Clone)]
pub struct Maker {
    /// Where their series go.
    pub registry: Registry,
    /// Where their calls are counted.
    pub instruments: Instruments,
    /// What they may ask for.
    pub services: Arc<dyn Services>,
    /// The threads they run on.
    pub calls: CallPool,
    /// The threads on which endpoints answer requests.
    pub requests: CallPool,
    /// The folder that each plugin has a folder in.
    pub state_folder: PathBuf,
}

/// A component that a plugin is making.
pub(super) struct Making {
    pub(super) ticket: Ticket,
    want: Want,
    table: Arc<Table>,
    host: Arc<CoreHost>,
    object: mpsc::Receiver<Result<Object, Fault>>,
    due: Instant,
}

impl Maker {
    /// Has the plugin make a component that finds `inherited`, and rings `bell` when that is over.
    pub(super) fn begin(
        &self,
        candidate: &Candidate,
        want: &Want,
        inherited: Option<Vec<u8>>,
        bell: mpsc::Sender<()>,
    ) -> Making {
        let table = self.registry.table(want.owner.clone());
        let state = self.state_folder.join("plugins").join(&want.owner.plugin);
        let host = CoreHost::new(Arc::clone(&table), Arc::clone(&self.services), state);
        let host = host
            .inheriting(inherited)
            .with_helpers(self.helpers(candidate, want));
        let host = Arc::new(host);
        let (sender, object) = mpsc::channel();
        let (plugin, wanted, reference) = (
            Arc::clone(&candidate.plugin),
            want.clone(),
            host.reference(),
        );
        let ticket = self.calls.submit(move || {
            let _entered = Label::of(&wanted.owner).enter();
            // Nobody waits for one that is too late: it is dropped here.
            let _ = sender.send(ask(&plugin, &wanted, reference));
            let _ = bell.send(());
        });
        Making {
            ticket,
            want: want.clone(),
            table,
            host,
            object,
            due: Instant::now() + DEADLINE,
        }
    }

    fn helpers(&self, candidate: &Candidate, want: &Want) -> Helpers {
        let declared = Declared::of(&candidate.manifest, Arc::clone(&candidate.origin));
        let components = &self.instruments.components;
        let counts = (!declared.is_empty()).then(|| components.helpers(&want.owner));
        Helpers::new(want.owner.clone(), declared, counts)
    }

    /// The component, once it is made; nothing before. Its series are not shown yet.
    pub(super) fn made(&self, making: &Making) -> Option<Result<Arc<Component>, Failure>> {
        let object = match making.object.try_recv() {
            Ok(Ok(object)) => object,
            Ok(Err(fault)) => return Some(Err(making.fail(Failure::from_fault(&fault)))),
            Err(mpsc::TryRecvError::Empty) if Instant::now() < making.due => return None,
            Err(mpsc::TryRecvError::Empty) => return Some(Err(self.give_up(making))),
            Err(mpsc::TryRecvError::Disconnected) => {
                let message = "its constructor ended without a result";
                return Some(Err(making.fail(Failure::new(Reason::Error, message, ""))));
            }
        };
        let want = &making.want;
        let component = Component::new(
            want,
            object,
            Arc::clone(&making.table),
            Arc::clone(&making.host),
            self.instruments.components.of(&want.owner, want.kind),
            (self.calls.clone(), self.requests.clone()),
        );
        Some(Ok(Arc::new(component)))
    }

    /// Counts and logs that a component could not be made.
    pub(super) fn failed(&self, want: &Want, failure: &Failure) {
        self.instruments
            .components
            .of(&want.owner, want.kind)
            .failed(failure.reason);
        let (component, reason) = (&want.owner, failure.reason.label());
        tracing::error!(%component, reason, remedy = failure.remedy, "{}", failure.message);
    }

    /// Waits for one that is being made no longer. Its thread counts as hanging.
    fn give_up(&self, making: &Making) -> Failure {
        self.calls.overdue(&making.ticket);
        making.fail(Failure::new(
            Reason::Deadline,
            format!(
                "was not made within {}",
                humantime::format_duration(DEADLINE)
            ),
            "its constructor must not block: it can begin work in start",
        ))
    }
}

impl Making {
    /// Gives back what the plugin registered already.
    fn fail(&self, failure: Failure) -> Failure {
        self.host.cancel();
        self.host.release();
        self.table.close();
        failure
    }
}

fn ask(plugin: &PluginBox, want: &Want, host: HostRef) -> Result<Object, Fault> {
    let (name, settings) = (
        want.owner.component.as_str().into(),
        want.settings.as_str().into(),
    );
    Ok(match want.kind {
        Kind::Collector => Object::Collector(plugin.collector(name, settings, host).into_result()?),
        Kind::HealthCheck => {
            Object::HealthCheck(plugin.health_check(name, settings, host).into_result()?)
        }
        Kind::Exporter => Object::Exporter(plugin.exporter(name, settings, host).into_result()?),
        Kind::Endpoint => {
            let endpoint = plugin.endpoint(name, settings, host).into_result()?;
            // Requests may come as soon as it is there.
            endpoint.start(nanos(want.timing.deadline)).into_result()?;
            Object::Endpoint(Arc::new(endpoint))
        }
    })
}
