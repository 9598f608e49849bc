//! Profiles of the process, and of the processes of plugins.

use std::time::Duration;

use gaxx_abi::host::profile;
use serde_json::{Value, json};

use crate::{Deadline, Error, Host, Result, error::answer};

/// How long ending a session without a profile may take.
const CANCEL: Duration = Duration::from_secs(1);

/// A CPU profile that is being taken; dropping it gives it up.
#[derive(Debug)]
pub struct CpuProfile {
    host: Host,
    session: Option<u64>,
}

impl Host {
    /// Begins to sample who uses the CPU, so many times in a second of CPU time, for at most this
    /// long: of the process, or of a plugin that has one of its own.
    ///
    /// # Errors
    ///
    /// Of kind [`Limit`](crate::ErrorKind::Limit) while another such profile is taken,
    /// [`Unknown`](crate::ErrorKind::Unknown) where there is no such plugin,
    /// [`Refused`](crate::ErrorKind::Refused) where it has no process of its own, or from a host
    /// older than ABI 1.3.
    pub fn cpu_profile(
        &self,
        hertz: u32,
        at_most: Duration,
        plugin: Option<&str>,
        deadline: Deadline,
    ) -> Result<CpuProfile> {
        let plugin = plugin.unwrap_or_default();
        let seconds = at_most.as_secs().max(1);
        let what = json!({ "hertz": hertz, "seconds": seconds, "plugin": plugin });
        let told = self.profile(profile::CPU, &what, deadline)?;
        let told: Value = serde_json::from_slice(&told)?;
        let session = told.get("session").and_then(Value::as_u64);
        let session = session.ok_or_else(|| Error::permanent("the host names no session"))?;
        Ok(CpuProfile {
            host: self.clone(),
            session: Some(session),
        })
    }

    /// What is allocated now and what has been, by stack: of the process, or of a plugin that has
    /// one of its own. A gzip-compressed pprof profile whose locations are addresses.
    pub fn heap_profile(&self, plugin: Option<&str>, deadline: Deadline) -> Result<Vec<u8>> {
        let what = json!({ "plugin": plugin.unwrap_or_default() });
        self.profile(profile::HEAP, &what, deadline)
    }

    fn profile(&self, order: &str, what: &Value, deadline: Deadline) -> Result<Vec<u8>> {
        let order = json!({ order: what }).to_string();
        let told = self.0.profile(order.as_str().into(), deadline.as_nanos());
        Ok(answer(told)?.into())
    }
}

impl CpuProfile {
    /// Ends it; answers a gzip-compressed pprof profile whose locations are addresses.
    pub fn finish(mut self, deadline: Deadline) -> Result<Vec<u8>> {
        let session = self.session.take();
        self.host
            .profile(profile::FINISH, &json!(session), deadline)
    }
}

impl Drop for CpuProfile {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // A host that has gone has given it up.
            let _ = self
                .host
                .profile(profile::CANCEL, &json!(session), Deadline::after(CANCEL));
        }
    }
}
