//! The border: ABI objects on this side, the author's types on that.
//!
//! Every call is guarded: a panic becomes a fault, and log lines go to the component's own host.

mod bridge;
mod checks;
mod collecting;
mod endpoints;
mod exporting;
mod guard;
mod library;
mod notifying;
mod plugins;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use guard::guard;
pub(crate) use plugins::plugin;

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    Collector_TO, CollectorBox, Endpoint_TO, EndpointBox, Exporter_TO, ExporterBox, HealthCheck_TO,
    HealthCheckBox,
};

use self::bridge::Bridge;
use crate::{
    Collector, Component, Endpoint, Exporter, HealthCheck, Host, Notifier, Result, settings,
};

/// Makes a collector.
pub fn collector<T: Collector>(settings: &str, host: &Host) -> Result<CollectorBox> {
    Bridge::<T>::new(settings, host).map(|bridge| Collector_TO::from_value(bridge, TD_Opaque))
}

/// Makes a health check.
pub fn health_check<T: HealthCheck>(settings: &str, host: &Host) -> Result<HealthCheckBox> {
    Bridge::<T>::new(settings, host).map(|bridge| HealthCheck_TO::from_value(bridge, TD_Opaque))
}

/// Makes an exporter.
pub fn exporter<T: Exporter>(settings: &str, host: &Host) -> Result<ExporterBox> {
    Bridge::<T>::new(settings, host).map(|bridge| Exporter_TO::from_value(bridge, TD_Opaque))
}

/// Makes a notifier.
pub fn notifier<T: Notifier>(settings: &str, host: &Host) -> Result<ExporterBox> {
    let bridge = notifying::Notifying(Bridge::<T>::new(settings, host)?);
    Ok(Exporter_TO::from_value(bridge, TD_Opaque))
}

/// Makes an endpoint.
pub fn endpoint<T: Endpoint>(settings: &str, host: &Host) -> Result<EndpointBox> {
    let bridge = Bridge::<T>::new(settings, host)?;
    Ok(Endpoint_TO::from_value(
        endpoints::Shared::new(bridge),
        TD_Opaque,
    ))
}

/// The JSON Schema of a component's settings.
pub fn schema<T: Component>() -> String {
    settings::schema::<T::Settings>()
}
