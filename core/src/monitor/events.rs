//! The stream of states that an open dashboard follows.

use std::{sync::Arc, time::Duration};

use futures_util::Stream;
use tokio::{sync::mpsc, time::MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;

use super::Monitor;
use crate::task;

/// From one state to the next.
const INTERVAL: Duration = Duration::from_secs(2);

/// A state of the monitor, as JSON.
pub type Event = String;

impl Monitor {
    /// A state at once, and then every two seconds; nothing where too many dashboards are open.
    pub fn events(self: &Arc<Self>) -> Option<impl Stream<Item = Event> + Send + Sync + use<>> {
        let page = self.open_page()?;
        let (sender, receiver) = mpsc::channel(1);
        task::spawn("events", async move {
            let mut ticks = tokio::time::interval(INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    // The page was closed.
                    () = sender.closed() => return,
                }
                let state = page.monitor().state();
                if sender.send(state).await.is_err() {
                    return;
                }
            }
        });
        Some(ReceiverStream::new(receiver))
    }
}
