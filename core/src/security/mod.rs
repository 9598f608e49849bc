//! Who may do what at the listeners: TLS, tokens, passwords, scopes.
//!
//! ```text
//! connection ── tls ── certificate ┐
//! request ───── authorization ─────┴ access ── caller ── scope of the route
//!                                      └ tokens, web configuration, limiter of failed logins
//! ```
//!
//! Nothing here speaks HTTP: the listeners ask, and answer with what they are told.

mod access;
mod authorization;
mod caller;
mod certificate;
mod denial;
mod error;
mod expiry;
mod limiter;
mod passwords;
mod scope;
mod secret_file;
mod settings;
mod stamp;
mod tls;
mod token;
pub mod token_file;
mod web_config;

pub use access::{Access, AccessBuilder};
pub use caller::{Caller, Proof};
pub use certificate::Certificate;
pub use denial::Denial;
pub use error::SecurityError;
pub use expiry::Expiry;
pub use limiter::Limiter;
pub use scope::{Scope, Scopes, UnknownScope};
pub use settings::{Fault, check};
pub use tls::{ClientTls, ClientTlsFiles, HandshakeError, ServerTls};
pub use token::{Token, TokenHash};
pub use web_config::WebConfig;
