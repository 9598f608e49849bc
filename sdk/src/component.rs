//! What an author implements.

use std::time::Duration;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Batch, Body, Context, Deadline, News, Reply, Request, Result, Route, Verdict};

/// A part of a plugin: it is made from its settings, started, called, and stopped.
///
/// The host calls a component from any of its threads, one call at a time.
pub trait Component: Sized + Send + 'static {
    /// What the configuration may say; see the [`settings`](crate::settings) attribute.
    /// [`NoSettings`](crate::NoSettings) where there is nothing to say.
    type Settings: DeserializeOwned + JsonSchema;

    /// How often it wants to run; the configuration has the last word. `None`: as often as the
    /// others.
    const INTERVAL: Option<Duration> = None;

    /// The setting that asks for it: where the configuration does not set this key, the component is
    /// not made. `None`: it is made wherever its plugin is on.
    ///
    /// For plugins of which nothing should run before somebody says what. The setting is an
    /// `Option`, so that a section without it is no error.
    const ASKED_BY: Option<&'static str> = None;

    /// Whether [`Counter`](crate::Counter)s and [`Histogram`](crate::Histogram)s go on from where
    /// those of the version before ended, where names, labels and bounds are the same.
    ///
    /// With `false` they begin at zero whenever the plugin is replaced, or its settings change.
    const KEEP_COUNTS: bool = true;

    /// What the program must be run as for it to be made: `main`, `agent`; empty: it does not
    /// matter. A host older than ABI 1.2 makes it in any case.
    const ROLES: &'static [&'static str] = &[];

    /// Makes the component, and registers its metrics. It must not block.
    fn new(settings: Self::Settings, context: &Context) -> Result<Self>;

    /// Called once before all else; background work begins here.
    fn start(&mut self, _deadline: Deadline) -> Result<()> {
        Ok(())
    }

    /// State for the version that replaces this one; it finds it with
    /// [`Host::inherited`](crate::Host::inherited). A host takes up to 1 MiB, counts included.
    ///
    /// It is the last call before the new version is made. Where that does not take over, this one
    /// is called again. An endpoint answers requests meanwhile.
    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Called once, last of all; background work ends here.
    fn stop(&mut self, _deadline: Deadline) {}
}

/// Measures something at intervals.
pub trait Collector: Component {
    /// Sets the metrics registered in [`Component::new`].
    ///
    /// What a failed collection has set so far is dropped; the last good values stay for a while.
    fn collect(&mut self, deadline: Deadline) -> Result<()>;
}

/// Judges something at intervals.
pub trait HealthCheck: Component {
    /// Judges. An error means that the check itself failed: the status becomes unknown.
    fn check(&mut self, deadline: Deadline) -> Result<Verdict>;
}

/// Sends everything that was measured somewhere.
pub trait Exporter: Component {
    /// Delivers a batch. An error of kind `Permanent` drops it; after any other it comes again.
    fn export(&mut self, batch: &Batch<'_>, deadline: Deadline) -> Result<()>;

    /// Makes durable what was delivered; called before a stop.
    fn flush(&mut self, _deadline: Deadline) -> Result<()> {
        Ok(())
    }
}

/// Tells somebody that the health has changed.
///
/// It is configured as an exporter, and waits and is tried again as one.
pub trait Notifier: Component {
    /// Delivers changes of health: at once when something has changed, and at each interval, then
    /// perhaps without changes, so that the receiver may be told again what lasts. An error of kind
    /// `Permanent` drops them; after any other they come again.
    ///
    /// A gaxx-mon of an ABI before 1.4 never calls it.
    fn notify(&mut self, news: &News, deadline: Deadline) -> Result<()>;

    /// Makes durable what was delivered; called before a stop.
    fn flush(&mut self, _deadline: Deadline) -> Result<()> {
        Ok(())
    }
}

/// Answers HTTP requests.
///
/// Unlike the others it is called from several threads at once.
pub trait Endpoint: Component + Sync {
    /// The paths it answers.
    const ROUTES: &'static [Route];

    /// Answers a request. The reply may be kept and completed later, from any thread.
    ///
    /// An error before the reply has begun becomes an error answer.
    fn handle(&self, request: Request, body: Body, reply: Reply, deadline: Deadline) -> Result<()>;
}
