//! How many dashboards are open: collectors run more often while one is.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::Monitor;

/// How many dashboards may be open at once; each costs a connection and a message every 2 s.
const MOST: usize = 64;

/// How many dashboards are open.
#[derive(Debug, Default)]
pub(super) struct Pages(AtomicUsize);

/// A dashboard that is open until this is dropped.
pub struct OpenPage(Arc<Monitor>);

impl Pages {
    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

impl Monitor {
    /// Notes that a dashboard was opened; nothing if too many are.
    pub fn open_page(self: &Arc<Self>) -> Option<OpenPage> {
        let more = |open| (open < MOST).then_some(open + 1);
        let count = &self.pages.0;
        let before = count
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .ok()?;
        if before == 0 {
            self.changed.notify_one();
        }
        Some(OpenPage(Arc::clone(self)))
    }
}

impl OpenPage {
    /// What it shows.
    pub fn monitor(&self) -> &Arc<Monitor> {
        &self.0
    }
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        self.0.pages.0.fetch_sub(1, Ordering::AcqRel);
    }
}
