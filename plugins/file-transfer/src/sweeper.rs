//! What is done from time to time: interrupted uploads that nobody resumes are removed, and roots
//! with a quota are counted.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use gaxx_sdk::prelude::*;

use crate::{root::Root, service::Service};

/// The longest time between two looks.
const LONGEST: Duration = Duration::from_mins(10);
/// The shortest, also while a root could not be counted.
const SHORTEST: Duration = Duration::from_secs(1);

/// Does what is to be done from time to time.
#[derive(Debug)]
pub(crate) struct Sweeper {
    service: Arc<Service>,
    lifetime: Duration,
    stopped: Mutex<bool>,
    wake: Condvar,
}

impl Sweeper {
    pub(crate) fn new(service: Arc<Service>, lifetime: Duration) -> Self {
        Self {
            service,
            lifetime,
            stopped: Mutex::new(false),
            wake: Condvar::new(),
        }
    }

    /// Whether there is anything to look after.
    pub(crate) fn has_work(&self) -> bool {
        let mut roots = self.service.roots.values();
        roots.any(|root| root.partials().is_some())
    }

    /// Looks after the roots until it is stopped.
    pub(crate) fn run(&self) {
        let pause = (self.lifetime / 4).clamp(SHORTEST, LONGEST);
        loop {
            let all_known = self.look();
            let pause = if all_known { pause } else { SHORTEST };
            let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self
                .wake
                .wait_timeout_while(stopped, pause, |stopped| !*stopped);
            let (stopped, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if *stopped {
                return;
            }
        }
    }

    pub(crate) fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at each root; answers whether the use of each quota is known.
    fn look(&self) -> bool {
        let mut left = 0;
        let mut all_known = true;
        for root in self.service.roots.values() {
            left += self.sweep(root);
            all_known &= self.count(root);
        }
        self.service.instruments.partials.set(left as f64);
        all_known
    }

    fn sweep(&self, root: &Root) -> usize {
        let Some(partials) = root.partials() else {
            return 0;
        };
        match partials.sweep(self.lifetime) {
            Ok(swept) => {
                if swept.count > 0 {
                    info!(
                        "{}: {} interrupted uploads of {} bytes were removed",
                        root.name, swept.count, swept.bytes
                    );
                }
                self.service.instruments.swept(swept.count);
                root.usage.removed(swept.bytes);
                swept.left
            }
            Err(refusal) => {
                warn!(
                    "{}: interrupted uploads cannot be removed: {}",
                    root.name, refusal.message
                );
                0
            }
        }
    }

    /// Counts a root that has a quota; answers whether its use is known.
    fn count(&self, root: &Root) -> bool {
        if root.usage.quota().is_none() {
            return true;
        }
        let counted = root.usage.recount(|| root.count(|| self.is_stopped()));
        if let Err(refusal) = counted
            && !self.is_stopped()
        {
            warn!(
                "{}: the files cannot be counted: {}",
                root.name, refusal.message
            );
        }
        let used = root.usage.used();
        if let Some(used) = used {
            self.service
                .instruments
                .used
                .with([&root.name])
                .set(used as f64);
        }
        used.is_some()
    }
}
