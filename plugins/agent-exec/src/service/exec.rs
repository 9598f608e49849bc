//! `POST /v0/exec`.

use std::sync::Arc;

use gaxx_sdk::{Body, Reply, Request as Head, serde_json};

use super::{Service, body, keyed::Asked};
use crate::{
    decline::Decline,
    journal::Ticket,
    policy::Permit,
    records::Who,
    report::{Report, Stream},
    request::{self, BadRequest, Form, Key, Request},
    run::{self, Caller, Done, Frames, OutputPlan, Source, Task},
    table::Entry,
};

/// What the head of a request says.
pub(crate) struct Exec {
    content_type: String,
    wanted: Option<Form>,
    key: Result<Option<Key>, BadRequest>,
    who: Who,
}

/// A request that may run.
struct Ready {
    request: Request,
    permit: Permit,
    source: Source,
    form: Option<Form>,
    entry: Arc<Entry>,
}

impl Exec {
    pub(crate) fn of(head: &Head) -> Self {
        let header = |name| head.header(name).unwrap_or_default();
        Self {
            content_type: header("content-type").to_owned(),
            wanted: request::wanted(header("accept")),
            key: head.header("idempotency-key").map(Key::parse).transpose(),
            who: Who {
                name: head.identity().to_owned(),
                from: head.peer().to_owned(),
            },
        }
    }
}

impl Service {
    /// Answers a request to run a command. Takes as long as that does.
    pub(crate) fn exec(&self, head: Exec, body: Body, reply: Reply) {
        let mut caller = Caller::new(reply, self.headers());
        match self.answer(head, body, &mut caller) {
            Ok(answer) => answer.give(caller),
            Err(decline) => self.decline(&decline, caller),
        }
        self.measures.busy(self.gate.counts());
    }

    /// Tells a caller why his request comes to no run.
    pub(crate) fn decline(&self, decline: &Decline, caller: Caller) {
        self.measures.refused(decline.label());
        let retry = decline
            .retry_after()
            .map(|seconds| ("retry-after", seconds));
        caller.answer(
            decline.status(),
            retry.as_slice(),
            decline.body().to_string().as_bytes(),
        );
    }

    fn answer(&self, head: Exec, body: Body, caller: &mut Caller) -> Result<Answer, Decline> {
        let kind = request::Body::of(&head.content_type).ok_or(Decline::ContentType)?;
        let key = head.key?;
        let (mut request, source) = body::read(kind, body, self.settings.max_request.length())?;
        if key.is_some() && source.is_some() {
            // Whether it is the same request could only be said at its end.
            return Err(BadRequest::KeyBeforeLines.into());
        }
        let form = request.form.or(head.wanted);
        let permit = self.permit(&request, &head.who)?;
        let id = self.ids.next();
        // What is known of the key goes before everything that may refuse a run.
        let mut ticket = match &key {
            None => None,
            Some(key) => match self.ask(key, &request, &head.who, &id, caller)? {
                Asked::New(ticket) => Some(ticket),
                Asked::Known(report) => {
                    self.measures.replayed();
                    return Ok(Answer::replayed(report, form));
                }
            },
        };
        let input = std::mem::take(&mut request.input);
        let source = source.unwrap_or(Source::Whole(input));
        let (command, rule) = (&request.command, &permit.name);
        let entry = Entry::new(
            id,
            &head.who.name,
            &head.who.from,
            rule,
            command,
            &request.args,
        );
        self.table.add(&entry);
        let ready = Ready {
            request,
            permit,
            source,
            form,
            entry: Arc::clone(&entry),
        };
        let answer = self.carry_out(ready, &head.who, key.as_ref(), &mut ticket, caller);
        if answer.is_err() {
            self.table.remove(&entry);
            if let Some(ticket) = ticket.take() {
                ticket.release();
            }
        }
        answer
    }

    /// Whether the request may run, and how.
    fn permit(&self, request: &Request, who: &Who) -> Result<Permit, Decline> {
        let permit = self.policy.decide(request, &who.name);
        permit
            .map_err(Decline::from)
            .inspect_err(|decline| self.records.refused(who, request, decline))
    }

    /// Runs the command, in its turn. An error means that it was not started.
    fn carry_out(
        &self,
        ready: Ready,
        who: &Who,
        key: Option<&Key>,
        ticket: &mut Option<Ticket>,
        caller: &mut Caller,
    ) -> Result<Answer, Decline> {
        let Ready {
            request,
            permit,
            source,
            form,
            entry,
        } = ready;
        let keepers = self.keepers()?;
        able(&permit, keepers.abilities())?;
        let is_wanted = |caller: &mut Caller| {
            entry.cancelled().is_none() && !self.is_stopping() && !caller.has_gone()
        };
        let place = self
            .gate
            .enter(permit.rule, self.settings.queue_time, || !is_wanted(caller))?;
        self.measures.busy(self.gate.counts());
        if self.is_stopping() {
            return Err(Decline::Stopping);
        }
        if let Some(ticket) = ticket {
            ticket.write()?;
            // The journal and the audit log become durable side by side.
            self.crew.run_always(Box::new(ticket.syncing()));
        }
        self.records.start(&entry.id, who, &request, &permit, key)?;
        if let Some(Err(error)) = ticket.as_ref().map(Ticket::durable) {
            let decline = Decline::from(error);
            self.records.not_started(&entry.id, who, &decline);
            return Err(decline);
        }
        self.measures.started();
        let is_shared = || ticket.as_ref().is_some_and(Ticket::is_shared);
        let streamed = self
            .settings
            .max_streamed
            .map_or(u64::MAX, gaxx_sdk::Size::bytes);
        let output = OutputPlan {
            kept: if form.is_some() && key.is_none() {
                0
            } else {
                permit.output
            },
            ends: self.settings.end_at_max_output,
            frames: form.map(Frames::new),
            streamed,
        };
        let task = Task {
            entry: &entry,
            order: &permit.order,
            time: permit.time,
            output,
            is_shared: &is_shared,
        };
        let done = run::run(&keepers, &self.crew, task, source, caller);
        drop(place);
        let report = Arc::new(done.report.clone());
        self.table.end(&entry, &report);
        self.measures.ended(&report);
        self.records.end(who, &report);
        if let Some(ticket) = ticket.take() {
            ticket.finish(&report);
        }
        Ok(Answer::of(done, report, form))
    }
}

/// What the kernel cannot give and the policy demands is a refusal.
fn able(permit: &Permit, abilities: crate::keeper::Abilities) -> Result<(), Decline> {
    let order = &permit.order;
    let demands = [
        (
            order.user.is_some(),
            abilities.users,
            "another user",
            "the agent does not run as root",
        ),
        (
            order.landlock.is_some(),
            abilities.landlock,
            "confine.landlock",
            "this kernel has no Landlock, or an old one",
        ),
        (
            order.no_network,
            abilities.no_network,
            "confine.no_network",
            "this kernel cannot filter system calls",
        ),
    ];
    match demands
        .into_iter()
        .find(|(is_demanded, is_there, ..)| *is_demanded && !is_there)
    {
        Some((_, _, what, why)) => Err(Decline::Unable { what, why }),
        None => Ok(()),
    }
}

/// What is left to be said to a caller.
enum Answer {
    /// All of it.
    Whole(Arc<Report>),
    /// The end of what was streamed, or all of it at once.
    Streamed { frames: Frames, last: Vec<u8> },
    /// Nothing: a streamed answer that the caller has not taken is left unfinished.
    Cut,
}

impl Answer {
    fn of(done: Done, report: Arc<Report>, form: Option<Form>) -> Self {
        match (form, done.frames) {
            (None, _) => Self::Whole(report),
            (Some(_), None) => Self::Cut,
            (Some(_), Some(mut frames)) => {
                let mut bare = (*report).clone();
                bare.stdout_truncated = done.cut[Stream::Stdout as usize];
                bare.stderr_truncated = done.cut[Stream::Stderr as usize];
                let last = frames.ended(&bare);
                Self::Streamed { frames, last }
            }
        }
    }

    fn replayed(report: Arc<Report>, form: Option<Form>) -> Self {
        match form {
            None => Self::Whole(report),
            Some(form) => {
                let mut frames = Frames::new(form);
                let last = frames.replay(&report);
                Self::Streamed { frames, last }
            }
        }
    }

    fn give(self, mut caller: Caller) {
        match self {
            Self::Whole(report) => match serde_json::to_vec(&*report) {
                Ok(body) => caller.answer(200, &[], &body),
                // Its numbers are finite and its keys are texts, so that this does not come.
                Err(error) => gaxx_sdk::log::error!("a report cannot be written: {error}"),
            },
            Self::Streamed { frames, last } => {
                if caller.deliver(frames.content_type(), &last)
                    && let Err(error) = caller.finish()
                {
                    gaxx_sdk::log::debug!("the end of an answer was not taken: {error}");
                }
            }
            Self::Cut => drop(caller),
        }
    }
}
