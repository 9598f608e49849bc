//! One round of making what a plan wants, all components side by side.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use super::{Component, Maker, Plan, Plugin, planned::Planned};

/// How often it looks whether a job waits for a thread.
const LOOK: Duration = Duration::from_millis(20);

/// One round of making what a plan wants. Every step of it has a deadline, so it comes to an end.
pub(super) struct Round<'a> {
    maker: &'a Maker,
    plugins: Vec<Planned<'a>>,
    bell: mpsc::Sender<()>,
    rung: mpsc::Receiver<()>,
    /// What was made in vain.
    rejected: Vec<Arc<Component>>,
}

impl<'a> Round<'a> {
    /// Keeps what stays the same and begins to make the rest.
    pub(super) fn begin(maker: &'a Maker, plan: &'a Plan, before: &'a [Arc<Plugin>]) -> Self {
        let (bell, rung) = mpsc::channel();
        let plugins = plan.plugins.iter().map(|planned| {
            let name = planned.candidate.manifest.name.as_str();
            maker.registry.set_budget(name, planned.max_series);
            let before = before
                .iter()
                .find(|plugin| plugin.name == name && plugin.failed.is_none());
            let failed = plan.standing.get(name);
            Planned::begin(planned, before, failed, (maker, &bell))
        });
        Self {
            plugins: plugins.collect(),
            maker,
            bell,
            rung,
            rejected: Vec::new(),
        }
    }

    /// Waits until all is decided, no longer than `until`; answers how many components are not.
    pub(super) fn wait(&mut self, until: Instant) -> usize {
        loop {
            let undecided = self.advance();
            let left = until.saturating_duration_since(Instant::now());
            if undecided == 0 || left.is_zero() {
                return undecided;
            }
            // Rung or not, the next look tells.
            let _ = self.rung.recv_timeout(left.min(LOOK));
            self.maker.calls.relieve();
        }
    }

    fn advance(&mut self) -> usize {
        let Self {
            maker,
            plugins,
            bell,
            ..
        } = self;
        let undecided = |planned: &mut Planned<'_>| planned.wanted() - planned.advance(maker, bell);
        plugins.iter_mut().map(undecided).sum()
    }

    /// The plugins as they are now. What is being made is missing, or is still the one before.
    pub(super) fn plugins(&mut self) -> Vec<Arc<Plugin>> {
        let Self {
            maker,
            plugins,
            rejected,
            ..
        } = self;
        let plugins = plugins.iter_mut();
        plugins
            .map(|planned| planned.plugin(maker, rejected))
            .collect()
    }

    /// What was made in vain, and is to be stopped.
    pub(super) fn rejected(self) -> Vec<Arc<Component>> {
        self.rejected
    }
}
