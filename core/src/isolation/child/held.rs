//! A component of this child, and the calls that it is asked for.

use std::sync::Arc;

use gaxx_abi::{
    Fault, Point,
    abi_std::{ROption, RVec},
    fault::kind,
};

use super::{Loaded, Shared, batch::Kept, fault, host};
use crate::{
    isolation::wire::message::{Ask, Make, Told},
    plugin::{Kind, Object},
    profile::label::Label,
    registry::Owner,
};

/// A component that the plugin made.
pub(super) struct Held {
    /// Goes before the object: dropping that may wait for background work to end.
    _number: Number,
    object: Object,
    kept: Kept,
    label: Label,
}

/// A component's number. When it goes the component's background work is told to end.
struct Number {
    shared: Arc<Shared>,
    number: u32,
}

impl Drop for Number {
    fn drop(&mut self) {
        self.shared.components.remove(self.number);
    }
}

impl Held {
    /// Has the plugin make a component.
    pub(super) fn make(shared: &Arc<Shared>, make: Make) -> Result<Self, Fault> {
        let unknown = |what: &str| fault(kind::UNKNOWN, what);
        let Make {
            component: number,
            kind,
            name,
            settings,
            host,
        } = make;
        let Loaded {
            name: plugin_name,
            plugin,
        } = shared
            .loaded
            .get()
            .ok_or_else(|| unknown("no plugin is loaded"))?;
        let kind =
            Kind::from_number(kind).ok_or_else(|| unknown("no such kind of component is known"))?;
        let cancelled = shared
            .components
            .add(number)
            .ok_or_else(|| unknown("this component is there already"))?;
        let taken = Number {
            shared: Arc::clone(shared),
            number,
        };
        let label = Label::of(&Owner {
            plugin: plugin_name.clone(),
            component: name.clone(),
            instance: host.instance.clone(),
        });
        let _entered = label.enter();
        let host = host::reference(number, host, cancelled, Arc::clone(&shared.host));
        let (name, settings) = (name.as_str().into(), settings.as_str().into());
        let object = match kind {
            Kind::Collector => {
                Object::Collector(plugin.collector(name, settings, host).into_result()?)
            }
            Kind::HealthCheck => {
                Object::HealthCheck(plugin.health_check(name, settings, host).into_result()?)
            }
            Kind::Exporter => {
                Object::Exporter(plugin.exporter(name, settings, host).into_result()?)
            }
            Kind::Endpoint => {
                let endpoint = Arc::new(plugin.endpoint(name, settings, host).into_result()?);
                shared.components.open(number, &endpoint, label);
                Object::Endpoint(endpoint)
            }
        };
        Ok(Self {
            _number: taken,
            object,
            kept: Kept::default(),
            label,
        })
    }

    /// Calls the component. `points` is room for its numbers, empty.
    pub(super) fn call(&mut self, ask: Ask, mut points: RVec<Point>) -> Result<Told, Fault> {
        let _entered = self.label.enter();
        match (ask, &mut self.object) {
            (Ask::Start(deadline), object) => {
                object.start(deadline)?;
                Ok(Told::Done)
            }
            (Ask::Collect(deadline), Object::Collector(collector)) => {
                collector.collect(deadline, &mut points).into_result()?;
                Ok(Told::Points(points))
            }
            (Ask::Check(deadline), Object::HealthCheck(check)) => {
                let verdict = check.check(deadline).into_result()?;
                check.points(&mut points);
                Ok(Told::Verdict(verdict, points))
            }
            (Ask::Export(mut export, deadline), Object::Exporter(exporter)) => {
                let batch = self.kept.batch(&mut export)?;
                exporter.export(batch, deadline).into_result()?;
                exporter.points(&mut points);
                Ok(Told::Points(points))
            }
            (Ask::Notify(news, deadline), Object::Exporter(exporter)) => {
                exporter
                    .notify(news.as_str().into(), deadline)
                    .into_result()?;
                exporter.points(&mut points);
                Ok(Told::Points(points))
            }
            (Ask::Flush(deadline), Object::Exporter(exporter)) => {
                exporter.flush(deadline).into_result()?;
                exporter.points(&mut points);
                Ok(Told::Points(points))
            }
            (Ask::Points, object) => {
                object.points(&mut points);
                Ok(Told::Points(points))
            }
            (Ask::Save(deadline), object) => Ok(Told::Saved(save(object, deadline))),
            _ => Err(fault(kind::UNKNOWN, "this component has no such call")),
        }
    }

    /// The component's last call.
    pub(super) fn stop(mut self, deadline: u64) {
        let _entered = self.label.enter();
        self.object.stop(deadline);
        drop(self);
    }
}

fn save(object: &mut Object, deadline: u64) -> Option<Vec<u8>> {
    let saved: ROption<RVec<u8>> = match object {
        Object::Collector(collector) => collector.save(deadline),
        Object::HealthCheck(check) => check.save(deadline),
        Object::Exporter(exporter) => exporter.save(deadline),
        Object::Endpoint(endpoint) => endpoint.save(deadline),
    };
    saved.into_option().map(Into::into)
}
