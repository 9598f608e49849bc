//! Who sent a request.

use super::{Scope, Scopes};

/// Who sent a request, and what he may do. The listener puts it into the extensions of every
/// request; a route reads it with `warp::ext::get::<Caller>()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of his token, his user name, or the name in his certificate; empty for one who
    /// has not said who he is.
    pub name: String,
    /// What he may do.
    pub scopes: Scopes,
    /// How he has shown who he is.
    pub proof: Proof,
}

/// How a caller has shown who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Not at all.
    Nobody,
    /// By a bearer token.
    Token,
    /// By user name and password.
    Basic,
    /// By a certificate of his own in TLS.
    Certificate,
}

impl Proof {
    /// The proof as one word, for records.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Token => "token",
            Self::Basic => "basic",
            Self::Certificate => "certificate",
        }
    }
}

impl Caller {
    /// A caller who has not said who he is, where such callers may do this.
    pub const fn nobody(scopes: Scopes) -> Self {
        Self {
            name: String::new(),
            scopes,
            proof: Proof::Nobody,
        }
    }

    /// Whether he may use a route that asks for this scope.
    pub const fn may(&self, scope: Scope) -> bool {
        self.scopes.contain(scope)
    }
}
