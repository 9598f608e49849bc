//! What a listener is started with.

use std::sync::Arc;

use super::{HostGuard, Limits, Observer};
use crate::security::{Access, ServerTls};

/// What a listener is started with, beside its routes.
pub struct Setup {
    /// What it grants its clients.
    pub limits: Limits,
    /// Which hosts and origins its requests may name.
    pub guard: HostGuard,
    /// Who is told what happens.
    pub observer: Arc<dyn Observer>,
    /// Who callers are, and what they may do who do not say it.
    pub access: Arc<Access>,
    /// Speaks TLS and nothing else, where there is one.
    pub tls: Option<Arc<ServerTls>>,
}
