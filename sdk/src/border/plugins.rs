//! A plugin, as the host sees it.

use std::{
    os::fd::{FromRawFd, OwnedFd},
    panic::catch_unwind,
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    CollectorBox, EndpointBox, ExporterBox, Fault, HealthCheckBox, HostRef, Manifest, Plugin_TO,
    PluginBox,
    abi_std::{RResult, RStr, RVec},
    root::Plugin as Abi,
};

use crate::{
    Error, ErrorKind, Host, Result,
    declare::{Make, PluginEntry},
};

struct Declared(&'static PluginEntry);

/// The ABI object of a declared plugin.
pub(crate) fn plugin(entry: &'static PluginEntry) -> PluginBox {
    Plugin_TO::from_value(Declared(entry), TD_Opaque)
}

impl Declared {
    fn make<T>(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
        pick: impl Fn(&Make) -> Option<fn(&str, &Host) -> Result<T>>,
    ) -> RResult<T, Fault> {
        let named = |entry: &&crate::declare::ComponentEntry| entry.name == name.as_str();
        let make = self
            .0
            .components()
            .filter(named)
            .find_map(|entry| pick(&entry.make));
        let component = match make {
            Some(make) => make(settings.as_str(), &Host::new(host)),
            None => Err(Error::new(
                ErrorKind::Unknown,
                format!("plugin {} has no such component: {name}", self.0.name),
            )),
        };
        component.map_err(Into::into).into()
    }
}

impl Abi for Declared {
    fn manifest(&self) -> Manifest {
        // A default of the settings is the author's code, and it runs for the schema.
        catch_unwind(|| self.0.manifest()).unwrap_or_else(|_| Manifest {
            name: self.0.name.into(),
            version: self.0.version.into(),
            description: "its manifest panicked".into(),
            components: RVec::new(),
            attributes: RVec::new(),
        })
    }

    fn collector(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<CollectorBox, Fault> {
        self.make(name, settings, host, |make| match make {
            Make::Collector(make) => Some(*make),
            _ => None,
        })
    }

    fn health_check(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<HealthCheckBox, Fault> {
        self.make(name, settings, host, |make| match make {
            Make::HealthCheck(make) => Some(*make),
            _ => None,
        })
    }

    fn exporter(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<ExporterBox, Fault> {
        self.make(name, settings, host, |make| match make {
            Make::Exporter(make) | Make::Notifier(make) => Some(*make),
            _ => None,
        })
    }

    fn endpoint(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<EndpointBox, Fault> {
        self.make(name, settings, host, |make| match make {
            Make::Endpoint(_, make) => Some(*make),
            _ => None,
        })
    }

    fn helper(&self, name: RStr<'_>, socket: i32) -> RResult<(), Fault> {
        // SAFETY: the host gives it away, as the ABI says; nobody else closes it.
        #[allow(unsafe_code)]
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let ended = match self.0.helper(name.as_str()) {
            Some(helper) => helper.run(socket),
            None => Err(Error::new(
                ErrorKind::Unknown,
                format!("plugin {} has no such helper: {name}", self.0.name),
            )),
        };
        ended.map_err(Into::into).into()
    }
}
