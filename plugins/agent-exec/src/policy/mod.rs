//! What may run: the rules of the configuration, made ready, and the decision on a request.

mod check;
mod environment;
mod interpreters;
mod pattern;
mod program;
mod refusal;
mod rule;
#[cfg(test)]
mod tests;
mod users;

use std::{path::PathBuf, time::Duration};

pub(crate) use program::ProgramError;
pub(crate) use refusal::{Reason, Refusal};

use self::{interpreters::Interpreters, rule::Rule, users::Users};
use crate::{
    keeper::Order,
    request::Request,
    settings::{Allow, Settings},
};

/// The name under which commands run that `allow: any` lets through.
pub(crate) const ANY: &str = "any";

/// What may run on this node.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) allow: Allow,
    rules: Vec<Rule>,
    /// With `allow: any`: what holds for all.
    any: Rule,
    path: Vec<PathBuf>,
    interpreters: Interpreters,
    users: Users,
}

/// A request that may run, and how.
#[derive(Debug)]
pub(crate) struct Permit {
    /// The number of its rule among all.
    pub(crate) rule: usize,
    /// The rule's name.
    pub(crate) name: String,
    pub(crate) order: Order,
    /// Whom it runs as, by name.
    pub(crate) user: String,
    pub(crate) time: Duration,
    /// Bytes of each stream that are kept.
    pub(crate) output: usize,
}

impl Policy {
    /// Makes the rules ready. Fails where one can never be what its author wanted.
    pub(crate) fn new(settings: &Settings) -> gaxx_sdk::Result<Self> {
        check::settings(settings)?;
        let rules = settings.rules.iter().enumerate();
        Ok(Self {
            allow: settings.allow,
            rules: rules
                .map(|(at, rule)| Rule::new(at, rule, settings))
                .collect::<gaxx_sdk::Result<_>>()?,
            any: Rule::any(settings)?,
            path: settings.path.clone(),
            interpreters: Interpreters::new(settings.path.clone()),
            users: Users::system(),
        })
    }

    /// How many of each rule's commands may run at once; the last is that of `allow: any`.
    pub(crate) fn concurrent(&self) -> Vec<usize> {
        let all = self.rules.iter().chain([&self.any]);
        all.map(|rule| rule.concurrent).collect()
    }

    /// Decides whether a caller's request may run. What is allowed is made into an order on the
    /// way, so that what was looked at is what runs.
    pub(crate) fn decide(&self, request: &Request, caller: &str) -> Result<Permit, Refusal> {
        if self.allow == Allow::Nothing {
            return Err(Refusal::nothing_runs(&request.command));
        }
        let found = program::find(&request.command, &self.path)
            .map_err(|error| Refusal::program(&request.command, &error))?;
        if self.allow == Allow::Any {
            return self.any.permit(self.rules.len(), request, &found, self);
        }
        let mut nearest: Option<Refusal> = None;
        for (at, rule) in self.rules.iter().enumerate() {
            match self.examine(at, rule, request, &found, caller) {
                Ok(permit) => return Ok(permit),
                Err(refusal)
                    if nearest
                        .as_ref()
                        .is_none_or(|near| refusal.reason > near.reason) =>
                {
                    nearest = Some(refusal);
                }
                Err(_) => {}
            }
        }
        let interpreter = self.interpreters.is_one(&found.resolved, found.identity);
        Err(nearest
            .filter(|refusal| refusal.reason > Reason::Program)
            .unwrap_or_else(|| Refusal::no_rule(&found.resolved, &request.args, interpreter)))
    }

    fn examine(
        &self,
        at: usize,
        rule: &Rule,
        request: &Request,
        found: &program::Found,
        caller: &str,
    ) -> Result<Permit, Refusal> {
        if !rule.program.is(found) {
            return Err(Refusal::other_program(&rule.name));
        }
        if !rule.interpreter && self.interpreters.is_one(&found.resolved, found.identity) {
            return Err(Refusal::interpreter(&rule.name, &found.resolved));
        }
        if !rule.callers.is_empty() && !rule.callers.iter().any(|name| name == caller) {
            return Err(Refusal::caller(&rule.name, caller));
        }
        rule.permit(at, request, found, self)
    }

    /// The folders in which programs are looked for, as a PATH.
    fn path_text(&self) -> String {
        let folders: Vec<_> = self
            .path
            .iter()
            .map(|folder| folder.to_string_lossy())
            .collect();
        folders.join(":")
    }
}
