//! Makes components: the plugin's code runs, with a deadline.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use gaxx_abi::{Fault, HostRef, PluginBox};

use super::{
    CallPool, Component, CoreHost, Kind, Object, Services, Want,
    record::{Failure, Reason},
};
use crate::{instruments::Instruments, registry::Registry};

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
    pub pool: CallPool,
    /// The threads that requests to endpoints run on: however many hang, collections go on.
    pub requests: CallPool,
    /// The folder that each plugin has a folder in.
    pub state_folder: PathBuf,
}

impl Maker {
    /// Makes a component, and shows its series. Blocks.
    pub fn make(&self, plugin: &Arc<PluginBox>, want: &Want) -> Result<Arc<Component>, Failure> {
        let table = self.registry.table(want.owner.clone());
        let state = self.state_folder.join("plugins").join(&want.owner.plugin);
        let host = Arc::new(CoreHost::new(Arc::clone(&table), Arc::clone(&self.services), state));
        let object = self.object(plugin, want, host.reference())?;
        let component = Component::new(
            want,
            object,
            Arc::clone(&table),
            host,
            self.instruments.components.of(&want.owner, want.kind),
            (self.pool.clone(), self.requests.clone()),
        );
        // It replaces the table of the component before it, whose series go with it.
        match self.registry.attach(&table) {
            Ok(replaced) => replaced.iter().for_each(|table| table.close()),
            Err(error) => return Err(Failure::from_fault(&Fault::from(error))),
        }
        Ok(Arc::new(component))
    }

    fn object(
        &self,
        plugin: &Arc<PluginBox>,
        want: &Want,
        host: HostRef,
    ) -> Result<Object, Failure> {
        let (sender, receiver) = mpsc::channel();
        let (plugin, kind) = (Arc::clone(plugin), want.kind);
        let (name, settings) = (want.owner.component.clone(), want.settings.clone());
        self.pool.submit(move || {
            // Nobody waits for one that is too late.
            let _ = sender.send(ask(&plugin, kind, &name, &settings, host));
        });
        let end = Instant::now() + DEADLINE;
        loop {
            match receiver.recv_timeout(Duration::from_millis(20)) {
                Ok(made) => return made.map_err(|fault| Failure::from_fault(&fault)),
                Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() < end => self.pool.relieve(),
                Err(_) => {
                    return Err(Failure::new(
                        Reason::Deadline,
                        format!("{} was not made within 5 s", want.owner),
                        "its constructor must not block: begin work in start",
                    ));
                }
            }
        }
    }
}

fn ask(
    plugin: &PluginBox,
    kind: Kind,
    name: &str,
    settings: &str,
    host: HostRef,
) -> Result<Object, Fault> {
    let (name, settings) = (name.into(), settings.into());
    Ok(match kind {
        Kind::Collector => {
            Object::Collector(plugin.collector(name, settings, host).into_result()?)
        }
        Kind::HealthCheck => {
            Object::HealthCheck(plugin.health_check(name, settings, host).into_result()?)
        }
        Kind::Exporter => Object::Exporter(plugin.exporter(name, settings, host).into_result()?),
        Kind::Endpoint => {
            Object::Endpoint(Arc::new(plugin.endpoint(name, settings, host).into_result()?))
        }
    })
}
