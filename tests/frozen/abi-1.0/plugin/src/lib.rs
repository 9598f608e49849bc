//! A plugin written against ABI 1.0 itself, without the SDK: a component of each kind.
//!
//! It is never changed to suit a later ABI. While hosts of major 1 run it, they run every plugin
//! of its time.

mod echo;
mod mood;
mod shapes;
mod tally;

use abi_stable::{
    export_root_module, prefix_type::PrefixTypeTrait, type_level::downcasting::TD_Opaque,
};
use gaxx_abi::{
    Collector_TO, CollectorBox, Component, Endpoint_TO, EndpointBox, Exporter_TO, ExporterBox,
    Fault, HealthCheck_TO, HealthCheckBox, HostRef, Manifest, Plugin_TO, PluginBox, PluginLibrary,
    PluginLibraryRef, Route,
    abi_std::{RErr, ROk, RResult, RStr, RVec},
    fault,
    manifest::kind,
    note::{self, Note},
    root::Plugin,
};

const NAME: &str = "frozen";
const DESCRIPTION: &str = "Was built against ABI 1.0.";
/// Without an SDK there is no version of it.
const TEXTS: [&str; 4] = [NAME, env!("CARGO_PKG_VERSION"), DESCRIPTION, ""];
const FLAGS: u8 = if cfg!(debug_assertions) {
    note::DEBUG
} else {
    0
};

#[used]
// SAFETY: the section holds nothing but notes, and this is a whole one.
#[unsafe(link_section = ".note.gaxx.abi")]
static NOTE: Note<{ note::length(TEXTS) }> = Note::new(TEXTS, FLAGS);

#[export_root_module]
fn library() -> PluginLibraryRef {
    PluginLibrary { plugins }.leak_into_prefix()
}

extern "C" fn plugins() -> RVec<PluginBox> {
    vec![Plugin_TO::from_value(Frozen, TD_Opaque)].into()
}

struct Frozen;

impl Plugin for Frozen {
    fn manifest(&self) -> Manifest {
        let mut echo = component(kind::ENDPOINT, "echo");
        echo.routes.push(Route {
            method: "POST".into(),
            path: "/frozen/echo".into(),
            scope: "read".into(),
            listener: "monitoring".into(),
            max_body: 0,
            attributes: RVec::new(),
        });
        let components = vec![
            component(kind::COLLECTOR, "shapes"),
            component(kind::HEALTH_CHECK, "mood"),
            component(kind::EXPORTER, "tally"),
            echo,
        ];
        Manifest {
            name: NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            description: DESCRIPTION.into(),
            components: components.into(),
            attributes: RVec::new(),
        }
    }

    fn collector(
        &self,
        name: RStr<'_>,
        _settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<CollectorBox, Fault> {
        match name.as_str() {
            "shapes" => shapes::Shapes::new(host)
                .map(|shapes| Collector_TO::from_value(shapes, TD_Opaque))
                .into(),
            _ => unknown(name),
        }
    }

    fn health_check(
        &self,
        name: RStr<'_>,
        settings: RStr<'_>,
        _host: HostRef,
    ) -> RResult<HealthCheckBox, Fault> {
        match name.as_str() {
            "mood" => ROk(HealthCheck_TO::from_value(
                mood::Mood::new(settings),
                TD_Opaque,
            )),
            _ => unknown(name),
        }
    }

    fn exporter(
        &self,
        name: RStr<'_>,
        _settings: RStr<'_>,
        host: HostRef,
    ) -> RResult<ExporterBox, Fault> {
        match name.as_str() {
            "tally" => ROk(Exporter_TO::from_value(tally::Tally::new(host), TD_Opaque)),
            _ => unknown(name),
        }
    }

    fn endpoint(
        &self,
        name: RStr<'_>,
        _settings: RStr<'_>,
        _host: HostRef,
    ) -> RResult<EndpointBox, Fault> {
        match name.as_str() {
            "echo" => ROk(Endpoint_TO::from_value(echo::Echo, TD_Opaque)),
            _ => unknown(name),
        }
    }
}

fn component(kind: u32, name: &str) -> Component {
    let settings = if kind == kind::HEALTH_CHECK {
        r#"{"type":"object","properties":{"words":{"type":"string"}},"additionalProperties":false}"#
    } else {
        r#"{"type":"object","additionalProperties":false}"#
    };
    Component {
        kind,
        name: name.into(),
        description: DESCRIPTION.into(),
        settings: settings.into(),
        interval: 1_000_000_000,
        routes: RVec::new(),
        attributes: RVec::new(),
    }
}

fn unknown<T>(name: RStr<'_>) -> RResult<T, Fault> {
    RErr(fault(
        fault::kind::UNKNOWN,
        format!("no such component: {name}"),
    ))
}

fn fault(kind: u32, message: String) -> Fault {
    Fault {
        kind,
        message: message.into(),
        remedy: "".into(),
        retry_after: 0,
        attributes: RVec::new(),
    }
}
