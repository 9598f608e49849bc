//! Futures that note when they run.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::registry::Entry;

pin_project! {
    /// A future that notes when it runs.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Recorded<F> {
        // Dropped first: while it ends it is still there.
        #[pin]
        future: F,
        entry: Entry,
    }
}

impl<F> Recorded<F> {
    pub(super) fn new(future: F, entry: Entry) -> Self {
        Self { future, entry }
    }
}

impl<F: Future> Future for Recorded<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _running = this.entry.run();
        this.future.poll(context)
    }
}
