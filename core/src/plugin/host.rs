//! The host that a component talks to.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use abi_stable::type_level::downcasting::TD_Opaque;
use gaxx_abi::{
    FamilySpec, Fault, Host_TO, HostRef,
    abi_std::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
    fault,
    host::{Host as Abi, level},
};
use tracing::level_filters::LevelFilter;

use super::log_budget::LogBudget;
use crate::{
    registry::{RegisterError, Table},
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
    /// Something of the process: a constant of [`gaxx_abi::host::process`].
    fn process(&self, what: u32) -> Result<Vec<u8>, Fault>;
}

/// The host of one component.
pub struct CoreHost {
    table: Arc<Table>,
    services: Arc<dyn Services>,
    state_folder: PathBuf,
    cancelled: AtomicBool,
    log: LogBudget,
}

/// What crosses the border: the same host, shared.
struct Handle(Arc<CoreHost>);

impl CoreHost {
    /// The host of the component that owns `table`. `state_folder` is the plugin's own; it is
    /// made when it is first asked for.
    pub fn new(table: Arc<Table>, services: Arc<dyn Services>, state_folder: PathBuf) -> Self {
        Self {
            table,
            services,
            state_folder,
            cancelled: AtomicBool::new(false),
            log: LogBudget::default(),
        }
    }

    /// The object that is handed to the plugin.
    pub fn reference(self: &Arc<Self>) -> HostRef {
        Host_TO::from_ptr(RArc::new(Handle(Arc::clone(self))), TD_Opaque)
    }

    /// Tells background work of the component to end.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    fn made_state_folder(&self) -> Result<RString, Fault> {
        let folder = &self.state_folder;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| Fault {
            kind: fault::kind::REFUSED,
            message: format!("cannot make the state folder {}: {error}", folder.display()).into(),
            remedy: "set state_folder to a folder that this user can write".into(),
            retry_after: 0,
            attributes: RVec::new(),
        })?;
        Ok(folder.to_string_lossy().into_owned().into())
    }
}

/// Makes a refused registration visible in the log, once for each reason in a while.
fn refused(host: &CoreHost, error: &RegisterError) -> Fault {
    if host.log.take() {
        tracing::warn!(component = %host.table.owner(), remedy = error.remedy(), "{error}");
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
        self.0.table.register_family(&spec).map_err(|error| refused(&self.0, &error)).into()
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
        if !self.0.log.take() {
            return;
        }
        let component = self.0.table.owner();
        let (target, message) = (one_line(&target), one_line(&message));
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
        ROption::RNone
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

    fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    fn role(&self) -> RString {
        self.0.services.role().label().into()
    }
}

/// A text that a plugin wrote, at most 4,000 characters of it and without control characters, so
/// that it cannot pass for another line of the log.
fn one_line(text: &str) -> String {
    text.chars().take(4000).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_cannot_forge_a_line_of_the_log() {
        assert_eq!(one_line("a\n2026 ERROR b\x1b[31m"), "a 2026 ERROR b [31m");
        assert_eq!(one_line(&"x".repeat(10_000)).len(), 4000);
    }
}
