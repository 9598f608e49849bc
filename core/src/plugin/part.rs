//! One component of a plugin, on the way to its place.

use std::sync::{Arc, mpsc};

use super::{
    Broken, Candidate, Component, Kind, Maker, Running, Ticket, Want,
    handover::{Held, Saving},
    make::Making,
    record::{Failure, Reason},
    trial::Trial,
};

/// One component of a plugin, on the way to its place. Where another one runs there, that is asked what it leaves,
/// and the new one must show that it works before it takes over.
pub(super) struct Part<'a> {
    pub(super) want: &'a Want,
    predecessor: Option<&'a Arc<Component>>,
    held: Option<Held>,
    stage: Stage,
}

enum Stage {
    Saving(Saving),
    Making(Making),
    Trial(Trial),
    Ready(Arc<Component>),
    /// It runs, and its series are shown.
    Runs(Running),
    Broken(Broken),
    /// It was made and cannot take over.
    Rejected(Arc<Component>, Broken),
}

impl<'a> Part<'a> {
    /// One that stays as it is.
    pub(super) fn kept(running: &'a Running) -> Self {
        Self::at(Stage::Runs(running.clone()), &running.want, None)
    }

    /// One whose code hangs already: it is not tried again.
    pub(super) fn hangs(
        broken: &'a Broken,
        want: &'a Want,
        predecessor: Option<&'a Running>,
    ) -> Self {
        Self::at(Stage::Broken(broken.clone()), want, predecessor)
    }

    /// One that is to be made.
    pub(super) fn begin(
        want: &'a Want,
        predecessor: Option<&'a Running>,
        (maker, candidate, bell): (&Maker, &Candidate, &mpsc::Sender<()>),
    ) -> Self {
        let stage = match predecessor {
            Some(running) => Stage::Saving(Saving::new(&running.component)),
            None => Stage::Making(maker.begin(candidate, want, None, bell.clone())),
        };
        Self::at(stage, want, predecessor)
    }

    fn at(stage: Stage, want: &'a Want, predecessor: Option<&'a Running>) -> Self {
        let predecessor = predecessor.map(|running| &running.component);
        let held = None;
        Self {
            want,
            predecessor,
            held,
            stage,
        }
    }

    /// Goes on as far as it can without waiting.
    pub(super) fn advance(
        &mut self,
        maker: &Maker,
        candidate: &Candidate,
        bell: &mpsc::Sender<()>,
    ) {
        loop {
            let next = match &mut self.stage {
                Stage::Saving(saving) => saving.outcome(bell).map(|left| {
                    self.held = left.held;
                    Stage::Making(maker.begin(candidate, self.want, left.state, bell.clone()))
                }),
                Stage::Making(making) => maker.made(making).map(|made| match made {
                    Ok(component) if self.predecessor.is_some() => {
                        Stage::Trial(Trial::begin(component, bell.clone()))
                    }
                    Ok(component) => Stage::Ready(component),
                    Err(failure) => {
                        maker.failed(self.want, &failure);
                        Stage::Broken(broken(self.want, failure, making.ticket.clone()))
                    }
                }),
                Stage::Trial(trial) => trial
                    .outcome()
                    .map(|result| tried(self.want, self.predecessor, &trial.component, result)),
                _ => None,
            };
            match next {
                Some(next) => self.stage = next,
                None => return,
            }
        }
    }

    /// Whether nothing more will happen by itself.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(
            self.stage,
            Stage::Saving(_) | Stage::Making(_) | Stage::Trial(_)
        )
    }

    /// Whether another one is there until this one takes over.
    pub(super) fn is_taken(&self) -> bool {
        self.predecessor.is_some()
    }

    /// What is ready and not shown yet.
    pub(super) fn ready(&self) -> Option<&Arc<Component>> {
        match &self.stage {
            Stage::Ready(component) => Some(component),
            _ => None,
        }
    }

    /// What runs.
    pub(super) fn running(&self) -> Option<&Running> {
        match &self.stage {
            Stage::Runs(running) => Some(running),
            _ => None,
        }
    }

    /// Why nothing new runs here; that it is being made yet, where it is.
    pub(super) fn broken(&self) -> Option<Broken> {
        let ticket = match &self.stage {
            Stage::Broken(broken) | Stage::Rejected(_, broken) => return Some(broken.clone()),
            Stage::Making(making) => making.ticket.clone(),
            Stage::Saving(_) | Stage::Trial(_) => Ticket::default(),
            Stage::Ready(_) | Stage::Runs(_) => return None,
        };
        let failure = Failure::new(Reason::Deadline, "is still being made", "wait some seconds");
        Some(broken(self.want, failure, ticket))
    }

    /// Its series are shown now: the one before is not called any more. An exporter has batches to
    /// send before.
    pub(super) fn take_over(&mut self) {
        let Stage::Ready(component) = &self.stage else {
            return;
        };
        self.stage = Stage::Runs(Running {
            component: Arc::clone(component),
            want: self.want.clone(),
        });
        if let Some(before) = self.predecessor.filter(|one| one.kind != Kind::Exporter) {
            before.host.cancel();
        }
        self.held = None;
    }

    /// What cannot be shown counts as not made.
    pub(super) fn fail(&mut self, failure: &Failure) {
        if let Stage::Ready(component) = &self.stage {
            let broken = broken(self.want, failure.clone(), Ticket::default());
            self.stage = Stage::Rejected(Arc::clone(component), broken);
        }
    }

    /// Gives the new one up, if there is one, and leaves the place to the one before.
    pub(super) fn give_up(&mut self) -> Option<Arc<Component>> {
        self.held = None;
        match &self.stage {
            Stage::Ready(component) | Stage::Rejected(component, _) => {
                component.host.cancel();
                component.table.close();
                Some(Arc::clone(component))
            }
            _ => None,
        }
    }
}

/// What becomes of one after its trial.
fn tried(
    want: &Want,
    predecessor: Option<&Arc<Component>>,
    component: &Arc<Component>,
    result: Result<(), Failure>,
) -> Stage {
    let component = Arc::clone(component);
    match result {
        Err(failure) if predecessor.is_some_and(|before| before.is_worth_keeping()) => {
            let call = component.record().call;
            let ticket = call.map(|call| call.ticket).unwrap_or_default();
            Stage::Rejected(component, broken(want, failure, ticket))
        }
        // It fails where the one before did too: such a one is no reason to stay with the old.
        _ => Stage::Ready(component),
    }
}

fn broken(want: &Want, failure: Failure, ticket: Ticket) -> Broken {
    Broken {
        want: want.clone(),
        failure,
        ticket,
    }
}
