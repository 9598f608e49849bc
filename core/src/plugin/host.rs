//! The host that a component talks to.

use std::{
    fs,
    mem::{Discriminant, discriminant},
    os::{
        fd::{IntoRawFd, OwnedFd},
        unix::fs::DirBuilderExt,
    },
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    FamilySpec, Fault, Host_TO, HostRef,
    abi_std::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
    fault,
    host::{Host as Abi, level},
};
use tracing::level_filters::LevelFilter;

use super::{log_budget::LogBudget, text::one_line};
use crate::{
    isolation::Helpers,
    profile::{ProfileError, Sessions, Subject},
    registry::{Owner, RegisterError, Table},
    role::Role,
};

/// What the program gives to all components alike.
pub trait Services: Send + Sync {
    /// What the program is run as.
    fn role(&self) -> Role;
    /// All metrics, as the JSON of `/api/metrics`.
    fn metrics(&self) -> String;
    /// The health report, as the JSON of `/api/health`.
    fn health(&self) -> String;
    /// The series that a selector takes, as JSON; see [`gaxx_abi::host::Host`].
    fn select(&self, selector: &str) -> Result<Vec<u8>, Fault>;
    /// Something of the process: a constant of [`gaxx_abi::host::process`].
    fn process(&self, what: u32) -> Result<Vec<u8>, Fault>;
    /// Writes a component's record, a JSON object, to the audit log. Returns once it is durable, at
    /// most after so many nanoseconds; 0: in its order, and nobody waits.
    fn audit(&self, component: &Owner, record: &str, deadline: u64) -> Result<(), Fault>;
    /// The process of the plugin of this name, to be profiled; the program's own where it is empty.
    fn profiled(&self, plugin: &str) -> Result<Box<dyn Subject>, ProfileError>;
}

/// The host of one component.
pub struct CoreHost {
    table: Arc<Table>,
    services: Arc<dyn Services>,
    state_folder: PathBuf,
    inherited: Option<Vec<u8>>,
    cancelled: AtomicBool,
    log: LogBudget,
    helpers: Option<Helpers>,
    sessions: Sessions,
    /// The kinds of refused registrations that the log has told of.
    refused: Mutex<Vec<Discriminant<RegisterError>>>,
}

/// What crosses the border: the same host, shared.
struct Handle(Arc<CoreHost>);

impl CoreHost {
    /// The host of the component that owns `table`. `state_folder` is the plugin's own; it is
    /// made when it is first asked for.
    pub fn new(table: Arc<Table>, services: Arc<dyn Services>, state_folder: PathBuf) -> Self {
        Self {
            sessions: Sessions::new(Owner::clone(table.owner())),
            table,
            services,
            state_folder,
            inherited: None,
            cancelled: AtomicBool::new(false),
            log: LogBudget::default(),
            helpers: None,
            refused: Mutex::default(),
        }
    }

    /// The same, with what the version before left.
    #[must_use]
    pub fn inheriting(self, inherited: Option<Vec<u8>>) -> Self {
        Self { inherited, ..self }
    }

    /// The same, with these helpers.
    #[must_use]
    pub(super) fn with_helpers(self, helpers: Helpers) -> Self {
        let helpers = Some(helpers);
        Self { helpers, ..self }
    }

    /// What the version before left.
    pub(super) fn inherited(&self) -> Option<&[u8]> {
        self.inherited.as_deref()
    }

    /// The object that is handed to the plugin.
    pub fn reference(self: &Arc<Self>) -> HostRef {
        Host_TO::from_ptr(RArc::new(Handle(Arc::clone(self))), TD_Opaque)
    }

    /// Tells background work of the component to end.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// The component has come to its end: what it has asked for ends, too.
    pub(super) fn release(&self) {
        if let Some(helpers) = &self.helpers {
            helpers.end();
        }
        self.sessions.end();
    }

    /// Whether the component is being stopped.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    fn helper(&self, name: &str) -> Result<OwnedFd, Fault> {
        let refuse = |kind, message: &str| Fault {
            kind,
            message: message.into(),
            remedy: "".into(),
            retry_after: 0,
            attributes: RVec::new(),
        };
        if self.is_cancelled() {
            let message = "the component is being stopped";
            return Err(refuse(fault::kind::CANCELLED, message));
        }
        let helpers = self.helpers.as_ref();
        let helpers =
            helpers.ok_or_else(|| refuse(fault::kind::REFUSED, "this host starts no helpers"))?;
        helpers.start(name)
    }

    fn made_state_folder(&self) -> Result<RString, Fault> {
        let folder = &self.state_folder;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| Fault {
                kind: fault::kind::REFUSED,
                message: format!("cannot make the state folder {}: {error}", folder.display())
                    .into(),
                remedy: "set state_folder to a folder that this user can write".into(),
                retry_after: 0,
                attributes: RVec::new(),
            })?;
        Ok(folder.to_string_lossy().into_owned().into())
    }
}

/// Makes a refused registration visible in the log, the first of each kind.
fn refused(host: &CoreHost, error: &RegisterError) -> Fault {
    let mut seen = host.refused.lock().unwrap_or_else(PoisonError::into_inner);
    let kind = discriminant(error);
    if !host.is_cancelled() && !seen.contains(&kind) {
        seen.push(kind);
        let (component, message) = (host.table.owner(), one_line(&error.to_string(), 1000));
        tracing::warn!(%component, remedy = error.remedy(), "{message}");
    }
    Fault::from(error.clone())
}

impl Abi for Handle {
    fn minor(&self) -> u32 {
        u32::from(gaxx_abi::MINOR)
    }

    fn instance(&self) -> RString {
        self.0.table.owner().instance.as_str().into()
    }

    fn family(&self, spec: FamilySpec) -> RResult<u32, Fault> {
        self.0
            .table
            .register_family(&spec)
            .map_err(|error| refused(&self.0, &error))
            .into()
    }

    fn series(&self, family: u32, labels: RSlice<'_, RString>) -> RResult<u32, Fault> {
        let series = self.0.table.register_series(family, labels.as_slice());
        series.map_err(|error| refused(&self.0, &error)).into()
    }

    fn retire(&self, slot: u32) {
        self.0.table.retire(slot);
    }

    fn log_level(&self) -> u32 {
        match LevelFilter::current() {
            LevelFilter::OFF => 0,
            LevelFilter::ERROR => level::ERROR,
            LevelFilter::WARN => level::WARN,
            LevelFilter::INFO => level::INFO,
            LevelFilter::DEBUG => level::DEBUG,
            _ => level::TRACE,
        }
    }

    fn log(&self, level: u32, target: RStr<'_>, message: RStr<'_>) {
        let component = self.0.table.owner();
        if !self.0.log.take(component) {
            return;
        }
        let (target, message) = (one_line(&target, 100), one_line(&message, 2000));
        match level {
            level::ERROR => tracing::error!(%component, source = target, "{message}"),
            level::WARN => tracing::warn!(%component, source = target, "{message}"),
            level::INFO => tracing::info!(%component, source = target, "{message}"),
            level::DEBUG => tracing::debug!(%component, source = target, "{message}"),
            _ => tracing::trace!(%component, source = target, "{message}"),
        }
    }

    fn state_folder(&self) -> RResult<RString, Fault> {
        self.0.made_state_folder().into()
    }

    fn inherited(&self) -> ROption<RVec<u8>> {
        self.0.inherited().map(RVec::from).into()
    }

    fn metrics(&self) -> RResult<RString, Fault> {
        RResult::ROk(self.0.services.metrics().into())
    }

    fn health(&self) -> RResult<RString, Fault> {
        RResult::ROk(self.0.services.health().into())
    }

    fn process(&self, what: u32, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        self.0.services.process(what).map(Into::into).into()
    }

    fn audit(&self, record: RStr<'_>, deadline: u64) -> RResult<(), Fault> {
        let component = self.0.table.owner();
        self.0.services.audit(component, &record, deadline).into()
    }

    fn profile(&self, order: RStr<'_>, deadline: u64) -> RResult<RVec<u8>, Fault> {
        let (sessions, services) = (&self.0.sessions, &self.0.services);
        let within = Duration::from_nanos(deadline);
        let told = sessions.carry_out(&order, within, |plugin| services.profiled(plugin));
        told.map(Into::into).map_err(Into::into).into()
    }

    fn select(&self, selector: RStr<'_>, _deadline: u64) -> RResult<RVec<u8>, Fault> {
        self.0.services.select(&selector).map(Into::into).into()
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn role(&self) -> RString {
        self.0.services.role().label().into()
    }

    fn helper(&self, name: RStr<'_>) -> RResult<i32, Fault> {
        self.0.helper(&name).map(IntoRawFd::into_raw_fd).into()
    }
}
