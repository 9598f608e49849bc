//! A receiver that reads what it is sent.

use gaxx_sdk::testing;

use super::message::WriteRequest;

/// A receiver that answers as it is told, as long as it is not dropped.
pub(super) struct Receiver(testing::Receiver);

/// A request that came, and how it was answered.
pub(super) struct Taken {
    /// The head, in lower case.
    pub(super) head: String,
    pub(super) request: WriteRequest,
    pub(super) status: u16,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self(testing::Receiver::new(204))
    }

    pub(super) fn url(&self) -> String {
        format!("{}/api/v1/write", self.0.url())
    }

    /// What the next requests are answered.
    pub(super) fn answer(&self, answers: &[u16]) {
        for status in answers {
            self.0.answer(*status, &[]);
        }
    }

    /// The requests since it was asked before.
    pub(super) fn taken(&self) -> Vec<Taken> {
        let read = |taken: testing::Received| Taken {
            head: taken.head,
            request: WriteRequest::read(&taken.body),
            status: taken.status,
        };
        self.0.taken().into_iter().map(read).collect()
    }
}
