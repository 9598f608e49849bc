//! A plugin as it should become, and what it was before: the one or the other, never a mixture.

use std::sync::{Arc, mpsc};

use gaxx_abi::Fault;

use super::{
    Broken, Candidate, Component, Failed, Maker, Plugin, Refused, Running, Want, part::Part,
    plan::PluginPlan, record::Failure,
};

/// A plugin as it should become, and what it was before.
///
/// Where something of it takes the place of what runs, all of it takes over at once, or nothing
/// does. Where nothing is at stake what is ready is shown.
pub(super) struct Planned<'a> {
    plan: &'a PluginPlan,
    /// The code that it is made of: that of before where it is the same.
    candidate: Candidate,
    before: Option<&'a Arc<Plugin>>,
    /// Why its library is not what it runs of.
    failed: Option<&'a Failed>,
    parts: Vec<Part<'a>>,
    /// Once it is decided.
    outcome: Option<Arc<Plugin>>,
}

impl<'a> Planned<'a> {
    /// Keeps what stays the same and begins to make the rest.
    pub(super) fn begin(
        plan: &'a PluginPlan,
        before: Option<&'a Arc<Plugin>>,
        failed: Option<&'a Failed>,
        (maker, bell): (&Maker, &mpsc::Sender<()>),
    ) -> Self {
        let candidate = match before.and_then(|before| before.made_of(&plan.candidate)) {
            Some(same) => Candidate {
                manifest: Arc::clone(&same.manifest),
                plugin: Arc::clone(&same.plugin),
                origin: Arc::clone(&same.origin),
                ..plan.candidate.clone()
            },
            None => plan.candidate.clone(),
        };
        let part = |want| part(want, before, &candidate, (maker, bell));
        Self {
            plan,
            before,
            failed,
            parts: plan.wants.iter().map(part).collect(),
            candidate,
            outcome: None,
        }
    }

    /// Goes on as far as it can without waiting; answers how many components need no more time.
    pub(super) fn advance(&mut self, maker: &Maker, bell: &mpsc::Sender<()>) -> usize {
        for part in &mut self.parts {
            part.advance(maker, &self.candidate, bell);
        }
        self.settled()
    }

    /// How many components there will be.
    pub(super) fn wanted(&self) -> usize {
        self.parts.len()
    }

    fn settled(&self) -> usize {
        let settled = self.parts.iter().filter(|part| part.is_settled());
        settled.count()
    }

    /// The plugin as it is now, its series shown. What was made in vain goes to `rejected`.
    pub(super) fn plugin(
        &mut self,
        maker: &Maker,
        rejected: &mut Vec<Arc<Component>>,
    ) -> Arc<Plugin> {
        if let Some(outcome) = &self.outcome {
            return Arc::clone(outcome);
        }
        let is_settled = self.settled() == self.wanted();
        let at_stake = self.parts.iter().any(Part::is_taken);
        let plugin = match self.before.filter(|_| at_stake) {
            Some(before) if !is_settled => return Arc::clone(before),
            Some(before) => self.swap(before, maker, rejected),
            None => self.show(maker, rejected),
        };
        let plugin = Arc::new(plugin);
        if is_settled {
            self.outcome = Some(Arc::clone(&plugin));
        }
        plugin
    }

    /// All of the new version takes over, or nothing of it does.
    fn swap(
        &mut self,
        before: &Plugin,
        maker: &Maker,
        rejected: &mut Vec<Arc<Component>>,
    ) -> Plugin {
        let broken = self.parts.iter().filter(|part| part.is_taken());
        let broken: Vec<Broken> = broken.filter_map(Part::broken).collect();
        let refused = if broken.is_empty() {
            let failed = self.attach(maker).err();
            failed.map(|failure| Refused::not_shown(before, &self.candidate, &failure))
        } else {
            Some(Refused::on_trial(before, &self.candidate, broken))
        };
        maker.instruments.plugins.swapped(refused.is_none());
        let (plugin, version) = (&before.name, &self.candidate.manifest.version);
        let Some(refused) = refused else {
            tracing::info!(%plugin, %version, "what has changed has taken over");
            return self.current();
        };
        tracing::error!(%plugin, remedy = refused.remedy, "{}", refused.error);
        rejected.extend(self.parts.iter_mut().filter_map(Part::give_up));
        let mut plugin = before.clone();
        plugin.refused = Some(refused);
        plugin
    }

    /// Shows what is ready.
    fn show(&mut self, maker: &Maker, rejected: &mut Vec<Arc<Component>>) -> Plugin {
        if let Err(failure) = self.attach(maker) {
            for part in &mut self.parts {
                part.fail(&failure);
                rejected.extend(part.give_up());
            }
        }
        self.current()
    }

    /// Shows the series of all that is ready in one step, in place of those before.
    fn attach(&mut self, maker: &Maker) -> Result<(), Failure> {
        let ready = self.parts.iter().filter_map(Part::ready);
        let tables: Vec<_> = ready
            .map(|component| Arc::clone(&component.table))
            .collect();
        if tables.is_empty() {
            return Ok(());
        }
        let replaced = maker.registry.attach_all(&tables);
        let replaced = replaced.map_err(|error| Failure::from_fault(&Fault::from(error)))?;
        for table in replaced {
            table.close();
        }
        self.parts.iter_mut().for_each(Part::take_over);
        Ok(())
    }

    /// The plugin as its parts are.
    fn current(&self) -> Plugin {
        let running = self.parts.iter().filter_map(Part::running);
        let mut plugin = Plugin::new(&self.candidate);
        plugin.enabled = self.plan.enabled;
        plugin.components = running.cloned().collect();
        plugin.broken = self.parts.iter().filter_map(Part::broken).collect();
        plugin.off.clone_from(&self.plan.off);
        let refused = self
            .failed
            .map(|failed| Refused::not_loaded(&plugin, failed));
        plugin.refused = refused;
        plugin
    }
}

fn part<'a>(
    want: &'a Want,
    before: Option<&'a Arc<Plugin>>,
    candidate: &Candidate,
    (maker, bell): (&Maker, &mpsc::Sender<()>),
) -> Part<'a> {
    let predecessor: Option<&Running> = before.and_then(|before| before.running(want));
    let same_code = before.is_some_and(|before| before.is_of(candidate));
    if let Some(running) = predecessor.filter(|running| same_code && running.want == *want) {
        return Part::kept(running);
    }
    match before.and_then(|before| before.hangs(candidate, want)) {
        Some(broken) => Part::hangs(broken, want, predecessor),
        None => Part::begin(want, predecessor, (maker, candidate, bell)),
    }
}
