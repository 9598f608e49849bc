//! Where the loader enters a library.

use abi_stable::{
    StableAbi,
    library::RootModule,
    package_version_strings, sabi_trait,
    sabi_types::VersionStrings,
    std_types::{RBox, RResult, RStr, RVec},
};

use crate::{
    CollectorBox, EndpointBox, ExporterBox, Fault, HealthCheckBox, HostRef, Manifest, fault,
};

/// A plugin: it describes itself, and makes its components.
#[sabi_trait]
pub trait Plugin: Send + Sync {
    /// What it says of itself.
    fn manifest(&self) -> Manifest;
    /// Makes the collector of this name. `settings` is a JSON object.
    fn collector(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<CollectorBox, Fault>;
    /// Makes the health check of this name.
    fn health_check(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<HealthCheckBox, Fault>;
    /// Makes the exporter of this name.
    fn exporter(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<ExporterBox, Fault>;
    /// Makes the endpoint of this name.
    #[sabi(last_prefix_field)]
    fn endpoint(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<EndpointBox, Fault>;
    /// Runs the helper of this name, in a process of its own that ends when this returns. The
    /// socket is a file descriptor that is the plugin's from then on. Since 1.2.
    fn helper(&self, _name: RStr<'_>, _socket: i32) -> RResult<(), Fault> {
        RResult::RErr(Fault::absent(
            fault::kind::UNKNOWN,
            "the plugin has no such helper",
        ))
    }
}

/// A plugin, linked in or loaded.
pub type PluginBox = Plugin_TO<'static, RBox<()>>;

/// The one symbol that a library exports.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginLibraryRef)))]
pub struct PluginLibrary {
    /// The plugins of this library: one. The SDK prepares the library's panic hook and log here.
    #[sabi(last_prefix_field)]
    pub plugins: extern "C" fn() -> RVec<PluginBox>,
}

impl RootModule for PluginLibraryRef {
    abi_stable::declare_root_module_statics! {PluginLibraryRef}
    const BASE_NAME: &'static str = "gaxx_plugin";
    const NAME: &'static str = "gaxx_plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}
