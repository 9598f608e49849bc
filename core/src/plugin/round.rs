//! One round of making what a plan wants, all components side by side.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use super::{
    Broken, Component, Maker, Plan, Plugin, Running, Want,
    make::Making,
    plan::PluginPlan,
    record::{Failure, Reason},
};

/// How often it looks whether a job waits for a thread.
const LOOK: Duration = Duration::from_millis(20);

/// One round of making what a plan wants.
pub(super) struct Round<'a> {
    maker: &'a Maker,
    plugins: Vec<Planned<'a>>,
    rung: mpsc::Receiver<()>,
}

/// A plugin, what there was of it before, and what becomes of each of its wants.
struct Planned<'a> {
    plan: &'a PluginPlan,
    before: Option<&'a Plugin>,
    parts: Vec<Part>,
}

enum Part {
    Making(Making),
    Runs(Running),
    Broken(Broken),
}

impl<'a> Round<'a> {
    /// Keeps what stays the same and begins to make the rest.
    pub(super) fn begin(maker: &'a Maker, plan: &'a Plan, before: &'a [Arc<Plugin>]) -> Self {
        let (bell, rung) = mpsc::channel();
        let plugins = plan.plugins.iter().map(|plan| {
            let name = plan.candidate.manifest.name.as_str();
            maker.registry.set_budget(name, plan.max_series);
            let before = before
                .iter()
                .find(|plugin| plugin.name == name && plugin.failed.is_none());
            let before = before.map(AsRef::as_ref);
            let same_code = before.filter(|before| before.is_of(&plan.candidate));
            let parts = plan.wants.iter().map(|want| {
                same_code
                    .and_then(|before| Part::kept(before, want))
                    .unwrap_or_else(|| {
                        Part::Making(maker.begin(&plan.candidate.plugin, want, bell.clone()))
                    })
            });
            Planned {
                plan,
                before,
                parts: parts.collect(),
            }
        });
        Self {
            maker,
            plugins: plugins.collect(),
            rung,
        }
    }

    /// Waits until nothing is being made any more, no longer than `until`; answers whether that is
    /// so.
    pub(super) fn wait(&mut self, until: Instant) -> bool {
        let maker = self.maker;
        loop {
            self.settle(|making| maker.made(making));
            if !self.parts().any(|part| matches!(part, Part::Making(_))) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            // Rung or not, the next look tells.
            let _ = self.rung.recv_timeout(left.min(LOOK));
            maker.calls.relieve();
        }
    }

    /// Waits for nothing any more: what is still being made has failed.
    pub(super) fn give_up(&mut self) {
        let maker = self.maker;
        self.settle(|making| Some(Err(maker.give_up(making))));
    }

    /// The plugins as they are now. What is being made is missing, or is still the one before.
    pub(super) fn plugins(&self) -> impl Iterator<Item = Plugin> {
        self.plugins.iter().map(Planned::plugin)
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.plugins.iter().flat_map(|planned| &planned.parts)
    }

    fn settle(&mut self, outcome: impl Fn(&Making) -> Option<Result<Arc<Component>, Failure>>) {
        for planned in &mut self.plugins {
            for (part, want) in planned.parts.iter_mut().zip(&planned.plan.wants) {
                let Part::Making(making) = part else { continue };
                match outcome(making) {
                    None => {}
                    Some(Ok(component)) => {
                        *part = Part::Runs(Running {
                            component,
                            want: want.clone(),
                        });
                    }
                    Some(Err(failure)) => {
                        self.maker.failed(want, &failure);
                        let ticket = making.ticket.clone();
                        *part = Part::Broken(Broken {
                            want: want.clone(),
                            failure,
                            ticket,
                        });
                    }
                }
            }
        }
    }
}

impl Part {
    /// What stays: the same that runs, or the same whose constructor still hangs.
    fn kept(before: &Plugin, want: &Want) -> Option<Self> {
        let running = before.running(want).filter(|running| running.want == *want);
        if let Some(running) = running {
            return Some(Self::Runs(running.clone()));
        }
        let same = |broken: &&Broken| broken.want == *want && broken.ticket.is_overdue();
        before.broken.iter().find(same).cloned().map(Self::Broken)
    }
}

impl Planned<'_> {
    fn plugin(&self) -> Plugin {
        let mut plugin = Plugin::new(&self.plan.candidate);
        plugin.enabled = self.plan.enabled;
        plugin.off.clone_from(&self.plan.off);
        for (part, want) in self.parts.iter().zip(&self.plan.wants) {
            // The one that runs is better than none.
            let before = || self.before.and_then(|before| before.running(want)).cloned();
            match part {
                Part::Runs(running) => plugin.components.push(running.clone()),
                Part::Making(making) => {
                    plugin.components.extend(before());
                    plugin.broken.push(not_yet(want, making));
                }
                Part::Broken(broken) => {
                    plugin.components.extend(before());
                    plugin.broken.push(broken.clone());
                }
            }
        }
        plugin
    }
}

fn not_yet(want: &Want, making: &Making) -> Broken {
    let failure = Failure::new(Reason::Deadline, "is still being made", "wait some seconds");
    Broken {
        want: want.clone(),
        failure,
        ticket: making.ticket.clone(),
    }
}
