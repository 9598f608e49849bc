//! The paths of an endpoint.

/// A path that an endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) scope: Scope,
    pub(crate) listener: Listener,
    pub(crate) max_body: u64,
}

/// What a caller must be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scope {
    /// Nothing: everyone may call it, also who has not said who he is.
    Open,
    Read,
    Exec,
    Files,
    Tasks,
    Admin,
    Profile,
}

/// Where a route is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// Beside `/metrics`.
    Monitoring,
    /// The agent's API.
    Api,
    /// The profiling port.
    Profiling,
}

impl Route {
    /// A route of this method. `path` is absolute; `*` as the last segment stands for any rest.
    pub const fn new(method: &'static str, path: &'static str) -> Self {
        Self {
            method,
            path,
            scope: Scope::Read,
            listener: Listener::Monitoring,
            max_body: 0,
        }
    }

    /// Answers `GET`, and `HEAD` with it.
    pub const fn get(path: &'static str) -> Self {
        Self::new("GET", path)
    }

    /// Answers `POST`.
    pub const fn post(path: &'static str) -> Self {
        Self::new("POST", path)
    }

    /// What a caller must be allowed to do; without this, to read.
    #[must_use]
    pub const fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Where it is served; without this, beside `/metrics`.
    #[must_use]
    pub const fn on(mut self, listener: Listener) -> Self {
        self.listener = listener;
        self
    }

    /// The largest body it takes, in bytes; without this, the listener's limit.
    #[must_use]
    pub const fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }
}

impl Scope {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Exec => "exec",
            Self::Files => "files",
            Self::Tasks => "tasks",
            Self::Admin => "admin",
            Self::Profile => "profile",
        }
    }
}

impl Listener {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Monitoring => "monitoring",
            Self::Api => "api",
            Self::Profiling => "profiling",
        }
    }
}
