//! The profiles that the host of a test gives.

use gaxx_abi::host::profile;
use serde_json::{Value, json};

use crate::{Error, ErrorKind, Result};

/// Orders that are kept: a component that runs for long does not fill the memory.
const MOST_ORDERS: usize = 10_000;

/// What was ordered of the host, and what is under way.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    /// Each order as it came, the first [`MOST_ORDERS`] of them.
    pub(super) ordered: Vec<Value>,
    taken: usize,
    sessions: u64,
    sampling: Option<(u64, Vec<u8>)>,
}

impl Profiles {
    /// Carries out an order as gaxx-mon does: one session at a time, ended by its number. Each
    /// profile is the next of `given`, the last one once they are spent.
    pub(super) fn carry_out(&mut self, order: &str, given: &[Result<Vec<u8>>]) -> Result<Vec<u8>> {
        let order: Value = serde_json::from_str(order)?;
        if self.ordered.len() < MOST_ORDERS {
            self.ordered.push(order.clone());
        }
        let number = |word| order.get(word).and_then(Value::as_u64);
        if let Some(session) = number(profile::FINISH) {
            self.end(session)
        } else if let Some(session) = number(profile::CANCEL) {
            self.end(session).map(|_| b"{}".to_vec())
        } else if order.get(profile::HEAP).is_some() {
            self.next(given)
        } else if order.get(profile::CPU).is_some() {
            self.begin(given)
        } else {
            let message = format!("{order} is no order of a profile");
            Err(Error::permanent(message))
        }
    }

    fn begin(&mut self, given: &[Result<Vec<u8>>]) -> Result<Vec<u8>> {
        if self.sampling.is_some() {
            let message = "the test's host takes a CPU profile already";
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let profile = self.next(given)?;
        self.sessions += 1;
        self.sampling = Some((self.sessions, profile));
        Ok(json!({ "session": self.sessions }).to_string().into())
    }

    fn next(&mut self, given: &[Result<Vec<u8>>]) -> Result<Vec<u8>> {
        let profile = given.get(self.taken).or(given.last()).cloned();
        self.taken += 1;
        profile.unwrap_or_else(|| {
            Err(
                Error::new(ErrorKind::Refused, "a unit test has no profile to give")
                    .remedy("name one with `Conditions::profile`"),
            )
        })
    }

    fn end(&mut self, session: u64) -> Result<Vec<u8>> {
        let own = self.sampling.take_if(|(number, _)| *number == session);
        let unknown = || Error::new(ErrorKind::Unknown, format!("no session {session}"));
        own.map(|(_, profile)| profile).ok_or_else(unknown)
    }
}
