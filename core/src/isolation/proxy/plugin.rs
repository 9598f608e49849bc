//! A plugin whose components live in a child.

use std::sync::Arc;

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Collector_TO, CollectorBox, EndpointBox, Exporter_TO, ExporterBox, Fault, HealthCheck_TO,
    HealthCheckBox, HostRef, Manifest, Plugin_TO, PluginBox,
    abi_std::{RResult, RStr},
    manifest::kind,
    root::Plugin,
};

use super::{
    check::RemoteCheck, collector::RemoteCollector, endpoint, exporter::RemoteExporter, seat::Seat,
};
use crate::isolation::process::Child;

/// A plugin in a child.
struct RemotePlugin {
    child: Arc<Child>,
    manifest: Arc<Manifest>,
}

/// The plugin that this child holds.
pub(in crate::isolation) fn plugin(child: Arc<Child>, manifest: Arc<Manifest>) -> PluginBox {
    Plugin_TO::from_value(RemotePlugin { child, manifest }, TD_Opaque)
}

impl RemotePlugin {
    /// A place for a component, of which `make` makes the object that stands for it.
    fn seat<T>(
        &self,
        kind: u32,
        (name, settings, host): (RStr<'_>, RStr<'_>, HostRef),
        make: impl FnOnce(Arc<Seat>) -> T,
    ) -> RResult<T, Fault> {
        let seat = Seat::take(&self.child, kind, &name, &settings, host);
        seat.map(make).into()
    }
}

impl Plugin for RemotePlugin {
    fn manifest(&self) -> Manifest {
        self.manifest.as_ref().clone()
    }

    fn collector(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<CollectorBox, Fault> {
        self.seat(kind::COLLECTOR, (name, settings, host), |seat| {
            Collector_TO::from_value(RemoteCollector(seat), TD_Opaque)
        })
    }

    fn health_check(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<HealthCheckBox, Fault> {
        self.seat(kind::HEALTH_CHECK, (name, settings, host), |seat| {
            HealthCheck_TO::from_value(RemoteCheck::new(seat), TD_Opaque)
        })
    }

    fn exporter(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<ExporterBox, Fault> {
        self.seat(kind::EXPORTER, (name, settings, host), |seat| {
            Exporter_TO::from_value(RemoteExporter::new(seat), TD_Opaque)
        })
    }

    fn endpoint(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<EndpointBox, Fault> {
        self.seat(kind::ENDPOINT, (name, settings, host), endpoint::endpoint)
    }
}
