//! What this program is run as.

/// What this program is run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The main application, which monitors and serves.
    Main,
    /// The agent of a node, which also does what its policy allows.
    Agent,
}

impl Role {
    /// As labels, pages and plugins have it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Agent => "agent",
        }
    }
}
