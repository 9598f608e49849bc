//! How a plugin says what it is: entries that `inventory` collects.

use std::{os::fd::OwnedFd, panic::catch_unwind, time::Duration};

use gaxx_abi::{
    Attribute, CollectorBox, EndpointBox, ExporterBox, HealthCheckBox, Manifest, PluginBox,
    abi_std::RVec, manifest,
};

use crate::{Error, ErrorKind, Host, Result, Route, border, logging};

/// A plugin, as the [`plugin!`](crate::plugin) macro declares it.
#[derive(Debug)]
pub struct PluginEntry {
    /// The crate it stands in: it joins components to their plugin.
    pub package: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// One line for people.
    pub description: &'static str,
    /// Keys outside its section that it claims: `telemetry.otlp_endpoint=otlp.endpoint`.
    pub claims: &'static [&'static str],
}

/// A component, as [`plugin!`](crate::plugin) or [`component!`](crate::component) declares it.
#[derive(Debug)]
pub struct ComponentEntry {
    /// The crate it stands in.
    pub package: &'static str,
    /// Its name.
    pub name: &'static str,
    /// One line for people; empty: the plugin's.
    pub description: &'static str,
    /// JSON Schema of its settings.
    pub schema: fn() -> String,
    /// How often it wants to run.
    pub interval: Option<Duration>,
    /// The setting without which it is not made.
    pub asked_by: Option<&'static str>,
    /// What the program must be run as; empty: anything.
    pub roles: &'static [&'static str],
    /// How it is made.
    pub make: Make,
}

/// A helper, as [`helper!`](crate::helper) declares it.
#[derive(Debug)]
pub struct HelperEntry {
    /// The crate it stands in.
    pub package: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What its process runs.
    pub main: fn(OwnedFd) -> Result<()>,
    /// In unit tests of that crate: the test that runs it in a process of its own.
    pub test: Option<&'static str>,
}

/// How a component of each kind is made, from its settings and its host.
#[derive(Debug)]
pub enum Make {
    /// A collector.
    Collector(fn(&str, &Host) -> Result<CollectorBox>),
    /// A health check.
    HealthCheck(fn(&str, &Host) -> Result<HealthCheckBox>),
    /// An exporter.
    Exporter(fn(&str, &Host) -> Result<ExporterBox>),
    /// An exporter that is given changes of health.
    Notifier(fn(&str, &Host) -> Result<ExporterBox>),
    /// An endpoint, with its routes.
    Endpoint(&'static [Route], fn(&str, &Host) -> Result<EndpointBox>),
}

inventory::collect!(PluginEntry);
inventory::collect!(ComponentEntry);
inventory::collect!(HelperEntry);

/// The plugins of this program or library, ordered by name. What they log reaches their hosts from
/// then on, unless the program has a logger of its own.
pub fn linked() -> RVec<PluginBox> {
    logging::install();
    let mut entries: Vec<&'static PluginEntry> = inventory::iter::<PluginEntry>().collect();
    entries.sort_by_key(|entry| entry.name);
    entries.into_iter().map(border::plugin).collect()
}

/// The plugin of this name of this program or library, as [`linked`] gives it.
pub fn linked_as(name: &str) -> Option<PluginBox> {
    logging::install();
    let mut entries = inventory::iter::<PluginEntry>();
    entries.find(|entry| entry.name == name).map(border::plugin)
}

impl PluginEntry {
    pub(crate) fn components(&self) -> impl Iterator<Item = &'static ComponentEntry> {
        let package = self.package;
        inventory::iter::<ComponentEntry>().filter(move |component| component.package == package)
    }

    fn helpers(&self) -> impl Iterator<Item = &'static HelperEntry> {
        let package = self.package;
        inventory::iter::<HelperEntry>().filter(move |helper| helper.package == package)
    }

    pub(crate) fn helper(&self, name: &str) -> Option<&'static HelperEntry> {
        self.helpers().find(|helper| helper.name == name)
    }

    fn attributes(&self) -> RVec<Attribute> {
        let mut helpers: Vec<_> = self.helpers().map(|helper| helper.name).collect();
        helpers.sort_unstable();
        let mut all = attributes("claim", self.claims);
        all.extend(attributes("helper", &helpers));
        all
    }

    pub(crate) fn manifest(&self) -> Manifest {
        let mut components: Vec<_> = self
            .components()
            .map(|component| component.describe(self.description))
            .collect();
        components.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
        Manifest {
            name: self.name.into(),
            version: self.version.into(),
            description: self.description.into(),
            components: components.into(),
            attributes: self.attributes(),
        }
    }
}

impl HelperEntry {
    /// Runs it in this process. A panic becomes an error, and log lines go to standard error.
    pub(crate) fn run(&self, socket: OwnedFd) -> Result<()> {
        logging::print();
        catch_unwind(|| (self.main)(socket)).unwrap_or_else(|_| {
            let message = format!("helper {} panicked", self.name);
            Err(Error::new(ErrorKind::Panic, message))
        })
    }
}

impl ComponentEntry {
    fn describe(&self, fallback: &str) -> manifest::Component {
        let description = if self.description.is_empty() {
            fallback
        } else {
            self.description
        };
        let interval = self.interval.map_or(0, |time| time.as_nanos());
        manifest::Component {
            kind: self.kind(),
            name: self.name.into(),
            description: description.into(),
            settings: (self.schema)().into(),
            interval: u64::try_from(interval).unwrap_or(u64::MAX),
            routes: self.routes().iter().map(describe_route).collect(),
            attributes: self.attributes(),
        }
    }

    fn attributes(&self) -> RVec<Attribute> {
        let mut all = attributes("asked-by", self.asked_by.as_slice());
        all.extend(attributes("role", self.roles));
        if matches!(self.make, Make::Notifier(_)) {
            all.extend(attributes("takes", &["health"]));
        }
        all
    }

    fn kind(&self) -> u32 {
        match self.make {
            Make::Collector(_) => manifest::kind::COLLECTOR,
            Make::HealthCheck(_) => manifest::kind::HEALTH_CHECK,
            Make::Exporter(_) | Make::Notifier(_) => manifest::kind::EXPORTER,
            Make::Endpoint(..) => manifest::kind::ENDPOINT,
        }
    }

    fn routes(&self) -> &'static [Route] {
        match self.make {
            Make::Endpoint(routes, _) => routes,
            _ => &[],
        }
    }
}

fn attributes(name: &str, values: &[&str]) -> RVec<Attribute> {
    let attribute = |value: &&str| Attribute {
        name: name.into(),
        value: (*value).into(),
    };
    values.iter().map(attribute).collect()
}

fn describe_route(route: &Route) -> manifest::Route {
    manifest::Route {
        method: route.method.into(),
        path: route.path.into(),
        scope: route.scope.name().into(),
        listener: route.listener.name().into(),
        max_body: route.max_body,
        attributes: RVec::new(),
    }
}

/// Declares a plugin: once in a crate.
///
/// ```ignore
/// gaxx_sdk::plugin! {
///     name = "users";                       // without it, the crate's name
///     description = "Who is logged in.";
///     claims = ["telemetry.some_key=exporter.setting"];  // seldom
///     collector "users" => Users;
///     check "too-many-users" => TooManyUsers, "More users than allowed.";
/// }
/// ```
///
/// A component is a `collector`, a `check`, an `exporter`, a `notifier` or an `endpoint`; those of larger plugins
/// may stand in files of their own, each with [`component!`](crate::component).
#[macro_export]
macro_rules! plugin {
    (
        $(name = $name:literal;)?
        description = $description:literal;
        claims = [$($claim:literal),* $(,)?];
        $($kind:ident $component:literal => $type:ty $(, $about:literal)?;)*
    ) => {
        const _: () = {
            const NAME: &str = $crate::__first!($($name,)? env!("CARGO_PKG_NAME"));
            const TEXTS: [&str; 4] =
                [NAME, env!("CARGO_PKG_VERSION"), $description, $crate::declare::SDK_VERSION];
            const FLAGS: u8 = $crate::declare::build_flags(cfg!(panic = "abort"), cfg!(debug_assertions));

            // What the library says of itself without being loaded.
            #[used]
            #[allow(unsafe_code)]
            // SAFETY: the section holds nothing but notes, and this is a whole one.
            #[unsafe(link_section = ".note.gaxx.abi")]
            static NOTE: $crate::abi::note::Note<{ $crate::abi::note::length(TEXTS) }> =
                $crate::abi::note::Note::new(TEXTS, FLAGS);

            $crate::inventory::submit! {
                $crate::declare::PluginEntry {
                    package: env!("CARGO_PKG_NAME"),
                    name: NAME,
                    version: env!("CARGO_PKG_VERSION"),
                    description: $description,
                    claims: &[$($claim),*],
                }
            }
        };
        $($crate::component!($kind $component => $type $(, $about)?);)*
    };
    (
        $(name = $name:literal;)?
        description = $description:literal;
        $($kind:ident $component:literal => $type:ty $(, $about:literal)?;)*
    ) => {
        $crate::plugin! {
            $(name = $name;)?
            description = $description;
            claims = [];
            $($kind $component => $type $(, $about)?;)*
        }
    };
}

/// Declares a component of the plugin that this crate is; see [`plugin!`](crate::plugin).
#[macro_export]
macro_rules! component {
    ($kind:ident $name:literal => $type:ty $(, $description:literal)?) => {
        $crate::inventory::submit! {
            $crate::declare::ComponentEntry {
                package: env!("CARGO_PKG_NAME"),
                name: $name,
                description: $crate::__first!($($description,)? ""),
                schema: $crate::border::schema::<$type>,
                interval: <$type as $crate::Component>::INTERVAL,
                asked_by: <$type as $crate::Component>::ASKED_BY,
                roles: <$type as $crate::Component>::ROLES,
                make: $crate::__make!($kind $type),
            }
        }
    };
}

/// Declares helpers of the plugin that this crate is: what runs in a process of its own when a
/// component asks for it with [`Host::helper`](crate::Host::helper). Once in a module.
///
/// ```ignore
/// gaxx_sdk::helper!("keeper" => keeper::main);  // fn main(socket: OwnedFd) -> Result<()>
/// ```
///
/// In the crate's tests it makes one of its own: each helper ends soon after its socket does.
#[macro_export]
macro_rules! helper {
    ($($name:literal => $main:path),+ $(,)?) => {
        $($crate::inventory::submit! {
            $crate::declare::HelperEntry {
                package: env!("CARGO_PKG_NAME"),
                name: $name,
                main: $main,
                test: if cfg!(test) {
                    Some(concat!(module_path!(), "::helpers_end_with_their_sockets"))
                } else {
                    None
                },
            }
        })+

        // The testing kit runs a helper by way of this test, in a process of its own.
        #[cfg(test)]
        #[test]
        fn helpers_end_with_their_sockets() {
            $crate::testing::helpers_end(&[$($name),+]);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __first {
    ($first:expr $(, $rest:expr)*) => {
        $first
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __make {
    (collector $type:ty) => {
        $crate::declare::Make::Collector($crate::border::collector::<$type>)
    };
    (check $type:ty) => {
        $crate::declare::Make::HealthCheck($crate::border::health_check::<$type>)
    };
    (exporter $type:ty) => {
        $crate::declare::Make::Exporter($crate::border::exporter::<$type>)
    };
    (notifier $type:ty) => {
        $crate::declare::Make::Notifier($crate::border::notifier::<$type>)
    };
    (endpoint $type:ty) => {
        $crate::declare::Make::Endpoint(
            <$type as $crate::Endpoint>::ROUTES,
            $crate::border::endpoint::<$type>,
        )
    };
}

/// The version of this crate, for the note.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The flags of the note.
pub const fn build_flags(panic_abort: bool, debug: bool) -> u8 {
    use gaxx_abi::note::{DEBUG, PANIC_ABORT};
    (if panic_abort { PANIC_ABORT } else { 0 }) | (if debug { DEBUG } else { 0 })
}
