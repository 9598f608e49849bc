//! How far a batch has got that becomes several requests.

use gaxx_sdk::{Batch, Error, ErrorKind, Result};

/// How far a batch has got that becomes several requests: it comes again whole, and what the receiver
/// has taken or refused for good is not to be sent again.
#[derive(Debug, Default)]
pub struct Progress {
    /// The batch's time and generation.
    batch: (u64, u64),
    /// How many of its requests are settled.
    settled: usize,
    /// How many there have been in this call.
    number: usize,
    /// Why the first of those that were refused was.
    refused: Option<Error>,
}

impl Progress {
    /// A batch begins, or goes on.
    pub fn begin(&mut self, batch: &Batch<'_>) {
        let identity = (batch.unix_nanos(), batch.generation());
        if self.batch != identity {
            *self = Self {
                batch: identity,
                ..Self::default()
            };
        }
        self.number = 0;
    }

    /// The next request of the batch: `send` is called unless it is settled. One that is refused for
    /// good does not keep the others, which may be better.
    ///
    /// # Errors
    ///
    /// That of `send`, if it passes: the batch is to come again.
    pub fn step(&mut self, send: impl FnOnce() -> Result<()>) -> Result<()> {
        self.number += 1;
        if self.number > self.settled {
            match send() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Permanent => {
                    self.refused.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
            self.settled = self.number;
        }
        Ok(())
    }

    /// All requests of the batch are settled.
    ///
    /// # Errors
    ///
    /// Why the first was refused, if one was.
    pub fn finish(&mut self) -> Result<()> {
        std::mem::take(self).refused.map_or(Ok(()), Err)
    }
}
